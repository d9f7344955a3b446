use std::time::Duration;

use super::course::Course;
use super::error::PipelineError;

/// What became of a run: of every item that was taken from the source, exactly one thing.
///
/// `taken` is the sum of `delivered`, `filtered`, `skipped`, `dead_lettered`, `failed` and
/// `unprocessed`, always. Where a transform or a batch makes one item of many, what becomes of that
/// one becomes of all of them; where it makes many of one, the first of them stands for it.
#[derive(Debug)]
#[non_exhaustive]
pub struct RunReport<E> {
    /// Why no more items were taken.
    pub end: RunEnd,
    /// Items taken from the source.
    pub taken: u64,
    /// Those that came to the end of the pipeline.
    pub delivered: u64,
    /// Those that a filter kept out, or a transform emitted nothing for.
    pub filtered: u64,
    /// Those for which a stage had an error that is skipped.
    pub skipped: u64,
    /// Those that were handed over as dead letters.
    pub dead_lettered: u64,
    /// Those for which a stage had an error that ends the run, or panicked.
    pub failed: u64,
    /// Those that were on their way when the time to drain was over, and those whose key could not be
    /// told since its function panicked.
    pub unprocessed: u64,
    /// What came out at the end of the pipeline, in items of its output.
    pub outputs: u64,
    /// The stages, in order.
    pub stages: Vec<StageReport>,
    /// The first error that ended the run.
    pub error: Option<PipelineError<E>>,
    /// The errors of stages that did not close.
    pub close_errors: Vec<PipelineError<E>>,
}

/// Why a run took no more items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunEnd {
    /// The source ended.
    Finished,
    /// Its token was cancelled.
    Cancelled,
    /// Its time, or the ambient deadline, was over.
    TimeUp,
    /// A stage failed, or the setup did.
    Failed,
}

/// What one stage did in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageReport {
    /// Its name.
    pub name: String,
    /// The items that it began to work on.
    pub taken: u64,
    /// The items that it gave.
    pub given: u64,
    /// Its errors and panics, whatever became of them.
    pub errors: u64,
    /// The mean time that it took for an item. One item in 64 is timed, the first one
    /// among them; where they take less than a microsecond, one in 1,024.
    pub mean_latency: Duration,
    /// The longest time of those.
    pub longest_latency: Duration,
}

impl<E> RunReport<E> {
    pub(super) fn of<R: mtaio_runtime::Runtime>(
        course: Course<E, R>,
        end: RunEnd,
        outputs: u64,
        names: Vec<String>,
    ) -> Self {
        let ledger = &course.ledger;
        let stages = names.into_iter().zip(&course.stages).map(|(name, counts)| {
            let (mean_latency, longest_latency) = counts.latency();
            StageReport {
                name,
                taken: counts.taken.get(),
                given: counts.given(),
                errors: counts.errors.get(),
                mean_latency,
                longest_latency,
            }
        });
        Self {
            end,
            taken: ledger.taken.get(),
            delivered: ledger.delivered.get(),
            filtered: ledger.filtered.get(),
            skipped: ledger.skipped.get(),
            dead_lettered: ledger.dead_lettered.get(),
            failed: ledger.failed.get(),
            unprocessed: ledger.unprocessed.get(),
            outputs,
            stages: stages.collect(),
            close_errors: Vec::new(),
            error: course.into_error(),
        }
    }

    /// The report, if nothing ended the run and all stages closed.
    ///
    /// # Errors
    ///
    /// The error that ended it, or else the first of those with which a stage did not close.
    pub fn into_result(mut self) -> Result<Self, PipelineError<E>> {
        match self.error.take() {
            Some(error) => Err(error),
            None if self.close_errors.is_empty() => Ok(self),
            None => Err(self.close_errors.swap_remove(0)),
        }
    }
}
