use std::sync::Mutex;
use std::time::Duration;

use mtaio_runtime::Runtime;

use super::config::Settings;
use super::head::{Era, Head};
use super::ring::Ring;
use super::timed::Timed;
use crate::queue::lock;

/// Which calls count.
#[derive(Clone, Copy, Debug)]
pub(super) enum Span {
    /// The last so many.
    Calls(u32),
    /// Those of the last so long.
    Time(Duration),
}

/// How many buckets a window of time has.
pub(super) const BUCKETS: u64 = 10;

/// How a call went.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Grade {
    pub(super) failed: bool,
    pub(super) slow: bool,
}

/// How many calls went how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) calls: u64,
    pub(super) failures: u64,
    pub(super) slow: u64,
}

/// The calls that count, while a breaker is closed.
#[derive(Debug)]
pub(super) enum Window {
    Calls(Ring),
    /// Behind a lock: beside the look at the clock it costs little, and totals and buckets agree.
    Time(Box<Mutex<Timed>>),
}

impl Window {
    pub(super) fn new(span: Span, era: Era) -> Self {
        match span {
            Span::Calls(window) => Self::Calls(Ring::new(window)),
            Span::Time(time) => Self::Time(Box::new(Mutex::new(Timed::new(time, era)))),
        }
    }

    /// Records a call of `era`, and answers what is in the window then; nothing if the era is over.
    #[inline]
    pub(super) fn record<R: Runtime>(
        &self,
        head: &Head,
        era: Era,
        rt: &R,
        grade: Grade,
    ) -> Option<Tally> {
        match self {
            Self::Calls(ring) => ring.record(head, era, grade),
            Self::Time(timed) => {
                let now = rt.now();
                let mut timed = lock(timed);
                // Looked at with the lock: a later era's calls are recorded after this, or have
                // begun that era.
                (head.era() == era).then(|| timed.record(era, now, grade))
            }
        }
    }

    /// What is in the window.
    pub(super) fn tally<R: Runtime>(&self, head: &Head, era: Era, rt: &R) -> Tally {
        match self {
            Self::Calls(ring) => ring.tally(era, head.next_place(era).unwrap_or(0)),
            Self::Time(timed) => {
                let now = rt.now();
                let mut timed = lock(timed);
                if head.era() == era { timed.tally(era, now) } else { Tally::default() }
            }
        }
    }
}

/// How many calls may fail, and how many be slow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    failure_rate: f64,
    slow_rate: Option<f64>,
    min_calls: u64,
}

impl Limits {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            failure_rate: settings.failure_rate,
            slow_rate: settings.slow.map(|(_, rate)| rate),
            min_calls: settings.min_calls().into(),
        }
    }

    /// Whether there are too many.
    #[inline]
    pub(super) fn are_exceeded_by(&self, tally: Tally) -> bool {
        // Mostly there are none.
        (tally.failures | tally.slow) != 0
            && tally.calls >= self.min_calls
            && self.are_reached_by(tally, tally.calls)
    }

    /// Whether there are too many for so many calls.
    #[cold]
    pub(super) fn are_reached_by(&self, tally: Tally, calls: u64) -> bool {
        tally.failures >= part(self.failure_rate, calls)
            || self.slow_rate.is_some_and(|rate| tally.slow >= part(rate, calls))
    }

    /// Whether there can't be too many any more, of so many calls in all.
    pub(super) fn are_out_of_reach_of(&self, tally: Tally, calls: u64) -> bool {
        let fine = |bad: u64, rate: f64| tally.calls - bad > calls - part(rate, calls);
        fine(tally.failures, self.failure_rate)
            && self.slow_rate.is_none_or(|rate| fine(tally.slow, rate))
    }
}

/// So much of all, rounded up, but for what is a mere error of floating point.
fn part(rate: f64, all: u64) -> u64 {
    let exact = rate * all as f64;
    // 1 to a million calls, or what a window of time can have seen.
    ((exact - exact * 1e-9).ceil() as u64).max(1)
}
