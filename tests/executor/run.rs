//! Running one future.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mtaio::executor::RunError;
use mtaio::{Runtime, TaskExecutor};

use crate::common::{Held, eventually, on_every_runtime, poll_once};

on_every_runtime!(
    run_answers_what_the_future_returns,
    run_does_nothing_before_it_is_polled,
    a_panic_is_an_error_and_costs_nobody_else,
    run_with_a_timeout_cancels_the_work,
    waiting_for_a_turn_counts_against_the_timeout,
    dropping_run_cancels_the_work,
    run_in_thread_answers_and_contains_panics
);

async fn run_answers_what_the_future_returns<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    assert_eq!(executor.run(async { 42 }).await.expect("runs"), 42);
    let limit = Duration::from_secs(60);
    assert_eq!(executor.run(async { 43 }).timeout(limit).await.expect("runs"), 43);
}

async fn run_does_nothing_before_it_is_polled<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let mut run = executor.run(async {});
    assert_eq!(executor.stats().started, 0);
    let _ = poll_once(&mut Box::pin(&mut run)).await;
    assert_eq!(executor.stats().started, 1);
}

async fn a_panic_is_an_error_and_costs_nobody_else<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt).limit(1).expect("a limit");
    for _ in 0..3 {
        let panicked = executor.run(async { panic!("on purpose") }).await;
        match panicked {
            Err(RunError::Panicked(panic)) => assert_eq!(panic.message(), "on purpose"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(executor.run(async { 1 }).await.expect("the permit came back"), 1);
}

async fn run_with_a_timeout_cancels_the_work<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let (held, dropped) = Held::new();
    let limit = Duration::from_millis(5);
    let work = async move {
        let _held = held;
        pending::<()>().await;
    };
    match executor.run(work).timeout(limit).await {
        Err(RunError::Elapsed(elapsed)) => assert_eq!(elapsed.limit(), limit),
        other => panic!("{other:?}"),
    }
    eventually(&rt, "the work is dropped", dropped).await;
    eventually(&rt, "no task is left", || executor.stats().live == 0).await;
}

async fn waiting_for_a_turn_counts_against_the_timeout<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt).limit(1).expect("a limit");
    // It is listed before it has its permit: that it runs it says itself.
    let is_running = Arc::new(AtomicBool::new(false));
    let runs = Arc::clone(&is_running);
    let first = executor.spawn(async move {
        runs.store(true, Ordering::SeqCst);
        pending::<()>().await;
    });
    eventually(&rt, "the first runs", || is_running.load(Ordering::SeqCst)).await;
    let second = executor.run(async {}).timeout(Duration::from_millis(5)).await;
    assert!(matches!(second, Err(RunError::Elapsed(_))), "{second:?}");
    drop(first);
    executor.run(async {}).await.expect("the one that gave up left the queue");
}

async fn dropping_run_cancels_the_work<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let (held, dropped) = Held::new();
    let mut run = Box::pin(executor.run(async move {
        let _held = held;
        pending::<()>().await;
    }));
    assert!(poll_once(&mut run).await.is_pending());
    drop(run);
    eventually(&rt, "the work is dropped", dropped).await;
}

async fn run_in_thread_answers_and_contains_panics<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt).limit(1).expect("a limit");
    assert_eq!(executor.run_in_thread(|| 6 * 7).await.expect("runs"), 42);
    let panicked = executor.run_in_thread(|| panic!("on purpose")).await;
    assert!(matches!(panicked, Err(RunError::Panicked(_))), "{panicked:?}");
    assert_eq!(executor.run_in_thread(|| 1).await.expect("the permit came back"), 1);
    eventually(&rt, "no job is left", || executor.stats().live == 0).await;
}
