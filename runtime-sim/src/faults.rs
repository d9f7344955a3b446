use std::time::Duration;

use crate::choice::{Chance, Choices, Stream};

/// What goes wrong in a simulation that may go wrong anywhere: correct code lives with all of it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio_sim::{Explore, Faults, Sim};
///
/// const HARSH: Faults = Faults::new()
///     .spurious_polls(0.1)
///     .late_timers(Duration::from_millis(5))
///     .wall_clock_jumps(Duration::from_secs(60));
///
/// Sim::explore(Explore::new().faults(HARSH), |_rt| async { /* the scenario */ });
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "faults happen when they are given to `Explore::faults`"]
pub struct Faults {
    pub(crate) spurious_polls: Chance,
    pub(crate) late_timers: Duration,
    pub(crate) wall_clock_jumps: Duration,
}

/// How finely lateness and jumps are graded: a choice among a few, that reads well in a replay.
const GRADES: u64 = 1_000;

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Faults {
    /// No faults.
    pub const fn new() -> Self {
        let none = Duration::ZERO;
        Self { spurious_polls: Chance::NEVER, late_timers: none, wall_clock_jumps: none }
    }

    /// Before a task is polled another one, which nobody woke, is polled in its place, with this
    /// probability: a poll does not mean that what the future waits for has happened.
    ///
    /// It happens only while something can run, so a deadlock stays one.
    ///
    /// # Panics
    ///
    /// Unless it is from 0 to 1.
    pub const fn spurious_polls(mut self, probability: f64) -> Self {
        let Some(chance) = Chance::new(probability) else {
            panic!("`Faults::spurious_polls` was not given a probability from 0 to 1")
        };
        self.spurious_polls = chance;
        self
    }

    /// Timers fire up to `most` later than asked, each by another time, as those of real runtimes
    /// do. None is early, and one whose deadline has passed at its first poll is ready at once.
    ///
    /// # Panics
    ///
    /// If it is more than a year.
    pub const fn late_timers(mut self, most: Duration) -> Self {
        assert!(
            most.as_secs() <= YEAR.as_secs(),
            "`Faults::late_timers` was given more than a year"
        );
        self.late_timers = most;
        self
    }

    /// Now and then, when time passes, the wall clock jumps: it is off by up to `most` then, in
    /// either direction. [`now`](mtaio_runtime::Runtime::now) is not.
    ///
    /// # Panics
    ///
    /// If it is more than a year.
    pub const fn wall_clock_jumps(mut self, most: Duration) -> Self {
        assert!(
            most.as_secs() <= YEAR.as_secs(),
            "`Faults::wall_clock_jumps` was given more than a year"
        );
        self.wall_clock_jumps = most;
        self
    }

    /// Which of `waiting` tasks, if any, is polled for nothing.
    pub(crate) fn spurious_poll(&self, choices: &mut Choices, waiting: usize) -> Option<usize> {
        let chance = self.spurious_polls;
        let chosen = choices.decide(Stream::Spurious, waiting as u64 + 1, |generator| {
            if chance.hits(generator) { 1 + generator.below(waiting as u64) } else { 0 }
        });
        chosen.checked_sub(1).map(|position| position as usize)
    }

    /// How much later than asked a timer fires.
    pub(crate) fn lateness(&self, choices: &mut Choices) -> Duration {
        if self.late_timers.is_zero() {
            return Duration::ZERO;
        }
        graded(self.late_timers, choices.choose(Stream::Lateness, GRADES + 1))
    }

    /// How far the wall clock is off from now on, and whether it is behind, if it jumps.
    pub(crate) fn jump(&self, choices: &mut Choices) -> Option<(Duration, bool)> {
        if self.wall_clock_jumps.is_zero() {
            return None;
        }
        let chosen = choices.decide(Stream::WallClock, 2 * GRADES + 1, |generator| {
            if generator.below(8) == 0 { generator.below(2 * GRADES + 1) } else { 0 }
        });
        let step = chosen.checked_sub(1)?;
        Some((graded(self.wall_clock_jumps, 1 + step / 2), step % 2 == 0))
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self::new()
    }
}

/// `grade` thousandths of `most`, but 1 ns at least where it is not none at all.
fn graded(most: Duration, grade: u64) -> Duration {
    let nanos = most.as_nanos() * u128::from(grade) / u128::from(GRADES);
    let nanos = nanos.max(u128::from(grade > 0));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_up_to_the_most() {
        let most = Duration::from_millis(5);
        let (faults, mut choices) = (Faults::new().late_timers(most), Choices::from_seed(1));
        let all: Vec<_> = (0..1_000).map(|_| faults.lateness(&mut choices)).collect();
        assert!(all.iter().all(|&late| late <= most));
        assert!(all.iter().any(|&late| late > most * 9 / 10));
        assert!(all.iter().any(|&late| late < most / 10));
    }

    #[test]
    fn jumps_are_rare_and_go_both_ways() {
        let most = Duration::from_secs(60);
        let (faults, mut choices) = (Faults::new().wall_clock_jumps(most), Choices::from_seed(1));
        let all: Vec<_> = (0..1_000).filter_map(|_| faults.jump(&mut choices)).collect();
        assert!((60..250).contains(&all.len()), "{}", all.len());
        assert!(all.iter().all(|(off, _)| (Duration::from_nanos(1)..=most).contains(off)));
        assert!([true, false].iter().all(|&behind| all.iter().any(|jump| jump.1 == behind)));
    }

    #[test]
    fn none_are_asked_for_where_there_are_none() {
        let mut choices = Choices::from_seed(1).recorded();
        let none = Faults::new();
        assert_eq!(none.lateness(&mut choices), Duration::ZERO);
        assert_eq!(none.jump(&mut choices), None);
    }

    #[test]
    #[should_panic(expected = "a probability from 0 to 1")]
    fn more_than_always_is_refused() {
        let _ = Faults::new().spurious_polls(1.5);
    }
}
