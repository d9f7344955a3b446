use std::ops::{AddAssign, SubAssign};
use std::time::Duration;

use mtaio_runtime::Instant;

use super::head::Era;
use super::window::{BUCKETS, Grade, Tally};

/// The calls of a stretch of time, in ten buckets with their totals beside them.
#[derive(Debug)]
pub(super) struct Timed {
    /// What a bucket spans, in nanoseconds.
    width: u64,
    era: Era,
    /// The number of the newest bucket, counted from the clock's epoch.
    newest: u64,
    buckets: [Tally; BUCKETS as usize],
    total: Tally,
}

impl Timed {
    pub(super) fn new(time: Duration, era: Era) -> Self {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let buckets = [Tally::default(); BUCKETS as usize];
        Self { width: nanos / BUCKETS, era, newest: 0, buckets, total: Tally::default() }
    }

    /// Records a call of `era`, and answers what the window has in it then.
    pub(super) fn record(&mut self, era: Era, now: Instant, grade: Grade) -> Tally {
        self.advance(era, now);
        let call = Tally { calls: 1, failures: grade.failed.into(), slow: grade.slow.into() };
        self.buckets[(self.newest % BUCKETS) as usize] += call;
        self.total += call;
        self.total
    }

    /// What it has in it.
    pub(super) fn tally(&mut self, era: Era, now: Instant) -> Tally {
        self.advance(era, now);
        self.total
    }

    /// Empties what is too old. Who read the clock before another one did counts with that one.
    fn advance(&mut self, era: Era, now: Instant) {
        if self.era != era {
            self.era = era;
            self.buckets = Default::default();
            self.total = Tally::default();
        }
        let newest = now.as_nanos() / self.width;
        let steps = newest.saturating_sub(self.newest).min(BUCKETS);
        for step in 1..=steps {
            let oldest = &mut self.buckets[((self.newest + step) % BUCKETS) as usize];
            self.total -= std::mem::take(oldest);
        }
        self.newest = self.newest.max(newest);
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        self.slow += other.slow;
    }
}

impl SubAssign for Tally {
    fn sub_assign(&mut self, other: Self) {
        self.calls -= other.calls;
        self.failures -= other.failures;
        self.slow -= other.slow;
    }
}
