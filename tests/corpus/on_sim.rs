//! The corpus in the simulator.

use mtaio_sim::{Explore, Failure, Sim};

use crate::CORPUS;
use crate::blocks::{Code, beside_a_ticker};
use crate::bug::{Bug, Diagnosis, Needs};

pub const SEEDS: u64 = 1_000;

/// Where a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Alone,
    /// Beside a periodic timer, so that nothing ever stalls.
    BesideATicker,
}

/// Fails unless the bug is found by its name, and nothing in what it is without its mistake.
pub fn finds(name: &str, place: Place) {
    let bug = CORPUS.iter().find(|bug| bug.name == name).expect("it is in the corpus");
    let failure = explore(bug, place, Code::Buggy, SEEDS).expect_err("it has a mistake");
    assert_eq!(diagnosis(&failure), bug.diagnosis, "{failure}");
    assert!(concerns(&failure, bug.concerns), "not of `{}`: {failure}", bug.concerns);
    if let Err(failure) = explore(bug, place, Code::Fixed, 300) {
        panic!("without its mistake: {failure}");
    }
}

pub fn explore(bug: &Bug, place: Place, code: Code, seeds: u64) -> Result<(), Failure> {
    let settings = settings(bug.needs, place).seeds(0..seeds);
    Sim::try_explore(settings, |rt| async move {
        match place {
            Place::Alone => (bug.on_sim)(rt, code).await,
            Place::BesideATicker => beside_a_ticker(rt.clone(), (bug.on_sim)(rt, code)).await,
        }
    })
}

fn settings(needs: Needs, _place: Place) -> Explore {
    let explore = Explore::new().max_polls(20_000);
    match needs {
        Needs::Seeds => explore,
        Needs::LateTimers => explore,
        Needs::SpuriousPolls => explore,
        Needs::WallClockJumps => explore,
        Needs::Cancel => explore,
        Needs::RunTwice => explore,
    }
}

fn concerns(failure: &Failure, name: &str) -> bool {
    let mut all = failure.tasks().iter().chain(failure.timers());
    all.any(|task| task.to_string().starts_with(name))
}

pub fn diagnosis(failure: &Failure) -> Diagnosis {
    match failure.diagnosis() {
        mtaio_sim::Diagnosis::Deadlock => Diagnosis::Deadlock,
        mtaio_sim::Diagnosis::Leak => Diagnosis::Leak,
        mtaio_sim::Diagnosis::Livelock => Diagnosis::Livelock,
        mtaio_sim::Diagnosis::Panicked => Diagnosis::Panicked,
        _ => unreachable!(),
    }
}
