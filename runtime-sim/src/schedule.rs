use std::collections::VecDeque;

use crate::choice::SplitMix64;

/// In which order the tasks that can run do so.
///
/// # Examples
///
/// ```
/// use mtaio_sim::{Explore, Schedule, Sim};
///
/// // Bugs that need few preemptions at the right places are found sooner by priorities.
/// Sim::explore(Explore::new().policy(Schedule::Pct(3)), |_rt| async { /* the scenario */ });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schedule {
    /// Any of them, each as likely as the others. It is fair: every task runs after a while.
    #[default]
    Random,
    /// The one that could run first: what most executors with one thread do. All seeds are alike
    /// but for their entropy and faults.
    Fifo,
    /// The one that could run last. It is unfair: two tasks that wake each other starve the rest.
    Lifo,
    /// The one of the highest priority, where each task has a random one and `depth - 1` times,
    /// at random points, the running task falls behind all others; a task that yields does too.
    ///
    /// Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with probabilistic
    /// guarantees of finding bugs", ASPLOS 2010. It is as unfair as [`Lifo`](Self::Lifo), but for
    /// tasks that yield. The depth is the number of orderings that have to
    /// be just so for the bug to show: 1 to 64, mostly 2 or 3.
    Pct(u32),
}

/// What a [`Schedule`] has to remember.
pub(crate) struct Picker {
    schedule: Schedule,
    pct: Pct,
}

/// Priorities by slot, and where they change.
#[derive(Default)]
struct Pct {
    /// The highest runs; 0 is one that has none yet.
    priorities: Vec<u64>,
    /// The picks at which the one that would run falls behind.
    changes: Vec<u64>,
    picks: u64,
    /// The lowest priority given so far.
    lowest: u64,
}

/// Above it are the priorities that tasks begin with, below it those that they fall to.
const MIDDLE: u64 = 1 << 63;

impl Picker {
    pub(crate) fn new(schedule: Schedule) -> Self {
        Self { schedule, pct: Pct { lowest: MIDDLE, ..Pct::default() } }
    }

    /// The position in `ready` of the task to run, drawn from the seed.
    pub(crate) fn pick(&mut self, ready: &VecDeque<usize>, generator: &mut SplitMix64) -> u64 {
        match self.schedule {
            Schedule::Random => generator.below(ready.len() as u64),
            Schedule::Fifo => 0,
            Schedule::Lifo => ready.len() as u64 - 1,
            Schedule::Pct(depth) => self.pct.pick(depth, ready, generator),
        }
    }

    /// The task in `slot` gave way of itself, so that others may run.
    pub(crate) fn yielded(&mut self, slot: usize) {
        if let Schedule::Pct(_) = self.schedule {
            self.pct.fall(slot);
        }
    }

    /// The task in `slot` has ended: the next one there begins anew.
    pub(crate) fn ended(&mut self, slot: usize) {
        if let Some(priority) = self.pct.priorities.get_mut(slot) {
            *priority = 0;
        }
    }
}

impl Pct {
    fn pick(&mut self, depth: u32, ready: &VecDeque<usize>, generator: &mut SplitMix64) -> u64 {
        if self.picks == 0 {
            // How long the run will be is not known: any order of magnitude is as likely.
            let mut point = || {
                let scale = 1 << generator.below(13);
                scale + generator.below(scale)
            };
            self.changes = (1..depth).map(|_| point()).collect();
        }
        self.picks += 1;
        for &slot in ready {
            if *self.priority(slot) == 0 {
                *self.priority(slot) = MIDDLE | generator.next();
            }
        }
        if self.changes.contains(&self.picks) {
            let first = ready[self.highest(ready)];
            self.fall(first);
        }
        self.highest(ready) as u64
    }

    fn highest(&self, ready: &VecDeque<usize>) -> usize {
        let best = ready.iter().enumerate().max_by_key(|&(_, &slot)| self.priorities[slot]);
        best.map_or(0, |(position, _)| position)
    }

    fn fall(&mut self, slot: usize) {
        self.lowest -= 1;
        *self.priority(slot) = self.lowest;
    }

    fn priority(&mut self, slot: usize) -> &mut u64 {
        if slot >= self.priorities.len() {
            self.priorities.resize(slot + 1, 0);
        }
        &mut self.priorities[slot]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picks(schedule: Schedule, seed: u64) -> Vec<u64> {
        let (mut picker, mut generator) = (Picker::new(schedule), SplitMix64::new(seed));
        let ready = VecDeque::from([4, 1, 3]);
        (0..20).map(|_| picker.pick(&ready, &mut generator)).collect()
    }

    #[test]
    fn first_and_last_come_first() {
        assert_eq!(picks(Schedule::Fifo, 1), [0; 20]);
        assert_eq!(picks(Schedule::Lifo, 1), [2; 20]);
    }

    #[test]
    fn without_a_change_the_priorities_stay() {
        let all = (0..20).map(|seed| picks(Schedule::Pct(1), seed));
        let firsts: Vec<u64> = all
            .map(|picks| {
                assert!(picks.iter().all(|pick| *pick == picks[0]), "{picks:?}");
                picks[0]
            })
            .collect();
        assert!([0, 1, 2].iter().all(|pick| firsts.contains(pick)), "{firsts:?}");
    }

    #[test]
    fn a_change_puts_the_first_behind() {
        let changed = (0..100).filter(|&seed| {
            let picks = picks(Schedule::Pct(2), seed);
            picks.iter().any(|pick| *pick != picks[0])
        });
        // Points from 2 to 20 are about four in thirteen.
        assert!((15..60).contains(&changed.count()));
    }

    #[test]
    fn who_yields_falls_behind_until_it_ends() {
        let (mut picker, mut generator) = (Picker::new(Schedule::Pct(1)), SplitMix64::new(5));
        let ready = VecDeque::from([0, 1]);
        let first = picker.pick(&ready, &mut generator);
        picker.yielded(ready[first as usize]);
        assert_ne!(picker.pick(&ready, &mut generator), first);
        picker.yielded(ready[1 - first as usize]);
        assert_eq!(picker.pick(&ready, &mut generator), first);
        picker.ended(1 - first as usize);
        assert_ne!(
            picker.pick(&ready, &mut generator),
            first,
            "a newcomer stands before the fallen"
        );
    }
}
