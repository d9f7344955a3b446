use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Wake;

use crate::shared::Shared;
use crate::tasks::TaskId;

/// Makes one task runnable, for as long as it is the task's present waker. It keeps the
/// simulation's state, but none of its tasks: these are gone when the run is over, whoever still
/// holds a waker.
pub(crate) struct TaskWaker {
    shared: Arc<Shared>,
    id: TaskId,
    /// The number of it among the task's wakers. It changes while nobody else has the waker.
    serial: AtomicU64,
}

/// A task's present waker, and the one before it, which will serve again when nobody keeps it any
/// more.
pub(crate) struct Wakers {
    pub(crate) present: Arc<TaskWaker>,
    spare: Option<Arc<TaskWaker>>,
}

impl Wakers {
    pub(crate) fn new(shared: &Arc<Shared>, id: TaskId) -> Self {
        Self { present: TaskWaker::new(shared, id, 0), spare: None }
    }

    /// Whether anybody keeps the present waker.
    pub(crate) fn is_kept(&self) -> bool {
        Arc::strong_count(&self.present) > 1
    }

    /// Takes another waker in place of the present one.
    pub(crate) fn replace(&mut self, serial: u64) {
        let unused = self.spare.take_if(|spare| Arc::strong_count(spare) == 1);
        let next = match unused {
            Some(spare) => {
                spare.serial.store(serial, Ordering::Relaxed);
                spare
            }
            None => TaskWaker::new(&self.present.shared, self.present.id, serial),
        };
        self.spare = Some(mem::replace(&mut self.present, next));
    }
}

impl TaskWaker {
    fn new(shared: &Arc<Shared>, id: TaskId, serial: u64) -> Arc<Self> {
        Arc::new(Self { shared: Arc::clone(shared), id, serial: AtomicU64::new(serial) })
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.shared.wake(self.id, self.serial.load(Ordering::Relaxed));
    }
}
