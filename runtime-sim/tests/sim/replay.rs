//! The environment picks the seeds, and a failing seed says how to see it again.

use std::cell::Cell;
use std::env;
use std::future::pending;
use std::process::{Command, Output};
use std::thread;

use mtaio_sim::{Explore, Sim};

/// Runs the test `name` of this file in a process of its own.
fn child(name: &str, variables: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(env::current_exe().unwrap());
    let test = format!("replay::{name}");
    command.args(["--exact", &test, "--nocapture"]);
    for variable in ["MTAIO_SIM_SEED", "MTAIO_SIM_SEEDS", "MTAIO_SIM_REPLAY"] {
        command.env_remove(variable);
    }
    let Output { status, stdout, stderr } =
        command.envs(variables.iter().copied()).output().unwrap();
    let text = [stdout, stderr].concat();
    (status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn counts_its_schedules() {
    let schedules = Cell::new(0);
    Sim::explore(Explore::new().seeds(3..5), |_rt| async { schedules.set(schedules.get() + 1) });
    assert_ne!(schedules.get(), 0);
    println!("{} schedules", schedules.get());
}

#[test]
#[should_panic(expected = "deadlock with seed")]
fn deadlocks() {
    Sim::explore(Explore::new().seeds(3..5), |_rt| pending::<()>());
}

/// The first seed runs twice, and every tenth after it.
#[test]
fn the_seeds_are_those_asked_for_times_the_factor() {
    let (passed, text) = child("counts_its_schedules", &[]);
    assert!(passed && text.contains("\n3 schedules"), "{text}");
    let (passed, text) = child("counts_its_schedules", &[("MTAIO_SIM_SEEDS", "100")]);
    assert!(passed && text.contains("\n220 schedules"), "{text}");
    let (passed, text) = child("counts_its_schedules", &[("MTAIO_SIM_SEED", "9")]);
    assert!(passed && text.contains("\n2 schedules"), "{text}");
}

#[test]
fn a_failing_seed_says_the_line_that_replays_it() {
    let (passed, text) = child("deadlocks", &[]);
    assert!(passed && text.contains("deadlock with seed 3,"), "{text}");
    assert!(text.contains("replay it: MTAIO_SIM_SEED=3 cargo test replay::deadlocks\n"), "{text}");
    assert!(text.contains("replay.rs:"), "the panic is placed in the test: {text}");

    let (passed, text) = child("deadlocks", &[("MTAIO_SIM_SEED", "99")]);
    assert!(passed && text.contains("deadlock with seed 99,"), "{text}");
}

#[test]
fn outside_of_a_test_it_says_the_variable_to_set() {
    let explore = || Sim::try_explore(Explore::new(), |_rt| pending::<()>());
    for thread in [thread::Builder::new(), thread::Builder::new().name("main".into())] {
        let failure = thread.spawn(explore).unwrap().join().unwrap().expect_err("it never ends");
        let said = format!("replay it: set MTAIO_SIM_SEED={} and ", failure.seed().unwrap());
        assert!(failure.to_string().contains(&said), "{failure}");
    }
}

#[test]
fn a_malformed_variable_is_refused_by_name() {
    let (passed, text) = child("counts_its_schedules", &[("MTAIO_SIM_SEED", "x")]);
    assert!(!passed, "{text}");
    assert!(text.contains("MTAIO_SIM_SEED is \"x\": it must be a whole number from 0"), "{text}");
}
