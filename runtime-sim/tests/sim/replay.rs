//! The environment picks the seeds, and a failing seed says how to see it again.

use std::cell::Cell;
use std::env;
use std::future::pending;
use std::process::{Command, Output};
use std::thread;

use mtaio_runtime::{Runtime, RuntimeExt};
use mtaio_sim::{Explore, Faults, Sim};

use crate::common::{ms, seed_factor};

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

/// A number for the traces of many seeds: of tasks that take turns, sleep, draw and are hit by
/// every kind of fault.
fn traces(seeds: u64) -> u64 {
    let faults = Faults::new().spurious_polls(0.1).late_timers(ms(2)).wall_clock_jumps(ms(9));
    let explore = Explore::new().faults(faults);
    (0..seeds).fold(0, |sum: u64, seed| {
        let (report, result) = explore.run_reported(seed, |rt| async move {
            let tasks: Vec<_> = (0..6)
                .map(|number| {
                    let rt = rt.clone();
                    rt.clone().spawn(async move {
                        rt.yield_now().await;
                        rt.sleep(ms(number + rt.entropy() % 4)).await;
                        rt.yield_now().await;
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        result.unwrap();
        sum.rotate_left(1) ^ report.trace_hash()
    })
}

/// How many seeds the traces are of: more where the environment asks for more.
fn trace_seeds() -> u64 {
    100 * seed_factor()
}

#[test]
fn tells_its_traces() {
    let seeds = trace_seeds();
    println!("traces of {seeds} seeds: {:x}", traces(seeds));
}

#[test]
fn the_same_seed_leaves_the_same_trace_in_every_process() {
    let seeds = trace_seeds();
    let here = traces(seeds);
    assert_eq!(traces(seeds), here);
    assert_ne!(traces(seeds - 1), here);
    let (passed, text) =
        child("tells_its_traces", &[("MTAIO_SIM_SEEDS", &(seeds / 100).to_string())]);
    assert!(passed && text.contains(&format!("traces of {seeds} seeds: {here:x}\n")), "{text}");
}

#[test]
fn shrinks() {
    let order = |rt: Sim| async move {
        let (sent, received) = std::sync::mpsc::channel();
        let tasks = [1, 2, 3].map(|number| {
            let sent = sent.clone();
            rt.spawn_named(format!("task-{number}"), async move { sent.send(number).unwrap() })
        });
        for task in tasks {
            task.await.unwrap();
        }
        let order: Vec<_> = received.try_iter().collect();
        println!("in the order {order:?}");
        assert_ne!(order, [1, 3, 2], "3 was before 2");
    };
    if env::var_os("MTAIO_SIM_REPLAY").is_some() || env::var_os("SHRINK").is_some() {
        Sim::explore(Explore::new(), order);
    }
}

#[test]
fn a_failing_test_prints_the_replay_that_fails_alike() {
    let (passed, text) = child("shrinks", &[("SHRINK", "1")]);
    assert!(!passed, "{text}");
    let (_, line) = text.split_once("replay it: MTAIO_SIM_REPLAY=").expect(&text);
    let replay = line.split_once(" cargo test replay::shrinks\n").expect(&text).0;
    assert_eq!(text.matches("3 was before 2").count(), 2, "once as it panics, once told: {text}");

    let (passed, text) = child("shrinks", &[("MTAIO_SIM_REPLAY", replay)]);
    assert!(!passed && text.contains("mtaio-sim: panic with a replay, at 0ns"), "{text}");
    assert_eq!(text.matches("in the order").count(), 1, "{text}");
    assert!(text.contains("task-3  <- before task-2"), "{text}");

    let (passed, text) = child("shrinks", &[("MTAIO_SIM_REPLAY", "")]);
    assert!(passed && text.contains("in the order [1, 2, 3]"), "{text}");
}

#[test]
fn a_malformed_variable_is_refused_by_name() {
    let (passed, text) = child("counts_its_schedules", &[("MTAIO_SIM_REPLAY", "s1=1,x")]);
    assert!(!passed && text.contains("MTAIO_SIM_REPLAY: \"x\" is no choice of a replay"), "{text}");
    let (passed, text) = child("counts_its_schedules", &[("MTAIO_SIM_SEED", "x")]);
    assert!(!passed, "{text}");
    assert!(text.contains("MTAIO_SIM_SEED is \"x\": it must be a whole number from 0"), "{text}");
}
