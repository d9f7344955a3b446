//! The task: one implementation for every runtime, over `spawn_detached` alone, so that dropping,
//! detaching, aborting, panicking and losing the runtime can't differ between them.

mod cell;
mod error;
mod handle;
mod job;
mod work;
mod yield_now;

use std::future::Future;
use std::sync::Arc;

use self::cell::Cell;
pub use self::error::{JoinError, Panic};
pub use self::handle::{AbortHandle, Task};
use self::job::Job;
use self::work::Work;
pub use self::yield_now::YieldNow;
use crate::TaskName;

/// The future that a runtime is to run for `future`, and the task that waits for it.
pub(crate) fn prepare<F>(name: TaskName, future: F) -> (Work<F>, Task<F::Output>)
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let cell = Arc::new(Cell::new());
    (Work::new(future, Arc::clone(&cell)), Task::new(name, cell))
}

/// The job that a runtime is to run for `job`, and the task that waits for it.
pub(crate) fn prepare_job<T, F>(name: TaskName, job: F) -> (impl FnOnce() + Send, Task<T>)
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let cell = Arc::new(Cell::new());
    let job = Job::new(job, Arc::clone(&cell));
    (move || job.run(), Task::new(name, cell))
}
