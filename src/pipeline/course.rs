use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use mtaio_runtime::Runtime;

use super::error::PipelineError;
use super::ledger::{Count, Ledger};
use super::report::RunEnd;
use crate::contain::discard;

/// What the stages of one run share while it lasts.
pub struct Course<E, R> {
    pub(super) rt: R,
    pub(super) ledger: Ledger,
    pub(super) stages: Vec<StageCounts>,
    /// Whose code runs: the number of a stage.
    running: AtomicUsize,
    end: OnceLock<RunEnd>,
    error: Mutex<Option<PipelineError<E>>>,
}

/// What came to a stage, and what it made of it.
#[derive(Debug, Default)]
pub(super) struct StageCounts {
    pub(super) taken: Count,
    pub(super) given: Count,
    pub(super) errors: Count,
    /// The number of the call that is to be timed next.
    next_timed: Count,
    timed: Count,
    timed_nanos: Count,
    longest_nanos: Count,
}

/// No stage has this number.
const NOBODY: usize = usize::MAX;

/// One call in so many is timed.
const OFTEN: u64 = 64;

/// One in so many, where they are short: to look at a clock twice takes longer than many a stage.
const RARELY: u64 = 1_024;

/// A mean below this is short.
const SHORT: Duration = Duration::from_micros(1);

impl<E, R: Runtime> Course<E, R> {
    pub(super) fn new(rt: &R, stages: usize) -> Self {
        Self {
            rt: rt.clone(),
            ledger: Ledger::default(),
            stages: (0..stages).map(|_| StageCounts::default()).collect(),
            running: AtomicUsize::new(NOBODY),
            end: OnceLock::new(),
            error: Mutex::new(None),
        }
    }

    /// Ends the run with `error`, unless another has.
    pub(super) fn fail(&self, error: PipelineError<E>) {
        self.stop(RunEnd::Failed);
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        let late = if first.is_none() {
            *first = Some(error);
            None
        } else {
            Some(error)
        };
        drop(first);
        discard(late);
    }

    /// Says whose code runs from here on, for it to be known who panicked; of a number of their own,
    /// or of none of the stages.
    #[inline]
    pub(super) fn run(&self, stage: Option<usize>) {
        self.running.store(stage.unwrap_or(NOBODY), Ordering::Relaxed);
    }

    /// Whether it is the stage's.
    pub(super) fn runs(&self, stage: usize) -> bool {
        self.running.load(Ordering::Relaxed) == stage
    }

    /// No more items are taken; the first reason counts.
    pub(super) fn stop(&self, end: RunEnd) {
        // A second reason is none.
        let _ = self.end.set(end);
    }

    /// Why no more items are taken, once that is so.
    #[inline]
    pub(super) fn stopped(&self) -> Option<RunEnd> {
        self.end.get().copied()
    }

    /// How the run ended: also one failed whose source had ended before.
    pub(super) fn end(&self) -> RunEnd {
        let is_failed = self.error.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_failed { RunEnd::Failed } else { self.stopped().unwrap_or(RunEnd::Finished) }
    }

    pub(super) fn into_error(self) -> Option<PipelineError<E>> {
        self.error.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StageCounts {
    /// Counts a call, and tells whether it is to be timed.
    #[inline]
    pub(super) fn begin(&self) -> bool {
        let taken = self.taken.get();
        self.taken.add(1);
        taken == self.next_timed.get() && self.time_next()
    }

    #[cold]
    fn time_next(&self) -> bool {
        let is_short = self.timed.get() > 0 && self.latency().0 < SHORT;
        self.next_timed.add(if is_short { RARELY } else { OFTEN });
        true
    }

    /// Counts the time that a call took.
    #[cold]
    pub(super) fn timed(&self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.timed.add(1);
        self.timed_nanos.add(nanos);
        self.longest_nanos.add(nanos.saturating_sub(self.longest_nanos.get()));
    }

    /// The mean and the longest time of the calls that were timed.
    pub(super) fn latency(&self) -> (Duration, Duration) {
        let mean = self.timed_nanos.get().checked_div(self.timed.get()).unwrap_or(0);
        (Duration::from_nanos(mean), Duration::from_nanos(self.longest_nanos.get()))
    }
}
