//! What came to a stage, and what it made of it.

use std::time::Duration;

use super::ledger::Count;

/// The counts of a stage.
#[derive(Debug, Default)]
pub(super) struct StageCounts {
    pub(super) taken: Count,
    /// Those for which it gives nothing.
    pub(super) kept: Count,
    /// What it gives beside the others.
    pub(super) emitted: Count,
    pub(super) errors: Count,
    timed: Count,
    timed_nanos: Count,
    longest_nanos: Count,
    /// How many calls come before the next that is timed.
    untimed: Count,
}

/// One call in so many is timed.
const OFTEN: u64 = 64;

/// One in so many, where they are short: to look at a clock twice takes longer than many a stage.
const RARELY: u64 = 1_024;

/// A mean below this is short.
const SHORT: Duration = Duration::from_micros(1);

impl StageCounts {
    /// How many items it gave: that is what it took, unless it is said.
    pub(super) fn given(&self) -> u64 {
        (self.taken.get() + self.emitted.get()).saturating_sub(self.kept.get())
    }

    /// Of how many calls the next, which is timed, is the first.
    fn span(&self) -> u64 {
        if self.timed.get() > 0 && self.latency().0 < SHORT { RARELY } else { OFTEN }
    }

    /// Counts the time that a call took.
    #[cold]
    pub(super) fn took(&self, latency: Duration) {
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

/// Who counts calls: one of many in a stage, or the only one.
pub(super) trait Tally {
    /// Counts a call; whether it is to be timed.
    fn take(&mut self) -> bool;
}

impl Tally for &StageCounts {
    #[inline]
    fn take(&mut self) -> bool {
        self.taken.add(1);
        let untimed = self.untimed.get().checked_sub(1);
        self.untimed.set(untimed.unwrap_or_else(|| self.span() - 1));
        untimed.is_none()
    }
}

/// Counts the calls of a stage that makes one at a time, and adds them up at the end.
#[derive(Debug)]
pub(super) struct OwnTally<'a> {
    counts: &'a StageCounts,
    /// Of how many calls the last that was timed was the first, and how many of them are to come.
    span: u64,
    untimed: u64,
}

impl<'a> OwnTally<'a> {
    pub(super) const fn new(counts: &'a StageCounts) -> Self {
        Self { counts, span: 0, untimed: 0 }
    }

    #[cold]
    fn next_span(&mut self) {
        self.counts.taken.add(self.span);
        self.span = self.counts.span();
        self.untimed = self.span - 1;
    }
}

impl Tally for OwnTally<'_> {
    #[inline]
    fn take(&mut self) -> bool {
        let (untimed, is_over) = self.untimed.overflowing_sub(1);
        self.untimed = untimed;
        if is_over {
            self.next_span();
        }
        is_over
    }
}

impl Drop for OwnTally<'_> {
    fn drop(&mut self) {
        self.counts.taken.add(self.span - self.untimed);
    }
}
