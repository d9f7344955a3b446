//! When a run is over, nothing of it is left, and its handles are harmless.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use mtaio_runtime::{DynRuntime, Instant, JoinError, Runtime, RuntimeExt, TaskName};
use mtaio_sim::{Diagnosis, Explore};

use crate::common::{CountingWaker, ms};

const LEAKY: Explore = Explore::new().allow_leaks();

/// Runs a closure when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn everything_that_tasks_and_timers_hold_is_dropped() {
    let held = Arc::new(());
    for end in ["done", "deadlock", "panic"] {
        let result = LEAKY.run_seed(1, |rt| {
            let held = &held;
            async move {
                for number in 0..10 {
                    let (rt, held) = (rt.clone(), Arc::clone(held));
                    rt.clone().spawn_detached(TaskName::new("holder"), async move {
                        let _held = held;
                        rt.sleep(if number % 2 == 0 { ms(number + 10) } else { ms(u64::MAX) })
                            .await;
                        pending::<()>().await;
                    });
                }
                rt.spawn_blocking(Box::new({
                    let held = Arc::clone(held);
                    move || drop(held)
                }));
                rt.sleep(ms(1)).await;
                match end {
                    "done" => {}
                    "deadlock" => pending().await,
                    _ => panic!("on purpose"),
                }
            }
        });
        assert_eq!(result.is_ok(), end == "done");
        assert_eq!(Arc::strong_count(&held), 1, "after {end}");
    }
}

#[test]
fn a_job_that_had_no_turn_is_dropped() {
    let ran = Arc::new(AtomicUsize::new(0));
    for seed in 0..20 {
        let job = Arc::clone(&ran);
        let task = LEAKY.run_seed(seed, |rt| async move {
            let task = rt.unblock(move || job.fetch_add(1, Ordering::Relaxed));
            // The job's turn may come now, or not.
            rt.yield_now().await;
            Some(task)
        });
        let task = task.expect("leaks are allowed").expect("it is there");
        let before = ran.load(Ordering::Relaxed);
        let outcome = poll(task);
        assert!(matches!(outcome, Poll::Ready(Ok(_) | Err(JoinError::RuntimeGone))), "{outcome:?}");
        assert_eq!(ran.load(Ordering::Relaxed), before);
        assert_eq!(Arc::strong_count(&ran), 1);
    }
    let ran = ran.load(Ordering::Relaxed);
    assert!((1..20).contains(&ran), "{ran} of 20 jobs had a turn");
}

