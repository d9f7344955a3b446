//! Explorations: which runs there are, what a failing one is shrunk to, and how it is told.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mtaio_runtime::{Instant, JoinError, Runtime, RuntimeExt};
use mtaio_sim::{Cancel, Diagnosis, Explore, Faults, Replay, Schedule, Sim};

use crate::common::{Log, ms, seed_factor};
use crate::diagnoses::{failed, names};

/// Ten tasks count up together, each in two steps that need to be one.
async fn racy(rt: Sim) {
    let count = Arc::new(AtomicU32::new(0));
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let (rt, count) = (rt.clone(), Arc::clone(&count));
            rt.clone().spawn_named(format!("adder-{number}"), async move {
                for _ in 0..number % 3 {
                    rt.yield_now().await;
                }
                let before = count.load(Ordering::Relaxed);
                if number == 4 || number == 7 {
                    rt.yield_now().await;
                }
                count.store(before + 1, Ordering::Relaxed);
                rt.sleep(ms(number)).await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count.load(Ordering::Relaxed), 10, "an addition was lost");
}

#[test]
fn a_failure_shrinks_to_what_it_needs() {
    // First come, first served, the two that give way don't meet the others.
    let quiet = |rt: Sim| async move {
        let log = Log::default();
        let tasks: Vec<_> = (0..10)
            .map(|number| {
                let (rt, log) = (rt.clone(), log.clone());
                rt.clone().spawn_named(format!("task-{number}"), async move {
                    log.push(number);
                    rt.yield_now().await;
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let order = log.entries();
        let place = |number| order.iter().position(|&entry| entry == number).unwrap();
        assert!(place(7) > place(2), "7 before 2");
    };
    let failure = Sim::try_explore(Explore::new(), quiet).expect_err("some seed does it");
    assert_eq!(failure.diagnosis(), Diagnosis::Panicked);
    let replay = failure.replay().expect("it was shrunk");
    assert_eq!(replay.len(), 1, "{failure}");
    let told = failure.to_string();
    assert!(told.contains("has 1 choice out of the ordinary"), "{told}");
    assert!(told.contains("  task-7  <- before "), "{told}");
    assert!(told.contains(&format!("replay it: MTAIO_SIM_REPLAY={replay} cargo test ")), "{told}");

    let again = Explore::new().run_replay(replay, quiet).expect_err("the replay fails, too");
    assert_eq!(again.panic_message(), failure.panic_message());
    assert_eq!((again.seed(), again.replay()), (None, Some(replay)));
    let ordinary = Explore::new().run_replay(&Replay::default(), quiet);
    assert!(ordinary.is_ok(), "{ordinary:?}");
}

#[test]
fn what_always_fails_needs_no_choice() {
    let failure = Sim::try_explore(Explore::new(), racy).expect_err("it is racy");
    assert!(failure.panic_message().unwrap().contains("an addition was lost"), "{failure}");
    assert!(failure.replay().unwrap().is_empty(), "{failure}");
    assert!(failure.to_string().contains("replay it: MTAIO_SIM_SEED="), "{failure}");
}

#[test]
fn a_recorded_run_replays_to_the_same_hash() {
    let faults = Faults::new().spurious_polls(0.2).late_timers(ms(3)).wall_clock_jumps(ms(3));
    let scenario = |rt: Sim| async move {
        let tasks: Vec<_> = (0..5)
            .map(|number| {
                let rt = rt.clone();
                rt.clone().spawn(async move {
                    rt.sleep(ms(number + rt.entropy() % 5)).await;
                    (rt.now(), rt.wall_clock(), rt.buggify(0.3))
                })
            })
            .collect();
        let mut seen = Vec::new();
        for task in tasks {
            seen.push(task.await.unwrap());
        }
        seen
    };
    for schedule in [Schedule::Random, Schedule::Fifo, Schedule::Lifo, Schedule::Pct(3)] {
        let explore = Explore::new().policy(schedule).faults(faults).record();
        let mut hashes = BTreeSet::new();
        for seed in 0..100 {
            let (report, seen) = explore.run_reported(seed, scenario);
            let replay = report.replay().expect("it was recorded").clone();
            assert_eq!(replay.to_string().parse(), Ok(replay.clone()));
            assert_eq!(explore.run_replay(&replay, scenario).unwrap(), seen.unwrap());
            let (again, _) = explore.run_reported(seed, scenario);
            assert_eq!(again.trace_hash(), report.trace_hash());
            assert_eq!((again.tasks(), again.polls()), (report.tasks(), report.polls()));
            hashes.insert(report.trace_hash());
        }
        assert_eq!(hashes.len(), 100, "{schedule:?}: the entropy differs at least");
    }
}

#[test]
fn the_report_counts() {
    let (report, result) = Explore::new().run_reported(1, |rt| async move {
        rt.spawn(async {}).await.unwrap();
        rt.sleep(ms(3)).await;
    });
    result.unwrap();
    // The root: at the start, perhaps when the task ends, and at the end.
    assert_eq!((report.at(), report.tasks()), (Instant::ZERO + ms(3), 2));
    assert!((3..=4).contains(&report.polls()), "{report:?}");
    assert_eq!(report.replay(), None);

    let explored = Sim::explore(Explore::new().seeds(0..20), |rt| async move {
        rt.sleep(ms(3)).await;
    });
    // Every tenth of them twice.
    let runs = 22 * seed_factor();
    assert_eq!((explored.runs(), explored.tasks(), explored.polls()), (runs, runs, 2 * runs));
    assert_eq!(explored.virtual_time(), ms(3 * runs));
}

#[test]
fn a_task_is_dropped_at_each_of_its_points() {
    let steps = RefCell::new(Vec::new());
    let explored =
        Sim::explore(Explore::new().seeds(5..6).cancel(Cancel::AtEveryAwait("worker")), |rt| {
            let steps = &steps;
            async move {
                let log = Log::default();
                let (inner, written) = (rt.clone(), log.clone());
                let worker = rt.spawn_named("worker", async move {
                    written.push(1);
                    inner.sleep(ms(1)).await;
                    written.push(2);
                    inner.sleep(ms(1)).await;
                    written.push(3);
                });
                let ended = match worker.await {
                    Ok(()) => true,
                    Err(JoinError::RuntimeGone) => false,
                    Err(other) => panic!("{other}"),
                };
                steps.borrow_mut().push((
                    rt.now().as_nanos() / 1_000_000,
                    log.entries().len(),
                    ended,
                ));
            }
        });
    // Before the first poll (twice: it is the seed's second run, for determinism), after it, when
    // it is woken, and so on; at last not at all.
    let expected = [
        (0, 0, false),
        (0, 0, false),
        (0, 1, false),
        (1, 1, false),
        (1, 2, false),
        (2, 2, false),
        (2, 3, true),
    ];
    assert_eq!(steps.borrow()[..7], expected);
    assert_eq!(explored.runs(), 6 * seed_factor() + seed_factor().div_ceil(10));
}

#[test]
fn a_cancellation_that_breaks_something_is_replayed() {
    let leaky = |rt: Sim| async move {
        let held = Arc::new(AtomicU32::new(0));
        let (inner, holding) = (rt.clone(), Arc::clone(&held));
        let worker = rt.spawn_named("worker", async move {
            inner.yield_now().await;
            holding.fetch_add(1, Ordering::Relaxed);
            inner.yield_now().await;
            holding.fetch_sub(1, Ordering::Relaxed);
        });
        let _ended = worker.await;
        assert_eq!(held.load(Ordering::Relaxed), 0, "a permit leaked");
    };
    Sim::explore(Explore::new(), leaky);
    let explore = Explore::new().cancel(Cancel::AtEveryAwait("worker"));
    let failure = Sim::try_explore(explore.clone(), leaky).expect_err("it leaks");
    assert_eq!(
        failure.panic_message().unwrap().lines().next(),
        Some("assertion `left == right` failed: a permit leaked")
    );
    let replay = failure.replay().unwrap();
    assert_eq!(replay.len(), 1, "{failure}");
    assert!(replay.to_string().starts_with('c'), "{failure}");
    assert!(failure.to_string().contains("worker  <- dropped"), "{failure}");
    assert!(explore.run_replay(replay, leaky).is_err());
}

#[test]
fn a_look_for_lost_wakeups_cancels_nothing() {
    let explore = Explore::new().cancel(Cancel::AtEveryAwait("worker")).rescue_before_time();
    let explored = Sim::explore(explore.seeds(0..1), |rt| async move {
        let _ended = rt.spawn_named("worker", rt.sleep(ms(1))).await;
    });
    // Before and after the first poll, when it was woken, not at all, and once more.
    assert_eq!(explored.runs(), 4 * seed_factor() + seed_factor().div_ceil(10));
}

#[test]
#[should_panic(expected = "no task of the name \"worker\" was polled")]
fn a_name_that_nobody_has_is_refused() {
    let explore = Explore::new().cancel(Cancel::AtEveryAwait("worker"));
    Sim::explore(explore, |rt| async move { rt.spawn_named("walker", async {}).await.unwrap() });
}

#[test]
fn a_run_that_differs_is_nondeterminism() {
    let runs = Cell::new(0_u64);
    let counted = |rt: Sim| {
        runs.set(runs.get() + 1);
        let extra = runs.get().is_multiple_of(2);
        async move {
            rt.spawn_named("always", async {}).await.unwrap();
            if extra {
                rt.spawn_named("sometimes", async {}).await.unwrap();
            }
        }
    };
    let failure = Sim::try_explore(Explore::new(), counted).expect_err("it counts its runs");
    assert_eq!(failure.diagnosis(), Diagnosis::Nondeterminism, "{failure}");
    assert!(names(failure.tasks()).contains(&"sometimes".to_owned()), "{failure}");
    assert!(failure.to_string().contains(" in one run and "), "{failure}");
    assert_eq!(failure.seed(), Some(0));
}

#[test]
fn the_order_of_a_hash_map_is_found_by_running_twice() {
    let ordered_by_chance = |rt: Sim| async move {
        let sleeps: HashMap<u64, u64> = (0..20).map(|number| (number, number)).collect();
        for (_, number) in sleeps {
            let rt = rt.clone();
            rt.clone().spawn(async move { rt.sleep(ms(number)).await }).await.unwrap();
        }
    };
    let explore = Explore::new().run_twice(1);
    let failure = Sim::try_explore(explore, ordered_by_chance).expect_err("no two maps are alike");
    assert_eq!(failure.diagnosis(), Diagnosis::Nondeterminism, "{failure}");
}

#[test]
fn a_failure_that_comes_and_goes_is_nondeterminism() {
    let runs = Cell::new(0);
    let first_only = |_rt: Sim| {
        runs.set(runs.get() + 1);
        let first = runs.get() == 1;
        async move { assert!(!first, "on purpose: only the first time") }
    };
    let failure = Sim::try_explore(Explore::new(), first_only);
    failed(failure, Diagnosis::Nondeterminism);
}

#[test]
fn a_second_run_that_fails_is_nondeterminism() {
    let runs = Cell::new(0);
    let second_only = |_rt: Sim| {
        runs.set(runs.get() + 1);
        let second = runs.get() == 2;
        async move { assert!(!second, "on purpose: only the second time") }
    };
    let failure = failed(Sim::try_explore(Explore::new(), second_only), Diagnosis::Nondeterminism);
    assert!(failure.to_string().contains("or outcomes are not"), "{failure}");
}

/// Another deadlock would be shorter.
#[test]
fn a_failure_shrinks_to_no_other() {
    let either = |rt: Sim| async move {
        let log = Log::default();
        let tasks = [1, 2].map(|number| {
            let log = log.clone();
            rt.spawn(async move { log.push(number) })
        });
        for task in tasks {
            task.await.unwrap();
        }
        let name = if log.entries() == [1, 2] { "ordinary" } else { "turned" };
        rt.spawn_named(name, std::future::pending::<()>()).await.unwrap();
    };
    let mut seen = BTreeSet::new();
    for seed in 0..10 {
        let failure = Sim::try_explore(Explore::new().seeds(seed..seed + 1), either);
        let failure = failed(failure, Diagnosis::Deadlock);
        let replay = failure.replay().unwrap();
        let again = failed(Explore::new().run_replay(replay, either), Diagnosis::Deadlock);
        assert_eq!(again.tasks()[1], failure.tasks()[1]);
        assert_eq!(replay.len(), usize::from(failure.tasks()[1].to_string() == "turned"));
        seen.insert(failure.tasks()[1].to_string());
    }
    assert_eq!(seen.len(), 2);
}
