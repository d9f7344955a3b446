use std::time::Duration;

use mtaio_runtime::{Runtime, TaskName};

use super::registry::Registry;
use crate::time::timeout;

/// How long a shutdown waits: for tasks to end by themselves, and then for those that it cancelled.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::executor::Drain;
///
/// let patient = Drain::within(Duration::from_secs(30)).grace(Duration::from_secs(5));
/// let hurried = Drain::now();
/// let complete = Drain::complete();
/// # let _ = (patient, hurried, complete);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a drain does nothing by itself: pass it to `shutdown`"]
pub struct Drain {
    /// `None` waits for ever.
    patience: Option<Duration>,
    grace: Duration,
}

impl Drain {
    /// Waits `patience` for tasks to end by themselves, then cancels them.
    pub const fn within(patience: Duration) -> Self {
        Self { patience: Some(patience), grace: Duration::from_secs(1) }
    }

    /// Cancels at once.
    pub const fn now() -> Self {
        Self::within(Duration::ZERO)
    }

    /// Waits until every task has ended by itself, however long that takes.
    pub const fn complete() -> Self {
        Self { patience: None, ..Self::now() }
    }

    /// How long cancelled tasks are waited for before they are called stuck; 1 s unless said. A
    /// task that is polled now ends with that poll; a blocking job ends when it returns.
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}

/// What became of the tasks that lived when a shutdown began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// How many ended by themselves.
    pub finished: usize,
    /// How many were cancelled, and have ended.
    pub cancelled: usize,
    /// The names of those that were cancelled and still run: blocking jobs, or futures that block
    /// their thread. They end when they can.
    pub stuck: Vec<TaskName>,
}

pub(super) async fn shutdown<R: Runtime>(
    rt: &R,
    registry: &Registry,
    drain: Drain,
) -> ShutdownReport {
    let begun_with = registry.close();
    if timeout(rt, drain.patience, registry.idle()).await.is_ok() {
        return ShutdownReport { finished: begun_with, ..ShutdownReport::default() };
    }
    let aborted = registry.abort_all();
    // Whether it was in time shows in who is left.
    let _ = timeout(rt, drain.grace, registry.idle()).await;
    let stuck: Vec<_> = registry.handles().iter().map(|handle| handle.name().clone()).collect();
    ShutdownReport {
        finished: begun_with.saturating_sub(aborted),
        cancelled: aborted.saturating_sub(stuck.len()),
        stuck,
    }
}
