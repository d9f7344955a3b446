/// Which task is cancelled, and where.
///
/// # Examples
///
/// ```
/// use mtaio_runtime::RuntimeExt;
/// use mtaio_sim::{Cancel, Explore, Sim};
///
/// let explore = Explore::new().seeds(0..10).cancel(Cancel::AtEveryAwait("worker"));
/// Sim::explore(explore, |rt| async move {
///     let worker = rt.spawn_named("worker", {
///         let rt = rt.clone();
///         async move {
///             rt.yield_now().await;
///             42
///         }
///     });
///     // Dropped before its end, at whichever point, a worker answers with an error.
///     if let Ok(answer) = worker.await {
///         assert_eq!(answer, 42);
///     }
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cancel {
    /// The task of this name (see `spawn_named`) is dropped wherever it can be: in one run before
    /// its first poll, in the next one right after that, while it waits, then when it was woken
    /// and before it is polled again, and so on up to its end; and in one run not at all. That
    /// makes about two runs of each seed for each of its polls.
    ///
    /// Where several tasks have the name their polls count as one row: one of them is dropped.
    /// Who awaits the dropped task gets
    /// [`JoinError::RuntimeGone`](mtaio_runtime::JoinError::RuntimeGone).
    ///
    /// An exploration in which no task of the name is ever polled panics: it would test nothing.
    AtEveryAwait(&'static str),
}

impl Cancel {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AtEveryAwait(name) => name,
        }
    }
}

/// Where in one run the task is dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CancelPlan {
    pub(crate) name: &'static str,
    /// The number of the point; where a replay decides, it doesn't matter.
    pub(crate) at: u64,
    /// How many points there have been.
    pub(crate) passed: u64,
}

impl CancelPlan {
    pub(crate) const fn new(cancel: Cancel, at: u64) -> Self {
        Self { name: cancel.name(), at, passed: 0 }
    }
}
