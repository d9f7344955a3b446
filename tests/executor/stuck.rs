//! What a simulation has no threads for.

use std::time::Duration;

use mtaio::executor::Drain;
use mtaio::{Runtime, RuntimeExt, TaskExecutor};

use crate::common::{on_every_real_runtime, poll_once};

on_every_real_runtime!(a_blocked_thread_is_reported_as_stuck);

async fn a_blocked_thread_is_reported_as_stuck<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let mut job = Box::pin(executor.run_in_thread(move || blocked.recv()));
    assert!(poll_once(&mut job).await.is_pending());
    rt.sleep(Duration::from_millis(50)).await;
    let drain = Drain::now().grace(Duration::from_millis(5));
    let report = executor.shutdown(drain).await;
    assert_eq!((report.finished, report.cancelled), (0, 0));
    assert_eq!(report.stuck.len(), 1);
    assert!(report.stuck[0].to_string().contains("task_executor.rs"), "{:?}", report.stuck);
    drop(release);
    job.await.expect("it ran to its end").expect_err("the sender is gone");
}
