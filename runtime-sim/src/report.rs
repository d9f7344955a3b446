use std::time::Duration;

use mtaio_runtime::Instant;

use crate::Replay;

/// What one run came to, whether it failed or not.
///
/// # Examples
///
/// ```
/// use mtaio_sim::Explore;
///
/// let explore = Explore::new();
/// let (first, _) = explore.run_reported(7, |_rt| async { /* the scenario */ });
/// let (second, _) = explore.run_reported(7, |_rt| async { /* the scenario */ });
/// assert_eq!(first.trace_hash(), second.trace_hash());
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) at: Instant,
    pub(crate) tasks: u64,
    pub(crate) polls: u64,
    pub(crate) trace_hash: u64,
    pub(crate) replay: Option<Replay>,
}

impl Report {
    /// When it ended, in virtual time.
    pub const fn at(&self) -> Instant {
        self.at
    }

    /// How many tasks there were, with the scenario itself and blocking jobs.
    pub const fn tasks(&self) -> u64 {
        self.tasks
    }

    /// How many times a task was polled.
    pub const fn polls(&self) -> u64 {
        self.polls
    }

    /// A number for all that happened: polls, wakes, spawns, timers and entropy, in their order.
    /// The same seed gives the same hash in every process, or else the scenario takes chance from
    /// elsewhere.
    pub const fn trace_hash(&self) -> u64 {
        self.trace_hash
    }

    /// All the choices that were made, where [`Explore::record`](crate::Explore::record) asked for
    /// them.
    pub const fn replay(&self) -> Option<&Replay> {
        self.replay.as_ref()
    }
}

/// What an exploration that found nothing came to: all its runs together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    runs: u64,
    tasks: u64,
    polls: u64,
    virtual_time: Duration,
}

impl Explored {
    pub(crate) const fn add(&mut self, report: &Report) {
        self.runs += 1;
        self.tasks += report.tasks;
        self.polls += report.polls;
        let time = Duration::from_nanos(report.at.as_nanos());
        self.virtual_time = self.virtual_time.saturating_add(time);
    }

    /// How many runs there were: more than seeds, where a seed ran twice or with cancellations.
    pub const fn runs(&self) -> u64 {
        self.runs
    }

    /// How many tasks there were.
    pub const fn tasks(&self) -> u64 {
        self.tasks
    }

    /// How many times a task was polled.
    pub const fn polls(&self) -> u64 {
        self.polls
    }

    /// How much virtual time passed.
    pub const fn virtual_time(&self) -> Duration {
        self.virtual_time
    }
}
