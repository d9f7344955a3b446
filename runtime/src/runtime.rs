use std::future::Future;
use std::time::{Duration, SystemTime};

use crate::task::{NewTask, Task, YieldNow};
use crate::{Instant, Sleep, TaskName};

/// What an async library needs of an executor: a clock, timers, a place to run tasks, entropy.
///
/// A value of this type is a handle: cheap to clone, usable from any thread, inside or outside of
/// the runtime. It is passed as `&rt`. See the [crate's page](crate) for how to take one in an API
/// and how to write an adapter.
///
/// There are no default methods, so nothing is hidden: a new capability will be a new trait.
///
/// # Writing an adapter
///
/// What is said here and at [`Sleep`] is all that an adapter owes, and each word of it is checked:
/// put yours to the suite `mtaio_runtime::conformance`, in the feature `conformance`, from its first
/// day on. It says what does not hold, and why.
///
/// # After the runtime is gone
///
/// A handle may outlive its runtime. Then futures and jobs given to it are dropped at once, on the
/// caller's thread, and time stands still: a sleep that was pending stays so. Nothing panics.
pub trait Runtime: Clone + Send + Sync + 'static {
    /// The timer of this runtime.
    type Sleep: Sleep;

    /// The monotonic clock that the timers follow.
    fn now(&self) -> Instant;

    /// The time of day, which may jump.
    fn wall_clock(&self) -> SystemTime;

    /// 64 random bits, for jitter, sampling and the seeds of hashers. Not for keys or secrets.
    ///
    /// The clones of a handle do not repeat what the others draw.
    fn entropy(&self) -> u64;

    /// A timer that is ready at `deadline`. It need not be polled by a task of this runtime.
    fn sleep_until(&self, deadline: Instant) -> Self::Sleep;

    /// Runs `future` to its end, with nobody waiting for it and nothing inherited.
    ///
    /// This is the one primitive that tasks are built from; [`RuntimeExt::spawn`] is what callers
    /// want. It returns without polling the future in the call: its caller may hold a lock. A panic
    /// of the future ends that future and nothing else.
    fn spawn_detached<F>(&self, name: TaskName, future: F)
    where
        F: Future<Output = ()> + Send + 'static;

    /// Runs `job` where it may block its thread, with nobody waiting for it.
    ///
    /// [`RuntimeExt::unblock`] is what callers want. It returns without running the job in the call:
    /// its caller is a task. A panic of the job ends that job and nothing else.
    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>);
}

/// What every [`Runtime`] can do with its primitives. Import it to call [`spawn`](Self::spawn).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio_runtime::{JoinError, Runtime, RuntimeExt};
///
/// async fn sum<R: Runtime>(rt: &R) -> Result<u32, JoinError> {
///     let slow = rt.spawn({
///         let rt = rt.clone();
///         async move {
///             rt.sleep(Duration::from_millis(20)).await;
///             40
///         }
///     });
///     let hard = rt.unblock(|| 2);
///     Ok(slow.await? + hard.await?)
/// }
/// ```
pub trait RuntimeExt: Runtime {
    /// Runs `future` as a task of its own, named after the line that calls this.
    ///
    /// The task inherits the caller's [`Ambient`](crate::Ambient). Dropping the returned [`Task`]
    /// cancels it. When the runtime is gone the future is dropped at once and the task answers
    /// [`JoinError::RuntimeGone`](crate::JoinError::RuntimeGone).
    #[track_caller]
    fn spawn<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.spawn_named(TaskName::caller(), future)
    }

    /// As [`spawn`](Self::spawn), with a name for diagnoses.
    fn spawn_named<F>(&self, name: impl Into<TaskName>, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        NewTask::new(name).spawn(self, future)
    }

    /// Runs `job` where it may block its thread.
    ///
    /// Dropping the returned [`Task`] cancels a job that has not begun; one that has runs to its
    /// end, and its result is dropped.
    #[track_caller]
    fn unblock<T, F>(&self, job: F) -> Task<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        NewTask::new(TaskName::caller()).unblock(self, job)
    }

    /// A timer that is ready `duration` from now; the clock starts with this call.
    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.sleep_until(self.now().saturating_add(duration))
    }

    /// Lets the other tasks run, once.
    fn yield_now(&self) -> YieldNow {
        YieldNow::new()
    }
}

impl<R: Runtime> RuntimeExt for R {}
