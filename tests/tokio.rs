//! What is tokio's own: its contexts, its paused clock, its budget.

#![allow(clippy::expect_used, reason = "a test may fail")]

mod common;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures_util::future::{Either, select};
use mtaio_runtime::{DynRuntime, Runtime, RuntimeExt, Sleep};
use mtaio_tokio::{InvalidRuntime, Tokio};
use tokio::runtime::Builder;
use tokio::sync::mpsc;

use common::{LONG, block_on, poll_once, watched};

const HOUR: Duration = Duration::from_secs(3_600);

/// The real clock, which a paused one is compared with.
#[allow(clippy::disallowed_methods, reason = "the clock under test is not this one")]
fn real_now() -> std::time::Instant {
    std::time::Instant::now()
}

#[test]
fn there_is_no_current_runtime_outside_of_tokio() {
    let refused = Tokio::current().expect_err("no runtime is entered here");
    assert_eq!(refused, InvalidRuntime::NoContext);
    assert!(refused.to_string().contains("no tokio runtime here"), "{refused}");
}

#[tokio::test]
async fn the_current_runtime_is_that_of_the_context() {
    let rt = Tokio::current().expect("it runs on tokio");
    assert_eq!(rt.handle().id(), tokio::runtime::Handle::current().id());
    assert_eq!(rt.spawn(async { 1 }).await.expect("it ends"), 1);
}

#[test]
fn a_runtime_without_timers_is_refused() {
    let runtime = Builder::new_current_thread().build().expect("it needs nothing");
    let refused = Tokio::new(runtime.handle().clone()).expect_err("it has no timers");
    assert_eq!(refused, InvalidRuntime::NoTimers);
    assert!(refused.to_string().contains("enable_time"), "{refused}");
    let current = runtime.block_on(async { Tokio::current() });
    assert_eq!(current.expect_err("it has no timers"), InvalidRuntime::NoTimers);
}

