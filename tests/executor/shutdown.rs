//! How the tasks of an executor end.

use std::future::{IntoFuture, pending};
use std::time::Duration;

use mtaio::executor::{Drain, GatherError, RunError};
use mtaio::{JoinError, Runtime, RuntimeExt, TaskExecutor};

use crate::common::{Census, Gate, Held, eventually, on_every_runtime, poll_once};

on_every_runtime!(
    cancel_all_ends_what_runs_and_what_waits,
    a_detached_task_still_belongs,
    dropping_the_last_clone_ends_everything,
    shutdown_lets_finish,
    shutdown_cancels_after_its_patience,
    shutdown_takes_no_more_work,
    shutdown_can_be_dropped_and_called_again,
    shutdown_of_an_idle_executor_is_quick
);

async fn cancel_all_ends_what_runs_and_what_waits<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt).limit(1).expect("a limit");
    let tasks: Vec<_> = (0..3).map(|_| executor.spawn(pending::<()>())).collect();
    assert_eq!(executor.cancel_all(), 3);
    for task in tasks {
        assert!(matches!(task.await, Err(JoinError::Cancelled)));
    }
    assert_eq!(executor.run(async { 1 }).await.expect("new work is taken"), 1);
    let gather = executor.map(0..3_u32, async |_| {
        pending::<()>().await;
        Ok::<_, String>(())
    });
    let mut gather = gather.into_future();
    assert!(poll_once(&mut gather).await.is_pending());
    executor.cancel_all();
    let error = gather.await.expect_err("its tasks were cancelled");
    assert!(
        matches!(error, GatherError::Unfinished { index: 0, error: RunError::Cancelled }),
        "{error:?}"
    );
}

async fn a_detached_task_still_belongs<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let (held, dropped) = Held::new();
    executor
        .spawn(async move {
            let _held = held;
            pending::<()>().await;
        })
        .detach();
    assert_eq!(executor.stats().live, 1);
    let report = executor.shutdown(Drain::now()).await;
    assert_eq!((report.finished, report.cancelled), (0, 1));
    assert!(dropped(), "after an awaited shutdown nothing runs");
}

async fn dropping_the_last_clone_ends_everything<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let clone = executor.clone();
    let task = executor.spawn(pending::<()>());
    drop(executor);
    rt.yield_now().await;
    assert!(!task.is_finished(), "a clone is left");
    drop(clone);
    assert!(matches!(task.await, Err(JoinError::Cancelled)));
}

async fn shutdown_lets_finish<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let census = Census::default();
    for _ in 0..5 {
        let (rt, census) = (rt.clone(), census.clone());
        executor
            .spawn(async move {
                let _alive = census.enter();
                rt.sleep(Duration::from_millis(3)).await;
            })
            .detach();
    }
    let report = executor.shutdown(Drain::complete()).await;
    assert_eq!((report.finished, report.cancelled), (5, 0));
    assert!(report.stuck.is_empty());
    assert_eq!(census.now(), 0);
}

async fn shutdown_cancels_after_its_patience<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let start = rt.now();
    let (sleeper, patience) = (rt.clone(), Duration::from_millis(50));
    executor.spawn(async move { sleeper.sleep(Duration::from_millis(1)).await }).detach();
    executor.spawn(pending::<()>()).detach();
    let report = executor.shutdown(Drain::within(patience)).await;
    assert_eq!((report.finished, report.cancelled), (1, 1));
    assert!(rt.now() - start >= patience);
    assert_eq!(executor.stats().live, 0);
}

async fn shutdown_takes_no_more_work<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt).limit(1).expect("a limit");
    executor.shutdown(Drain::complete()).await;
    let ran = executor.run(async {}).await;
    assert!(matches!(ran, Err(RunError::Closed)), "{ran:?}");
    assert!(matches!(executor.spawn(async {}).await, Err(JoinError::Cancelled)));
    let in_thread = executor.run_in_thread(|| ()).await;
    assert!(matches!(in_thread, Err(RunError::Closed)), "{in_thread:?}");
    let gathered = executor.map(0..3_u32, async |n| Ok::<_, String>(n)).await;
    let error = gathered.expect_err("nothing is taken");
    assert!(matches!(error, GatherError::Unfinished { index: 0, error: RunError::Closed }));
    // In place it is the caller's own work; every permit that was refused came back.
    assert_eq!(executor.inline().run(async { 1 }).await.expect("runs"), 1);
}

async fn shutdown_can_be_dropped_and_called_again<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let gate = Gate::default();
    let passing = gate.clone();
    let task = executor.spawn(async move { passing.passed().await });
    let mut shutdown = Box::pin(executor.shutdown(Drain::complete()));
    assert!(poll_once(&mut shutdown).await.is_pending());
    drop(shutdown);
    assert!(!task.is_finished());
    gate.open();
    let report = executor.shutdown(Drain::complete()).await;
    assert_eq!(report.cancelled, 0);
    task.await.expect("it was let finish");
}

async fn shutdown_of_an_idle_executor_is_quick<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    executor.run(async {}).await.expect("runs");
    let mut shutdown = Box::pin(executor.shutdown(Drain::within(Duration::from_secs(3_600))));
    eventually(&rt, "no task is left", || executor.stats().live == 0).await;
    assert!(poll_once(&mut shutdown).await.is_ready());
}
