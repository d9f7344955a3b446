use mtaio_runtime::{Instant, TaskName};

/// A number for all that has happened: two runs that differ have different ones, or would have to
/// be unlucky.
///
/// The function is the one of rustc's `FxHasher` before 2024: a rotation, an exclusive or and a
/// multiplication for each word.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TraceHash(u64);

impl TraceHash {
    pub(crate) const fn mix(&mut self, what: What, value: u64) {
        self.word(what as u64);
        self.word(value);
    }

    const fn word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    pub(crate) const fn value(self) -> u64 {
        self.0
    }
}

/// What a word of the trace is about.
#[derive(Clone, Copy)]
pub(crate) enum What {
    Spawn = 1,
    Poll,
    Wake,
    Timer,
    Time,
    Entropy,
}

/// As many steps of a story are kept: it is to be read.
pub(crate) const MOST_STEPS: usize = 100_000;

/// One line of the story of a run, kept where somebody will read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) at: Instant,
    pub(crate) task: TaskName,
    pub(crate) why: Why,
}

/// Why a task was polled, or what else happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It was its turn.
    First,
    /// It was chosen in place of this one.
    Before(TaskName),
    /// Nobody woke it.
    Spurious,
    /// It was polled once more to see whether a wake had been lost.
    Rescue,
    /// It was dropped.
    Cancelled,
}
