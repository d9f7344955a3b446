use std::sync::Arc;
use std::task::{Wake, Waker};

use crate::shared::Shared;
use crate::tasks::TaskId;

/// Makes one task runnable. It keeps the simulation's state, but none of its tasks: these are gone
/// when the run is over, whoever still holds a waker.
pub(crate) struct TaskWaker {
    shared: Arc<Shared>,
    id: TaskId,
}

impl TaskWaker {
    pub(crate) fn waker(shared: &Arc<Shared>, id: TaskId) -> Waker {
        Arc::new(Self { shared: Arc::clone(shared), id }).into()
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.shared.lock().tasks.wake(self.id);
    }
}
