use std::fmt;
use std::future::Future;
use std::sync::Arc;

use mtaio_runtime::{DynRuntime, JoinError, NewTask, Runtime, Task, TaskName};

use super::calls::Calls;
use super::error::RunError;
use super::gather::Gather;
use super::inline::Inline;
use super::launch::{Tasks, Tracked};
use super::registry::Registry;
use super::run::Run;
use super::shutdown::{self, Drain, ShutdownReport};
use crate::callback::Callback;
use crate::config::ConfigError;
use crate::queue::Permits;

/// Runs futures as tasks of a runtime, in parallel, and owns them: they end with it.
///
/// Clones share the tasks and the limit. When the last clone is dropped, all tasks are cancelled;
/// after an awaited [`shutdown`](Self::shutdown) none is left.
///
/// [`inline`](Self::inline) gives the same methods polled in place, for futures that borrow.
///
/// # Examples
///
/// ```
/// use mtaio::TaskExecutor;
/// use mtaio::executor::GatherError;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let executor = TaskExecutor::new(&rt).limit(8)?;
///
/// let lengths = executor
///     .map(["one", "three"], async |word: &str| Ok::<_, String>(word.len()))
///     .await;
/// assert_eq!(lengths.unwrap(), [3, 5]);
///
/// let failed = executor
///     .map([2, 0, 1], async |n: u32| 6_u32.checked_div(n).ok_or("division by zero"))
///     .await;
/// assert!(matches!(failed, Err(GatherError::Failed { index: 1, error: "division by zero" })));
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub struct TaskExecutor<R: Runtime = DynRuntime> {
    rt: R,
    owner: Arc<Owner>,
}

/// Ends with the last clone of an executor.
struct Owner {
    registry: Arc<Registry>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.registry.close();
        self.registry.abort_all();
    }
}

impl TaskExecutor {
    /// An executor that does not show the runtime in its type, without a limit.
    pub fn new<R: Runtime>(rt: &R) -> Self {
        Self::with_runtime(&DynRuntime::new(rt))
    }
}

impl<R: Runtime> TaskExecutor<R> {
    /// An executor on a runtime of known type, without a limit.
    pub fn with_runtime(rt: &R) -> Self {
        Self::with_permits(rt.clone(), None)
    }

    fn with_permits(rt: R, permits: Option<Arc<Permits>>) -> Self {
        Self { rt, owner: Arc::new(Owner { registry: Registry::new(permits) }) }
    }

    /// An executor that runs at most `limit` pieces of work at once, over all methods and clones;
    /// the others wait their turn, in the order of asking. It starts afresh: set the limit first.
    ///
    /// Work that waits for other work of the same executor holds its permit meanwhile: with such
    /// nesting give the inner work an executor of its own, or it may wait for itself.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `limit` is zero.
    pub fn limit(self, limit: usize) -> Result<Self, ConfigError> {
        if limit == 0 {
            return Err(ConfigError::new("limit", "0", "1 or more"));
        }
        Ok(Self::with_permits(self.rt.clone(), Some(Permits::new(limit))))
    }

