//! The corpus in the simulator.

use std::time::Duration;

use mtaio_sim::{Cancel, Explore, Explored, Failure, Faults, Schedule, Sim};

use crate::CORPUS;
use crate::blocks::{Code, beside_a_ticker, ms};
use crate::bug::{Bug, Needs};

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
    let failure = explore(bug, place).expect_err("it has a mistake");
    assert!(is_right(bug, &failure), "not {:?} of `{}`: {failure}", bug.diagnosis, bug.concerns);
    let settings = settings(bug.needs, place).seeds(0..300);
    if let Err(failure) = explore_as(settings, bug, place, Code::Fixed) {
        panic!("without its mistake: {failure}");
    }
}

/// Whether the bug is called by its name.
pub fn is_right(bug: &Bug, failure: &Failure) -> bool {
    failure.diagnosis() == bug.diagnosis && concerns(failure, bug.concerns)
}

/// Looks for the bug.
pub fn explore(bug: &Bug, place: Place) -> Result<Explored, Failure> {
    explore_as(settings(bug.needs, place).seeds(0..SEEDS), bug, place, Code::Buggy)
}

fn explore_as(settings: Explore, bug: &Bug, place: Place, code: Code) -> Result<Explored, Failure> {
    Sim::try_explore(settings, |rt| async move {
        match place {
            Place::Alone => (bug.on_sim)(rt, code).await,
            Place::BesideATicker => beside_a_ticker(rt.clone(), (bug.on_sim)(rt, code)).await,
        }
    })
}

/// Fails unless the right ones of `bugs` are right under `more` than what they are about, too.
fn finds_no_mistake<'a>(
    bugs: impl IntoIterator<Item = &'a Bug>,
    more: impl Fn(Explore) -> Explore,
) {
    for bug in bugs {
        let settings = more(settings(bug.needs, Place::BesideATicker)).seeds(0..100);
        let found = explore_as(settings.clone(), bug, Place::BesideATicker, Code::Fixed);
        if let Err(failure) = found {
            panic!("{} without its mistake, under {settings:?}: {failure}", bug.name);
        }
    }
}

const HARSH: Faults =
    Faults::new().spurious_polls(0.1).late_timers(ms(5)).wall_clock_jumps(Duration::from_secs(60));

#[test]
fn no_fault_is_a_false_alarm() {
    finds_no_mistake(CORPUS, |explore| explore.faults(HARSH));
}

#[test]
fn no_schedule_is_a_false_alarm() {
    for schedule in [Schedule::Fifo, Schedule::Lifo, Schedule::Pct(1), Schedule::Pct(3)] {
        finds_no_mistake(CORPUS, |explore| explore.policy(schedule).faults(HARSH));
    }
}

#[test]
fn no_look_for_lost_wakeups_is_a_false_alarm() {
    let bugs = CORPUS.iter().filter(|bug| bug.needs != Needs::Cancel);
    for faults in [Faults::new(), Faults::new().spurious_polls(0.1)] {
        finds_no_mistake(bugs.clone(), |explore| explore.rescue_before_time().faults(faults));
    }
}

#[test]
fn a_cancelled_task_is_no_lost_wakeup() {
    let bugs = CORPUS.iter().filter(|bug| bug.needs == Needs::Cancel);
    finds_no_mistake(bugs, Explore::rescue_before_time);
}

#[test]
fn a_late_timer_is_no_lost_wakeup() {
    let bugs = CORPUS.iter().filter(|bug| bug.needs != Needs::Cancel);
    finds_no_mistake(bugs, |explore| explore.rescue_before_time().faults(HARSH));
}

/// A task that was polled out of turn has not moved.
#[test]
fn a_deadlock_beside_a_ticker_is_one_under_spurious_polls() {
    let spurious = Faults::new().spurious_polls(0.1);
    deadlocks_are_deadlocks(|explore| explore.faults(spurious));
}

#[test]
fn a_deadlock_beside_a_ticker_is_one_where_wakes_are_looked_for() {
    deadlocks_are_deadlocks(Explore::rescue_before_time);
}

fn deadlocks_are_deadlocks(more: impl Fn(Explore) -> Explore) {
    for bug in CORPUS.iter().filter(|bug| bug.file == "deadlocks") {
        let settings = more(settings(bug.needs, Place::BesideATicker)).seeds(0..SEEDS);
        let failure = explore_as(settings, bug, Place::BesideATicker, Code::Buggy);
        let failure = failure.expect_err("it has a mistake");
        assert!(is_right(bug, &failure), "{}: {failure}", bug.name);
    }
}

/// The same for all, but for what the bug is about.
const fn settings(needs: Needs, place: Place) -> Explore {
    let explore = Explore::new().max_polls(20_000);
    let explore = match place {
        Place::Alone => explore,
        Place::BesideATicker => explore.max_time(Duration::from_secs(10)),
    };
    match needs {
        Needs::Seeds => explore,
        Needs::LateTimers => explore.faults(Faults::new().late_timers(ms(5))),
        Needs::SpuriousPolls => explore.faults(Faults::new().spurious_polls(0.1)),
        Needs::WallClockJumps => {
            explore.faults(Faults::new().wall_clock_jumps(Duration::from_secs(60)))
        }
        Needs::Cancel => explore.cancel(Cancel::AtEveryAwait("worker")),
        Needs::RunTwice => explore.run_twice(1),
        Needs::RescueBeforeTime => explore.rescue_before_time(),
    }
}

fn concerns(failure: &Failure, name: &str) -> bool {
    let mut all = failure.tasks().iter().chain(failure.timers());
    all.any(|task| task.to_string().starts_with(name))
}
