use std::time::Duration;

use mtaio_runtime::Instant;

use super::adaptation::Adaptation;
use crate::limit::limiter::Outcome;

/// Finds the limit: one more after each round that went well, and less by a factor after one that
/// did not, which is the greater the longer the queue was.
///
/// A round is as many pieces of work as may be in flight, of those that began under the present
/// limit: the others tell of another one.
pub(super) struct Controller {
    settings: Adaptation,
    limit: f64,
    round: Round,
    /// The latency without a queue: the least of a round since the limit was last lowered, and of
    /// the time before that.
    least: Option<f64>,
    least_before: Option<f64>,
    /// The latency that the limit was lowered for, in the last round.
    lowered_for: Option<f64>,
    /// Until it is first too much, the limit is doubled.
    is_first_rise: bool,
    pub(super) raised: u64,
    pub(super) lowered: u64,
}

struct Round {
    since: Instant,
    /// What went well, and how long all of that took, in nanoseconds.
    done: u32,
    nanos: f64,
    overloads: u32,
    was_used: bool,
}

/// The share of a round that may fail for overload by chance, in percent.
const TOLERATED_FAILURES: u64 = 5;

/// A latency below this part of that without a queue shows that it was not without one.
const EMPTY: f64 = 0.95;

/// What the limit is lowered to where nothing tells how far it is too high.
const BY_A_STEP: f64 = 0.8;

/// What it is lowered to for a queue, of what the work itself keeps busy.
const EMPTIED: f64 = 0.9;

/// A lower limit that takes less than this off a latency has not cured it.
const CURED: f64 = 0.9;

impl Controller {
    pub(super) fn new(settings: Adaptation, now: Instant) -> Self {
        let limit = f64::from(settings.start.clamp(settings.least, settings.most));
        Self {
            settings,
            limit,
            round: Round::new(now),
            least: None,
            least_before: None,
            lowered_for: None,
            is_first_rise: true,
            raised: 0,
            lowered: 0,
        }
    }

    pub(super) const fn limit(&self) -> u32 {
        self.limit as u32
    }

    pub(super) const fn most(&self) -> u32 {
        self.settings.most
    }

    /// The latency without a queue, as far as it is known.
    pub(super) fn latency(&self) -> Option<Duration> {
        self.unqueued().map(|nanos| Duration::from_nanos(nanos as u64))
    }

    /// Notes how a piece of work went. `is_used` tells whether at least half of the limit was.
    pub(super) fn record(&mut self, begun: Instant, now: Instant, outcome: Outcome, is_used: bool) {
        if begun < self.round.since {
            return;
        }
        let size = self.limit().max(10);
        let round = &mut self.round;
        round.was_used |= is_used;
        match outcome {
            Outcome::Success => {
                round.done += 1;
                round.nanos += now.saturating_duration_since(begun).as_nanos() as f64;
            }
            Outcome::Overload => round.overloads += 1,
            Outcome::Ignore => return,
        }
        if u64::from(round.overloads) * 100 > u64::from(size) * TOLERATED_FAILURES {
            self.lowered_for = None;
            self.lower(now, BY_A_STEP);
        } else if round.done + round.overloads >= size {
            self.judge(now);
        }
    }

    /// At the end of a round without too many failures.
    fn judge(&mut self, now: Instant) {
        let latency = self.round.nanos / f64::from(self.round.done);
        if self.lowered_for.is_some()
            && self.unqueued().is_some_and(|least| latency < least * EMPTY)
        {
            // What was taken for no queue was one, as when the first limit is far too high: on, until
            // the latency falls no more.
            (self.least, self.least_before) = (Some(latency), None);
            self.lowered_for = Some(latency);
            self.lower(now, BY_A_STEP);
            return;
        }
        if self.lowered_for.is_some_and(|before| latency > before * CURED) {
            // It wasn't our queue, then: the work itself takes longer than it did.
            (self.least, self.least_before) = (Some(latency), None);
        }
        let unqueued = self.unqueued().map_or(latency, |least| least.min(latency));
        let is_queued = latency > unqueued * self.settings.tolerance;
        if is_queued {
            if self.lowered_for.is_none() {
                // Since it was last lowered the queue has been empty once: that counts.
                self.least_before = self.least.take();
            }
            self.lowered_for = Some(latency);
            // So far that the queue is empty after it, and the latency without one is seen again:
            // otherwise it would be forgotten in the end.
            self.lower(now, (EMPTIED * unqueued / latency).max(0.5));
            return;
        }
        self.least = Some(self.least.map_or(latency, |least| least.min(latency)));
        self.lowered_for = None;
        if self.round.was_used {
            self.raise();
        }
        self.round = Round::new(now);
    }

    fn unqueued(&self) -> Option<f64> {
        match (self.least, self.least_before) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    fn raise(&mut self) {
        let step = if self.is_first_rise { self.limit } else { 1.0 };
        let raised = (self.limit + step).min(f64::from(self.settings.most));
        self.raised += u64::from(raised > self.limit);
        self.limit = raised;
    }

    fn lower(&mut self, now: Instant, factor: f64) {
        let lowered = (self.limit * factor).floor().max(f64::from(self.settings.least));
        self.lowered += u64::from(lowered < self.limit);
        self.limit = lowered;
        self.is_first_rise = false;
        self.round = Round::new(now);
    }
}

impl Round {
    const fn new(since: Instant) -> Self {
        Self { since, done: 0, nanos: 0.0, overloads: 0, was_used: false }
    }
}
