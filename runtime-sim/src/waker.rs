use std::sync::Arc;
use std::task::Wake;

use crate::shared::Shared;
use crate::tasks::TaskId;

/// Makes one task runnable, for as long as it is the task's present waker. It keeps the
/// simulation's state, but none of its tasks: these are gone when the run is over, whoever still
/// holds a waker.
pub(crate) struct TaskWaker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: TaskId,
    /// The number of it among the task's wakers.
    pub(crate) serial: u64,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.shared.wake(self.id, self.serial);
    }
}