    /// Runs `future` as a task and answers what it returns; a panic is an error.
    ///
    /// Nothing happens before the first poll. [`timeout`](Run::timeout) gives it an end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the task.
    #[track_caller]
    pub fn run<F>(&self, future: F) -> Run<F, Tasks<R>, R>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        Run::new(&self.rt, self.launch(TaskName::caller()), future)
    }

    /// Starts `future` as a task. It also waits for its turn as one, so this never blocks.
    ///
    /// A task that is detached still belongs to the executor. After a shutdown the task answers
    /// [`JoinError::Cancelled`].
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.spawn_named(TaskName::caller(), future)
    }

    /// As [`spawn`](Self::spawn), with a name for diagnoses.
    pub fn spawn_named<F>(&self, name: impl Into<TaskName>, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let task = NewTask::new(name);
        match self.registry().register(task.abort_handle()) {
            Some(registration) => {
                let turn = self.permits().map(|permits| permits.acquire());
                task.spawn(&self.rt, Tracked::new(future, turn, registration))
            }
            None => task.end(Err(JoinError::Cancelled)),
        }
    }

    /// Runs every future as a task of its own and answers all that they return, in their order.
    ///
    /// The first error cancels the rest, waits for their end, and is the answer:
    /// [`GatherError`](super::GatherError). [`settle`](Gather::settle) runs them all and answers
    /// each result; [`unordered`](Gather::unordered) answers in the order in which they end.
    ///
    /// A future is taken from `futures` when there is room for it: with a limit of n, n of them
    /// exist as tasks.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels all tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio::TaskExecutor;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let executor = TaskExecutor::new(&rt);
    /// let halves = [4, 6].map(|n: u32| async move { Ok::<_, String>(n / 2) });
    /// assert_eq!(executor.gather(halves).await.unwrap(), [2, 3]);
    ///
    /// let words = ["a", "b"].map(|word| async move { word.to_owned() });
    /// let settled = executor.gather(words).settle().await;
    /// assert!(matches!(&settled[1], Ok(word) if word == "b"));
    /// # });
    /// ```
    #[track_caller]
    pub fn gather<I>(&self, futures: I) -> Gather<I::IntoIter, Tasks<R>>
    where
        I: IntoIterator<Item: Future<Output: Send + 'static> + Send + 'static>,
    {
        Gather::new(futures.into_iter(), self.launch(TaskName::caller()))
    }

    /// Calls `f` with each item, each call as a task of its own, and answers all that they return,
    /// in the order of the items. See [`gather`](Self::gather).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels all tasks.
    #[track_caller]
    pub fn map<I, F>(&self, items: I, f: F) -> Gather<Calls<I::IntoIter, F>, Tasks<R>>
    where
        I: IntoIterator,
        F: Callback<I::Item, Future: Send + 'static, Output: Send + 'static>,
    {
        let calls = Calls::new(items.into_iter(), f);
        Gather::new(calls, self.launch(TaskName::caller()))
    }

    /// The same methods polled in place, by whoever awaits them: futures may borrow and need not
    /// be `Send`, and cost no task each, but they share one task and so don't run in parallel.
    /// They count against the limit; `cancel_all` and `shutdown` don't reach them.
    pub fn inline(&self) -> Inline<R> {
        Inline::new(self.rt.clone(), self.permits().cloned())
    }

    /// Runs `job` where it may block its thread and answers what it returns; a panic is an error.
    ///
    /// # Errors
    ///
    /// [`RunError`] if it did not run to its end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels a job that has not begun; one that has runs to its end, and
    /// its result is dropped.
    pub async fn run_in_thread<T, F>(&self, job: F) -> Result<T, RunError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let name = TaskName::caller();
        let permit = match self.permits() {
            Some(permits) => Some(permits.acquire().await),
            None => None,
        };
        let task = NewTask::new(name);
        let registration = self.registry().register(task.abort_handle()).ok_or(RunError::Closed)?;
        let task = task.unblock(&self.rt, move || {
            let _until_the_end = (permit, registration);
            job()
        });
        Ok(task.await?)
    }

    /// Cancels every task that lives now, waiting ones too, and answers how many they are. They
    /// end at their next poll; new work is taken as before.
    pub fn cancel_all(&self) -> usize {
        self.registry().abort_all()
    }

    /// Takes no more work, lets what runs run for a while, cancels the rest, and tells what became
    /// of all. When it answers, nothing runs but what the report calls stuck.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the executor closed and its tasks as they are; it can be called
    /// again.
    pub async fn shutdown(&self, drain: Drain) -> ShutdownReport {
        shutdown::shutdown(&self.rt, self.registry(), drain).await
    }

    /// How much work there was and is.
    pub fn stats(&self) -> ExecutorStats {
        let (live, started) = (self.registry().live(), self.registry().started());
        ExecutorStats { started, live }
    }

    pub(super) fn permits(&self) -> Option<&Arc<Permits>> {
        self.registry().permits()
    }

    /// Starts a task that has its permit and gives it back; `None` when no more are taken.
    pub(super) fn start<F>(&self, name: TaskName, future: F) -> Option<Task<F::Output>>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let task = NewTask::new(name);
        let Some(mut registration) = self.registry().register(task.abort_handle()) else {
            if let Some(permits) = self.permits() {
                permits.release();
            }
            return None;
        };
        registration.hold_permit();
        Some(task.spawn(&self.rt, Tracked::new(future, None, registration)))
    }

    fn launch(&self, name: TaskName) -> Tasks<R> {
        Tasks::new(self.clone(), name)
    }

    fn registry(&self) -> &Arc<Registry> {
        &self.owner.registry
    }
}

/// A snapshot of an executor's work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecutorStats {
    /// How many tasks were started, waiting ones included.
    pub started: u64,
    /// How many of them have not ended.
    pub live: usize,
}

impl<R: Runtime> Clone for TaskExecutor<R> {
    fn clone(&self) -> Self {
        Self { rt: self.rt.clone(), owner: Arc::clone(&self.owner) }
    }
}

impl<R: Runtime> fmt::Debug for TaskExecutor<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskExecutor").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
