use std::sync::{Mutex, OnceLock, PoisonError};

use mtaio_runtime::Runtime;

use super::counts::StageCounts;
use super::error::PipelineError;
use super::ledger::Ledger;
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
}
