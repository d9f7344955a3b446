use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::contest::{Contest, Operations};
use super::report::{Failure, Row};
use super::side::{Outcome, Side, Unit};
use super::stats::{Summary, ratio};

/// How thoroughly contests are run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Effort {
    /// Rounds that are measured, after one that is not.
    pub(crate) rounds: usize,
    /// How long a round of one side is to take.
    pub(crate) round_nanos: f64,
}

impl Effort {
    /// For figures that are to be quoted.
    pub(crate) const FULL: Self = Self { rounds: 31, round_nanos: 15_000_000.0 };
    /// To see whether everything runs.
    pub(crate) const QUICK: Self = Self { rounds: 5, round_nanos: 10_000_000.0 };
}

/// Operations whose allocations are counted in a round: enough for those that come now and then,
/// when a queue is full or grows.
const COUNTED_OPERATIONS: u64 = 10_000;

/// Where calibration gives up: more than any round has time for.
const MOST_OPERATIONS: u64 = 1 << 40;

/// One side while its contest runs.
struct Entrant<'a> {
    name: &'static str,
    side: &'a mut Side,
    operations: u64,
    samples: Vec<f64>,
    /// Processor time that its rounds took, nanoseconds an operation of each.
    cpu: Option<f64>,
}

/// Runs `contest`: round by round each side takes its turn, so that what disturbs the machine
/// disturbs all of them, and each round another one begins.
pub(crate) fn run(mut contest: Contest, effort: Effort) -> Result<Vec<Row>, Failure> {
    let name = contest.name.clone();
    let fail = |reason: String| Failure { contest: name.clone(), reason };
    let unit = contest.unit().map_err(fail)?;
    let aims: Vec<_> = contest.peers.iter().map(|peer| peer.aim).collect();

    let peers = contest.peers.iter_mut().map(|peer| (peer.name, &mut peer.side));
    let sides = contest.ours.iter_mut().map(|side| (OURS, side)).chain(peers);
    let mut entrants: Vec<_> = sides
        .map(|(name, side)| Entrant {
            name,
            side,
            operations: 1,
            samples: Vec::new(),
            cpu: Some(0.0),
        })
        .collect();

    for entrant in &mut entrants {
        entrant.warm_up(unit, contest.operations, effort).map_err(fail)?;
    }
    let count = entrants.len();
    let rounds = contest.rounds.map_or(effort.rounds, |most| most.min(effort.rounds));
    for round in 0..rounds {
        for turn in 0..count {
            entrants[(round + turn) % count].take_turn().map_err(fail)?;
        }
    }

    let summaries: Vec<_> =
        entrants.iter().map(Entrant::summary).collect::<Result<_, _>>().map_err(fail)?;
    let ours = &entrants[0];
    // A ratio of counts near zero tells nothing.
    let timed = unit == Unit::Nanos;
    let rows = aims.into_iter().zip(&entrants[1..]).zip(&summaries[1..]);
    Ok(rows
        .map(|((aim, theirs), summary)| Row {
            group: contest.group,
            contest: contest.name.clone(),
            peer: theirs.name,
            unit,
            ours: summaries[0],
            theirs: *summary,
            ratio: ratio(summaries[0].median, summary.median).filter(|_| timed),
            ratios: round_by_round(&ours.samples, &theirs.samples).filter(|_| timed),
            cpu: ours.cpu.zip(theirs.cpu).and_then(|(ours, theirs)| ratio(ours, theirs)),
            aim,
        })
        .collect())
}

/// What our side is called where peers have their names.
const OURS: &str = "mtaio";

impl Entrant<'_> {
    /// Finds out how many operations a round has, and runs one that does not count.
    fn warm_up(&mut self, unit: Unit, planned: Operations, effort: Effort) -> Result<(), String> {
        self.operations = match (planned, unit) {
            (Operations::Items(count), _) => count,
            (Operations::Calibrated, Unit::Allocations) => COUNTED_OPERATIONS,
            (Operations::Calibrated, Unit::Nanos) => self.calibrate(effort.round_nanos)?,
            (Operations::Calibrated, Unit::Bytes | Unit::MissPercent) => 1,
        };
        self.sample().map(drop)
    }

    /// The number of operations that take `round_nanos`.
    fn calibrate(&mut self, round_nanos: f64) -> Result<u64, String> {
        let mut operations = 16;
        loop {
            self.operations = operations;
            let each = self.sample()?;
            if each * operations as f64 >= round_nanos / 4.0 {
                return Ok(((round_nanos / each) as u64).max(1));
            }
            if operations >= MOST_OPERATIONS {
                return Err(format!("`{}` takes no time: does it do anything?", self.name));
            }
            operations *= 2;
        }
    }

    fn take_turn(&mut self) -> Result<(), String> {
        let before = processor_nanos();
        let sample = self.sample()?;
        let took = processor_nanos().zip(before).map(|(after, before)| after - before);
        self.cpu = self.cpu.zip(took).map(|(sum, took)| sum + took / self.operations as f64);
        self.samples.push(sample);
        Ok(())
    }

    /// What an operation took in one round. A panic is an error of this side.
    fn sample(&mut self) -> Result<f64, String> {
        let run = || self.side.run(self.operations);
        let sum: Outcome<f64> = catch_unwind(AssertUnwindSafe(run))
            .unwrap_or_else(|panic| Err(format!("panicked: {}", message(&*panic)).into()));
        sum.map(|sum| sum / self.operations as f64)
            .map_err(|error| format!("`{}` did not run: {error}", self.name))
    }

    fn summary(&self) -> Result<Summary, String> {
        Summary::of(&self.samples).ok_or_else(|| format!("`{}` gave no figures", self.name))
    }
}