#[test]
fn destructors_may_spawn_and_sleep() {
    let ran = Arc::new(AtomicUsize::new(0));
    let dropped = Arc::new(AtomicUsize::new(0));
    let result = LEAKY.run_seed(1, |rt| {
        let (ran, dropped) = (Arc::clone(&ran), Arc::clone(&dropped));
        async move {
            let late = rt.clone();
            let guard = OnDrop(move || {
                let (ran, dropped) = (Arc::clone(&ran), Arc::clone(&dropped));
                let future_dropped = OnDrop(move || _ = dropped.fetch_add(1, Ordering::Relaxed));
                let task = late.spawn(async move {
                    let _future_dropped = future_dropped;
                    ran.fetch_add(1, Ordering::Relaxed);
                });
                assert!(matches!(poll(task), Poll::Ready(Err(JoinError::RuntimeGone))));
                assert!(poll(late.sleep(ms(1))).is_pending());
                assert!(poll(late.sleep_until(Instant::ZERO)).is_pending());
            });
            rt.spawn_detached(TaskName::new("guarded"), async move {
                let _guard = guard;
                pending::<()>().await;
            });
            rt.sleep(ms(1)).await;
        }
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
    assert_eq!((ran.load(Ordering::Relaxed), dropped.load(Ordering::Relaxed)), (0, 1));
}

#[test]
fn a_destructor_that_panics_fails_the_run_and_stops_nothing() {
    let held = Arc::new(());
    let result = LEAKY.run_seed(1, |rt| {
        let held = &held;
        async move {
            for name in ["first", "second"] {
                let (bomb, held) = (OnDrop(|| panic!("on purpose: dropped")), Arc::clone(held));
                rt.spawn_detached(TaskName::new(name), async move {
                    let _both = (held, bomb);
                    pending::<()>().await;
                });
            }
            rt.sleep(ms(1)).await;
        }
    });
    let failure = result.expect_err("the panics are told");
    assert_eq!(failure.diagnosis(), Diagnosis::Panicked);
    assert_eq!(failure.tasks(), [TaskName::new("first"), TaskName::new("second")]);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn a_future_that_panics_when_dropped_at_its_end_fails_the_run_and_stops_nothing() {
    let mut went_on = false;
    let result = LEAKY.run_seed(1, |rt| {
        let went_on = &mut went_on;
        async move {
            let bomb = OnDrop(|| panic!("on purpose: dropped"));
            let ends = poll_fn(move |_| {
                let _held = &bomb;
                Poll::Ready(())
            });
            rt.spawn_detached(TaskName::new("bomb"), ends);
            rt.sleep(ms(1)).await;
            *went_on = true;
        }
    });
    assert_eq!(result.expect_err("the panic is told").tasks(), [TaskName::new("bomb")]);
    assert!(went_on);
}

#[test]
fn a_scenario_that_panics_when_dropped_is_a_failure_too() {
    let result = LEAKY.run_seed(1, |_rt| async {
        let _bomb = OnDrop(|| panic!("on purpose: dropped"));
        pending::<()>().await;
    });
    let failure = result.expect_err("it never ends");
    assert_eq!(failure.diagnosis(), Diagnosis::Panicked);
    assert_eq!(failure.panic_message(), Some("on purpose: dropped"));
}

#[test]
fn a_forgotten_timer_gives_up_its_waker() {
    let (counter, waker) = CountingWaker::pair();
    let result = LEAKY.run_seed(1, |rt| async move {
        let mut sleep = Box::pin(rt.sleep(ms(1)));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        std::mem::forget(sleep);
    });
    assert!(result.is_ok());
    assert_eq!(Arc::strong_count(&counter), 1);
}

fn is_gone<R: Runtime>(rt: &R, end: Instant) {
    let held = Arc::new(());
    let (in_task, in_raw, in_job) = (Arc::clone(&held), Arc::clone(&held), Arc::clone(&held));
    let task = rt.spawn(async move { drop(in_task) });
    assert!(matches!(poll(task), Poll::Ready(Err(JoinError::RuntimeGone))));
    rt.spawn_detached(TaskName::new("raw"), async move { drop(in_raw) });
    rt.spawn_blocking(Box::new(move || drop(in_job)));
    assert_eq!(Arc::strong_count(&held), 1, "dropped at once");
    assert_eq!(rt.now(), end);
    assert!(poll(rt.sleep_until(Instant::ZERO)).is_pending());
    assert!(poll(rt.sleep(ms(1))).is_pending());
}

#[test]
fn a_handle_that_outlives_the_run_belongs_to_a_runtime_that_is_gone() {
    let (rt, mut sleep, task) = Explore::new()
        .allow_leaks()
        .run_seed(1, |rt| async move {
            let mut sleep = Box::pin(rt.sleep(ms(9)));
            assert!(crate::common::poll_once(sleep.as_mut()).await.is_pending());
            let task = rt.spawn(pending::<()>());
            rt.sleep(ms(4)).await;
            (rt, sleep, task)
        })
        .expect("leaks are allowed");
    is_gone(&rt, Instant::ZERO + ms(4));
    is_gone(&DynRuntime::new(&rt), Instant::ZERO + ms(4));
    assert!(poll(sleep.as_mut()).is_pending());
    assert!(matches!(poll(task), Poll::Ready(Err(JoinError::RuntimeGone))));
}