#[test]
fn handles_work_inside_of_another_runtime() {
    watched("handles_work_inside_of_another_runtime", || {
        let ours = Builder::new_multi_thread().worker_threads(1).enable_time().build();
        let ours = ours.expect("the system has threads");
        let rt = Tokio::new(ours.handle().clone()).expect("it has timers");
        let other = Builder::new_current_thread().build().expect("it needs nothing");
        // The other one has no timers, and is not what our handle means.
        other.block_on(async move {
            let deadline = rt.now() + Duration::from_millis(3);
            rt.sleep_until(deadline).await;
            assert!(rt.now() >= deadline);
            let expected = rt.handle().id();
            let id = rt.spawn(async { tokio::runtime::Handle::current().id() }).await;
            assert_eq!(id.expect("it ends"), expected);
        });
    });
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_drives_ours() {
    let rt = Tokio::current().expect("it runs on tokio");
    let (started, real) = (rt.now(), real_now());
    rt.sleep(HOUR).await;
    assert_eq!(rt.now() - started, HOUR);
    assert!(real.elapsed() < LONG);

    let task = rt.spawn({
        let rt = rt.clone();
        async move {
            rt.sleep(HOUR * 24).await;
            rt.now()
        }
    });
    let woke = task.await.expect("it ends");
    assert_eq!(woke - started, HOUR * 25);
    assert_eq!(rt.now(), woke);
    assert!(real.elapsed() < LONG);
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_stands_still() {
    let rt = Tokio::current().expect("it runs on tokio");
    let erased = DynRuntime::new(&rt);
    let start = rt.now();
    for _ in 0..100 {
        rt.yield_now().await;
    }
    let real = real_now();
    while real.elapsed() < Duration::from_millis(5) {}
    assert_eq!(rt.now(), start);
    assert_eq!(erased.now(), start);
}

#[tokio::test(start_paused = true)]
async fn an_advance_moves_our_clock_and_our_timers() {
    let rt = Tokio::current().expect("it runs on tokio");
    let start = rt.now();
    let mut sleep = Box::pin(rt.sleep(HOUR));
    assert!(poll_once(&mut sleep).await.is_pending());
    tokio::time::advance(HOUR - Duration::from_millis(1)).await;
    assert_eq!(rt.now() - start, HOUR - Duration::from_millis(1));
    assert!(poll_once(&mut sleep).await.is_pending());
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(rt.now() - start, HOUR);
    assert!(poll_once(&mut sleep).await.is_ready());

    sleep.as_mut().reset(start + HOUR * 3);
    assert!(poll_once(&mut sleep).await.is_pending());
    tokio::time::advance(HOUR * 2).await;
    assert!(poll_once(&mut sleep).await.is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_resumed_clock_runs_on() {
    let rt = Tokio::current().expect("it runs on tokio");
    rt.sleep(HOUR).await;
    let start = rt.now();
    tokio::time::resume();
    rt.sleep(Duration::from_millis(5)).await;
    let passed = rt.now() - start;
    assert!(passed >= Duration::from_millis(5) && passed < LONG, "{passed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_foreign_thread_sees_the_paused_clock() {
    let rt = Tokio::current().expect("it runs on tokio");
    let read_elsewhere = || {
        let rt = rt.clone();
        thread::spawn(move || rt.now()).join().expect("it needs no context")
    };
    let start = rt.now();
    assert_eq!(read_elsewhere(), start);
    rt.sleep(HOUR).await;
    assert_eq!(read_elsewhere() - start, HOUR);
    tokio::time::advance(HOUR).await;
    assert_eq!(read_elsewhere() - start, HOUR * 2);

    // A timer that is made there too.
    let elsewhere = rt.clone();
    let made = thread::spawn(move || elsewhere.sleep(HOUR)).join().expect("it needs no context");
    made.await;
    assert_eq!(rt.now() - start, HOUR * 3);
}

#[tokio::test(start_paused = true)]
async fn a_sleep_ends_by_the_fast_clock_which_does_not_follow_the_paused_one() {
    let rt = Tokio::current().expect("it runs on tokio").with_fast_clock();
    // Tokio's timers are over at once, ours only when the clock that we read says so.
    for millis in [1, 5, 20] {
        let (deadline, real) = (rt.now() + Duration::from_millis(millis), real_now());
        rt.sleep_until(deadline).await;
        assert!(rt.now() >= deadline);
        assert!(real.elapsed() < LONG);
    }
}

#[test]
fn our_sleep_fires_in_an_executor_of_smol() {
    watched("our_sleep_fires_in_an_executor_of_smol", || {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_time().build();
        let runtime = runtime.expect("the system has threads");
        let rt = Tokio::new(runtime.handle().clone()).expect("it has timers");
        let deadline = rt.now() + Duration::from_millis(5);
        smol::block_on(rt.sleep_until(deadline));
        assert!(rt.now() >= deadline);

        let deadline = rt.now() + Duration::from_millis(5);
        let sleep = rt.sleep_until(deadline);
        smol::block_on(smol::spawn(sleep));
        assert!(rt.now() >= deadline);

        let deadline = rt.now() + Duration::from_millis(5);
        block_on(rt.sleep_until(deadline));
        assert!(rt.now() >= deadline);
    });
}

/// Uses up tokio's budget at each poll, and never ends.
async fn burns_the_budget() {
    loop {
        tokio::task::consume_budget().await;
    }
}

/// Races `burner` with a sleep of ours, as a timeout does: the burner is polled first.
async fn fires_beside<R: Runtime>(rt: R, burner: impl Future<Output = ()>) {
    let start = rt.now();
    let sleep = pin!(rt.sleep(Duration::from_millis(20)));
    let burner = pin!(burner);
    assert!(matches!(select(burner, sleep).await, Either::Right(_)));
    let passed = rt.now() - start;
    assert!(passed >= Duration::from_millis(20) && passed < LONG, "{passed:?}");

    // As one that is made only when the burner is pending.
    let mut burner = pin!(burns_the_budget());
    let mut sleep = None;
    let late = poll_fn(|cx| {
        if burner.as_mut().poll(cx).is_ready() {
            return Poll::Ready(false);
        }
        let sleep = sleep.get_or_insert_with(|| Box::pin(rt.sleep(Duration::from_millis(20))));
        sleep.as_mut().poll(cx).map(|()| true)
    });
    assert!(late.await);
}

#[test]
fn a_sleep_fires_beside_one_that_burns_the_budget() {
    watched("a_sleep_fires_beside_one_that_burns_the_budget", || {
        for builder in [&mut Builder::new_current_thread(), &mut Builder::new_multi_thread()] {
            let runtime = builder.enable_time().build().expect("the system has threads");
            let rt = Tokio::new(runtime.handle().clone()).expect("it has timers");
            runtime.block_on(fires_beside(rt.clone(), burns_the_budget()));
            // In a task, where the budget counts too.
            let task = rt.spawn(fires_beside(rt.clone(), burns_the_budget()));
            runtime.block_on(task).expect("it ends");
            let erased = DynRuntime::new(&rt);
            let task = rt.spawn(fires_beside(erased, burns_the_budget()));
            runtime.block_on(task).expect("it ends");
        }
    });
}

#[test]
fn a_sleep_fires_beside_a_channel_that_is_always_ready() {
    watched("a_sleep_fires_beside_a_channel_that_is_always_ready", || {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build();
        let runtime = runtime.expect("the system has threads");
        let rt = Tokio::new(runtime.handle().clone()).expect("it has timers");
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let refill = sender.clone();
        for number in 0..1_000 {
            sender.send(number).expect("it is open");
        }
        let busy = async move {
            while let Some(number) = receiver.recv().await {
                refill.send(number).expect("it is open");
            }
        };
        let task = rt.spawn(fires_beside(rt.clone(), busy));
        runtime.block_on(task).expect("it ends");
    });
}

#[test]
fn a_loop_of_sleeps_lets_others_run() {
    watched("a_loop_of_sleeps_lets_others_run", || {
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("it needs little");
        let rt = Tokio::new(runtime.handle().clone()).expect("it has timers");
        let seen = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let looping = rt.spawn({
            let (rt, seen) = (rt.clone(), Arc::clone(&seen));
            async move {
                // Each is over when it is made: only the budget makes this task give way.
                while !seen.load(std::sync::atomic::Ordering::SeqCst) {
                    rt.sleep_until(mtaio_runtime::Instant::ZERO).await;
                }
            }
        });
        let other = rt.spawn(async move { seen.store(true, std::sync::atomic::Ordering::SeqCst) });
        runtime.block_on(async move {
            looping.await.expect("it ends");
            other.await.expect("it ends");
        });
    });
}