/// The processor time that all threads of this process have taken.
#[cfg(unix)]
fn processor_nanos() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 * 1e9 + time.tv_nsec as f64)
}

/// Nothing portable tells it.
#[cfg(not(unix))]
fn processor_nanos() -> Option<f64> {
    None
}

/// Where the ratios of the single rounds lie: the noise of the comparison.
fn round_by_round(ours: &[f64], theirs: &[f64]) -> Option<Summary> {
    let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| ratio(*ours, *theirs));
    Summary::of(&ratios.collect::<Option<Vec<_>>>()?)
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;
    use crate::harness::aim::{Aim, Bound};

    const EFFORT: Effort = Effort { rounds: 4, round_nanos: 1_000.0 };

    /// A side whose operations take `nanos` each, by its own account.
    fn taking(nanos: f64) -> Side {
        Side::new(Unit::Nanos, move |times| Ok(nanos * times as f64))
    }

    #[test]
    fn a_row_a_peer_with_medians_ratio_and_verdict() {
        let contest = Contest::new("group", "name")
            .ours(taking(12.0))
            .peer("fast", Aim::Gate(Bound::Ratio(1.1)), taking(10.0))
            .peer("slow", Aim::Wish(Bound::Ratio(0.5)), taking(24.0));
        let rows = run(contest, EFFORT).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (rows[0].peer, rows[0].ratio, rows[0].is_met()),
            ("fast", Some(1.2), Some(false))
        );
        assert_eq!(
            (rows[1].peer, rows[1].ratio, rows[1].is_met()),
            ("slow", Some(0.5), Some(true))
        );
        assert_eq!(rows[0].ours.median, 12.0);
        assert_eq!(rows[0].theirs.median, 10.0);
    }

    #[test]
    fn sides_take_turns_and_the_first_changes() {
        let turns = Rc::new(RefCell::new(String::new()));
        let side = |letter: char| {
            let turns = Rc::clone(&turns);
            Side::new(Unit::Nanos, move |times| {
                turns.borrow_mut().push(letter);
                Ok(times as f64)
            })
        };
        let contest = Contest::new("group", "name")
            .items(3)
            .ours(side('o'))
            .peer("a", Aim::Open, side('a'))
            .peer("b", Aim::Open, side('b'));
        run(contest, EFFORT).unwrap();
        assert_eq!(*turns.borrow(), "oab oab abo boa oab".replace(' ', ""));
    }

    #[test]
    fn a_peer_that_does_not_run_is_a_failure_that_names_it() {
        let refused = Side::new(Unit::Nanos, |_| Err("no runtime here".into()));
        let contest =
            Contest::new("group", "name").ours(taking(1.0)).peer("it", Aim::Open, refused);
        let failure = run(contest, EFFORT).unwrap_err();
        assert_eq!(failure.to_string(), "name: `it` did not run: no runtime here");

        let panics = Side::new(Unit::Nanos, |_| panic!("on purpose"));
        let contest = Contest::new("group", "name").ours(taking(1.0)).peer("it", Aim::Open, panics);
        let failure = run(contest, EFFORT).unwrap_err();
        assert_eq!(failure.to_string(), "name: `it` did not run: panicked: on purpose");
    }

    #[test]
    #[cfg(unix)]
    fn processor_time_is_not_that_of_the_clock() {
        let busy = || {
            Side::new(Unit::Nanos, |times| {
                (0..times * 100_000)
                    .for_each(|turn| assert!(std::hint::black_box(turn) < u64::MAX));
                Ok(times as f64)
            })
        };
        let waiting = Side::new(Unit::Nanos, |times| {
            std::thread::sleep(std::time::Duration::from_millis(times));
            Ok(times as f64)
        });
        let contest = Contest::new("group", "name")
            .items(10)
            .ours(busy())
            .peer("busy", Aim::Open, busy())
            .peer("waiting", Aim::Open, waiting);
        let rows = run(contest, EFFORT).unwrap();
        assert!(rows[0].cpu.unwrap() < rows[1].cpu.unwrap());
    }

    #[test]
    fn a_side_that_takes_no_time_is_a_failure() {
        let contest =
            Contest::new("group", "name").ours(taking(0.0)).peer("it", Aim::Open, taking(1.0));
        assert!(run(contest, EFFORT).unwrap_err().reason.starts_with("`mtaio` takes no time"));
    }

    #[test]
    fn a_contest_needs_both_sides() {
        let alone = Contest::new("group", "name").ours(taking(1.0));
        assert_eq!(run(alone, EFFORT).unwrap_err().reason, "there is no peer");
        let without_us = Contest::new("group", "name").peer("it", Aim::Open, taking(1.0));
        assert_eq!(run(without_us, EFFORT).unwrap_err().reason, "our side is missing");
    }

    #[test]
    fn figures_of_two_units_are_not_compared() {
        let allocations = Side::new(Unit::Allocations, |_| Ok(0.0));
        let mixed =
            Contest::new("group", "name").ours(taking(1.0)).peer("it", Aim::Open, allocations);
        assert!(run(mixed, EFFORT).is_err());
        let aim = Aim::Gate(Bound::Allocations(0.0));
        let mixed = Contest::new("group", "name").ours(taking(1.0)).peer("it", aim, taking(1.0));
        assert!(run(mixed, EFFORT).is_err());
    }
}
