//! What goes wrong is told by its right name, with the names of those concerned.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::task::Poll;

use mtaio_runtime::{Instant, Runtime, RuntimeExt, TaskName};
use mtaio_sim::{Diagnosis, Explore, Failure, Sim};

use crate::common::{ms, poll_once};

pub(crate) fn names(names: &[TaskName]) -> Vec<String> {
    let mut names: Vec<_> = names.iter().map(ToString::to_string).collect();
    names.sort();
    names
}

#[track_caller]
pub(crate) fn failed<T>(result: Result<T, Failure>, diagnosis: Diagnosis) -> Failure {
    let Err(failure) = result else { panic!("no failure, instead of {diagnosis:?}") };
    assert_eq!(failure.diagnosis(), diagnosis, "{failure}");
    failure
}

#[test]
fn a_deadlock_names_every_task_that_waits() {
    let line = line!() + 1;
    let failure = Sim::try_run(17, |rt| async move {
        rt.sleep(ms(1_500)).await;
        rt.spawn_named("done", async {}).await.unwrap();
        let reader = rt.spawn_named("reader", pending::<()>());
        let writer = rt.spawn_named("writer", pending::<()>());
        let _both = (reader.await, writer.await);
    });
    let failure = failed(failure, Diagnosis::Deadlock);
    assert_eq!((failure.seed(), failure.at()), (Some(17), Instant::ZERO + ms(1_500)));
    let root = format!("root at {}:{line}:", file!());
    let [reader, found, writer] = &names(failure.tasks())[..] else { panic!("{failure}") };
    assert!(found.starts_with(&root), "{found} instead of {root}");
    assert_eq!((reader.as_str(), writer.as_str()), ("reader", "writer"));
    let report = failure.to_string();
    let head = "mtaio-sim: deadlock with seed 17, at 1.5s of virtual time, after 6 polls\n";
    assert!(report.starts_with(head), "{report}");
    assert!(report.contains("\n  tasks that wait (3):\n    - reader\n    - root at "), "{report}");
}

#[test]
fn a_detached_task_that_never_ends_is_a_leak() {
    let leak = |rt: Sim| async move {
        for _ in 0..3 {
            rt.spawn_named("orphan", pending::<()>()).detach();
        }
        rt.sleep(ms(2)).await;
    };
    let failure = failed(Sim::try_run(1, leak), Diagnosis::Leak);
    assert_eq!(names(failure.tasks()), ["orphan"; 3]);
    assert_eq!(failure.at(), Instant::ZERO + ms(2));
    assert!(failure.to_string().contains("- orphan (3 times)"), "{failure}");
    assert!(Explore::new().allow_leaks().run_seed(1, leak).is_ok());
}

#[test]
fn a_task_that_still_sleeps_is_a_leak_with_its_timer() {
    let failure = Sim::try_run(1, |rt| async move {
        let sleeper = rt.spawn_named("sleeper", {
            let rt = rt.clone();
            async move { rt.sleep(ms(5)).await }
        });
        sleeper.detach();
    });
    let failure = failed(failure, Diagnosis::Leak);
    assert_eq!(names(failure.tasks()), ["sleeper"]);
    assert_eq!(names(failure.timers()), ["sleeper"]);
    assert_eq!(failure.at(), Instant::ZERO, "no time passes after the end");
}

#[test]
fn a_timer_without_its_task_is_a_leak() {
    let failure = Sim::try_run(1, |rt| async move {
        let forgets = rt.spawn_named("forgets", {
            let rt = rt.clone();
            async move {
                let mut sleep = Box::pin(rt.sleep(ms(5)));
                assert!(poll_once(sleep.as_mut()).await.is_pending());
                std::mem::forget(sleep);
            }
        });
        forgets.await.unwrap();
    });
    let failure = failed(failure, Diagnosis::Leak);
    assert!(failure.tasks().is_empty());
    assert_eq!(names(failure.timers()), ["forgets"]);
}

#[test]
fn what_can_still_run_at_the_end_is_no_leak() {
    Sim::explore(Explore::new().seeds(0..20), |rt| async move {
        let yields = {
            let rt = rt.clone();
            async move {
                for _ in 0..10 {
                    rt.yield_now().await;
                }
            }
        };
        rt.spawn(yields).detach();
        drop(rt.spawn(pending::<()>()));
        rt.spawn_blocking(Box::new(|| {}));
        let _unpolled = pin!(rt.sleep(ms(1)));
    });
}

#[test]
fn a_task_that_spins_is_a_livelock() {
    let spin = |rt: Sim| async move {
        let idle = rt.spawn_named("idle", pending::<()>());
        let spinner = rt.spawn_named(
            "spinner",
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            }),
        );
        let _both = (spinner.await, idle.await);
    };
    let failure = failed(Explore::new().max_polls(5_000).run_seed(1, spin), Diagnosis::Livelock);
    assert_eq!(names(failure.tasks()), ["spinner"]);
    assert_eq!(failure.polls(), 5_000);
}

#[test]
fn the_last_poll_that_is_allowed_may_be_the_end() {
    let three_polls = |rt: Sim| async move {
        rt.yield_now().await;
        rt.yield_now().await;
    };
    assert!(Explore::new().max_polls(3).run_seed(1, three_polls).is_ok());
    failed(Explore::new().max_polls(2).run_seed(1, three_polls), Diagnosis::Livelock);
}

#[test]
fn a_panic_of_the_scenario_is_reported_and_can_be_resumed() {
    let failure = Sim::try_run(3, |rt| async move {
        rt.sleep(ms(1)).await;
        std::panic::panic_any(42_u8);
    });
    let failure = failed(failure, Diagnosis::Panicked);
    assert_eq!((failure.seed(), failure.at()), (Some(3), Instant::ZERO + ms(1)));
    let payload = failure.into_panic().expect("a panic").into_payload();
    assert_eq!(payload.downcast_ref(), Some(&42_u8));
}

#[test]
fn a_panic_before_the_first_poll_is_the_scenarios_too() {
    let failure = Sim::try_run(3, |_rt| -> std::future::Ready<()> { panic!("on purpose: early") });
    assert_eq!(failed(failure, Diagnosis::Panicked).panic_message(), Some("on purpose: early"));
}

#[test]
fn a_panic_of_a_raw_future_ends_that_future_and_fails_the_run() {
    let mut went_on = false;
    let failure = Sim::try_run(1, |rt| {
        let went_on = &mut went_on;
        async move {
            rt.spawn_detached(TaskName::new("raw"), async { panic!("on purpose: raw") });
            rt.sleep(ms(1)).await;
            *went_on = true;
        }
    });
    let failure = failed(failure, Diagnosis::Panicked);
    assert_eq!(names(failure.tasks()), ["raw"]);
    assert!(failure.to_string().contains("    - raw: on purpose: raw\n"), "{failure}");
    assert!(went_on);
}

#[test]
fn a_panic_that_a_task_answers_for_is_no_failure() {
    let joined = Sim::run(1, |rt| async move { rt.spawn(async { panic!("on purpose") }).await });
    assert!(joined.is_err_and(|error: mtaio_runtime::JoinError| error.is_panicked()));
}

#[test]
#[should_panic(expected = "mtaio-sim: deadlock with seed 5, at 0ns")]
fn run_panics_with_the_report() {
    Sim::run(5, |_rt| pending::<()>());
}
