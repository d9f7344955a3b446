use std::fmt;
use std::future::Future;
use std::time::Duration;

use mtaio_runtime::{DynRuntime, JoinError, Runtime, RuntimeExt, Task};
use thiserror::Error;

use super::deadline::Deadline;
use super::elapsed::Elapsed;
use crate::config::{ConfigError, check_period};
use crate::retryable::Retryable;

/// Several tasks under one deadline. Those that are not done by then are cancelled; dropping the
/// group cancels all.
///
/// The time counts from where the group is made. The tasks inherit the deadline, so their waits end
/// with it too. Where the deadline of the surroundings is earlier, it holds.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::RuntimeExt;
/// use mtaio::time::TimeoutGroup;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let mut group = TimeoutGroup::new(&rt, Duration::from_millis(100))?;
/// for time in [20, 50, 300] {
///     let inner = rt.clone();
///     group.spawn(async move {
///         inner.sleep(Duration::from_millis(time)).await;
///         time
///     });
/// }
/// let results = group.join().await;
/// assert!(matches!(results[..2], [Ok(20), Ok(50)]));
/// assert!(results[2].as_ref().is_err_and(|error| error.is_elapsed()));
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[must_use = "dropping a group cancels its tasks"]
pub struct TimeoutGroup<T, R: Runtime = DynRuntime> {
    rt: R,
    deadline: Deadline,
    tasks: Vec<Task<T>>,
}

/// Why a task of a [`TimeoutGroup`] has no value to give.
#[derive(Debug, Error)]
pub enum GroupError {
    /// It was not done by the deadline, and was cancelled.
    #[error(transparent)]
    Elapsed(#[from] Elapsed),
    /// It panicked, or its runtime is gone.
    #[error(transparent)]
    Join(#[from] JoinError),
}

impl GroupError {
    /// Whether it was not done by the deadline.
    pub const fn is_elapsed(&self) -> bool {
        matches!(self, Self::Elapsed(_))
    }
}

impl Retryable for GroupError {
    /// What was not done in time may be quicker the next time; a panic would come again.
    fn is_retryable(&self) -> bool {
        match self {
            Self::Elapsed(elapsed) => elapsed.is_retryable(),
            Self::Join(_) => false,
        }
    }
}

impl<T: Send + 'static> TimeoutGroup<T> {
    /// A group with a deadline in `limit` from now, on a runtime that does not show in the type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `limit` is zero or more than 100 years.
    pub fn new<R: Runtime>(rt: &R, limit: Duration) -> Result<Self, ConfigError> {
        Self::with_runtime(&DynRuntime::new(rt), limit)
    }
}

impl<T: Send + 'static, R: Runtime> TimeoutGroup<T, R> {
    /// A group with a deadline in `limit` from now, on a runtime of known type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `limit` is zero or more than 100 years.
    pub fn with_runtime(rt: &R, limit: Duration) -> Result<Self, ConfigError> {
        check_period("limit", limit)?;
        Ok(Self { rt: rt.clone(), deadline: Deadline::after(rt, limit), tasks: Vec::new() })
    }

    /// Calls the deadline so in errors: those of the waits of the tasks spawned from now on, and
    /// those of the group.
    pub fn named(mut self, name: &'static str) -> Self {
        self.deadline = self.deadline.named(name);
        self
    }

    /// Runs `future` as a task of the group, named after the line that calls this.
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F)
    where
        F: Future<Output = T> + Send + 'static,
    {
        let rt = &self.rt;
        let task = self.deadline.ambient().enter(|| rt.spawn(future));
        self.tasks.push(task);
    }

    /// How many tasks it has.
    pub const fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The deadline of the group, which another one may cut short.
    pub const fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Waits until all tasks are done or the deadline is over, and answers what each came to, in
    /// the order of spawning. When it answers nothing of the group runs: those not done by the
    /// deadline are cancelled, and waited for until they have ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels all tasks.
    pub async fn join(self) -> Vec<Result<T, GroupError>> {
        let Self { rt, deadline, mut tasks } = self;
        let mut results = Vec::with_capacity(tasks.len());
        let all = async {
            for task in &mut tasks {
                results.push(task.await.map_err(GroupError::Join));
            }
        };
        let Err(elapsed) = deadline.run(&rt, all).await else { return results };
        // The one that was being waited for has not been taken from; nor have those after it.
        let late = tasks.split_off(results.len());
        for task in &late {
            task.abort();
        }
        for task in late {
            results.push(task.await.map_err(|error| match error {
                JoinError::Cancelled => GroupError::Elapsed(elapsed),
                other => GroupError::Join(other),
            }));
        }
        results
    }
}

impl<T, R: Runtime> fmt::Debug for TimeoutGroup<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeoutGroup")
            .field("deadline", &self.deadline)
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}
