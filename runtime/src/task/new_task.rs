use std::fmt;
use std::future::Future;

use triomphe::Arc;

use super::cell::Cell;
use super::handle::{AbortHandle, Task};
use super::job::Job;
use super::work::Work;
use crate::{Runtime, TaskName};

/// A task before it runs: for owners that list what they are about to start.
///
/// # Examples
///
/// ```
/// use std::sync::Mutex;
/// use mtaio_runtime::{AbortHandle, NewTask, Runtime, Task};
///
/// fn spawn_listed<R: Runtime>(rt: &R, list: &Mutex<Vec<AbortHandle>>) -> Task<u32> {
///     let task = NewTask::new("listed");
///     list.lock().unwrap().push(task.abort_handle());
///     task.spawn(rt, async { 42 })
/// }
/// ```
#[must_use = "a new task does nothing before it is spawned"]
pub struct NewTask<T> {
    name: TaskName,
    cell: Arc<Cell<T>>,
}

impl<T: Send + 'static> NewTask<T> {
    /// A task that is called `name` in diagnoses.
    #[inline]
    pub fn new(name: impl Into<TaskName>) -> Self {
        Self { name: name.into(), cell: Arc::new(Cell::new()) }
    }

    /// A handle that aborts the task, also before it runs.
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle::new(self.name.clone(), Arc::clone(&self.cell))
    }

    /// Runs `future` as this task. See [`RuntimeExt::spawn`](crate::RuntimeExt::spawn).
    #[inline]
    pub fn spawn<R, F>(self, rt: &R, future: F) -> Task<T>
    where
        R: Runtime,
        F: Future<Output = T> + Send + 'static,
    {
        let work = Work::new(future, Arc::clone(&self.cell));
        rt.spawn_detached(self.name.clone(), work);
        Task::new(self.name, self.cell)
    }

    /// Runs `job` as this task. See [`RuntimeExt::unblock`](crate::RuntimeExt::unblock).
    pub fn unblock<R, F>(self, rt: &R, job: F) -> Task<T>
    where
        R: Runtime,
        F: FnOnce() -> T + Send + 'static,
    {
        let job = Job::new(job, Arc::clone(&self.cell));
        rt.spawn_blocking(Box::new(move || job.run()));
        Task::new(self.name, self.cell)
    }

    /// Does not run, and answers `result`: for owners that take no more.
    pub fn end(self, result: Result<T, super::JoinError>) -> Task<T> {
        Cell::finish(Arc::clone(&self.cell), result);
        Task::new(self.name, self.cell)
    }
}

impl<T> fmt::Debug for NewTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewTask").field("name", &self.name).finish_non_exhaustive()
    }
}
