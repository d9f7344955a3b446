use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use mtaio_runtime::{Instant, Runtime};

use super::error::PipelineError;
use super::ledger::{Count, Ledger};
use super::report::RunEnd;
use crate::contain::discard;

/// What the stages of one run share while it lasts.
pub struct Course<E, R> {
    pub(super) rt: R,
    pub(super) ledger: Ledger,
    pub(super) stages: Vec<StageCounts>,
    end: OnceLock<RunEnd>,
    error: Mutex<Option<PipelineError<E>>>,
}

/// What came to a stage, and what it made of it.
#[derive(Debug, Default)]
pub(super) struct StageCounts {
    pub(super) taken: Count,
    pub(super) given: Count,
    pub(super) errors: Count,
    sampled: Count,
    sampled_nanos: Count,
    longest_nanos: Count,
}

/// One call in so many is timed: to look at a clock twice costs more than many a stage.
const SAMPLE: u64 = 64;

impl<E, R: Runtime> Course<E, R> {
    pub(super) fn new(rt: &R, stages: usize) -> Self {
        Self {
            rt: rt.clone(),
            ledger: Ledger::default(),
            stages: (0..stages).map(|_| StageCounts::default()).collect(),
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

    /// Counts a call, and begins to time it if it is the turn of one.
    #[inline]
    pub(super) fn begin(&self, stage: usize) -> Option<Instant> {
        let counts = &self.stages[stage];
        let is_sampled = counts.taken.get().is_multiple_of(SAMPLE);
        counts.taken.add(1);
        if is_sampled { Some(self.rt.now()) } else { None }
    }

    /// Ends a call.
    #[inline]
    pub(super) fn done(&self, stage: usize, begun: Option<Instant>) {
        if let Some(begun) = begun {
            self.stages[stage].sample(self.rt.now() - begun);
        }
    }
}

impl StageCounts {
    #[cold]
    fn sample(&self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.sampled.add(1);
        self.sampled_nanos.add(nanos);
        self.longest_nanos.add(nanos.saturating_sub(self.longest_nanos.get()));
    }

    /// The mean and the longest time of the calls that were timed.
    pub(super) fn latency(&self) -> (Duration, Duration) {
        let mean = self.sampled_nanos.get().checked_div(self.sampled.get()).unwrap_or(0);
        (Duration::from_nanos(mean), Duration::from_nanos(self.longest_nanos.get()))
    }
}
