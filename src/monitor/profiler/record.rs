use std::fmt;
use std::time::Duration;

use mtaio_runtime::{Instant, TaskName};

/// Which span of a profiler: they are numbered from 1 in the order in which they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(pub(super) u64);

impl SpanId {
    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What is known of a span.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SpanRecord {
    /// Which one it is.
    pub id: SpanId,
    /// The one that it is part of.
    pub parent: Option<SpanId>,
    /// What it is called.
    pub name: TaskName,
    /// The time from [`trace`](super::Span::trace) to the first poll, which is when it begins.
    pub waited: Duration,
    /// When it began.
    pub begun: Instant,
    /// When it ended; while it runs, when it was looked at.
    pub ended: Instant,
    /// How it ended.
    pub outcome: Outcome,
    /// How often it was polled.
    pub polls: u64,
    /// How long the polls took.
    pub busy: Duration,
    /// How long the longest of them took.
    pub longest_poll: Duration,
}

impl SpanRecord {
    /// The time from beginning to end.
    pub fn took(&self) -> Duration {
        self.ended - self.begun
    }

    /// The time that it waited between polls.
    pub fn idle(&self) -> Duration {
        self.took().saturating_sub(self.busy)
    }
}

/// How a span ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It has not.
    Running,
    /// The work was done.
    Completed,
    /// The future was dropped before that.
    Dropped,
    /// The work panicked.
    Panicked,
}

impl Outcome {
    /// Its name in traces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Dropped => "dropped",
            Self::Panicked => "panicked",
        }
    }
}

/// How many spans a [`Profiler`](super::Profiler) has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfilerStats {
    /// Those that run.
    pub running: usize,
    /// Those that have ended and are kept.
    pub kept: usize,
    /// Those that were kept and made room for others.
    pub dropped: u64,
}
