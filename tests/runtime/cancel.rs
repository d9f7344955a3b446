//! Dropping and aborting tasks.

use std::future::pending;
use std::sync::{Arc, Mutex};

use mtaio_runtime::{AbortHandle, JoinError, Runtime, RuntimeExt};

use crate::common::{Gate, Held, eventually, on_every_runtime};

on_every_runtime!(
    dropping_a_finished_task_drops_its_value,
    abort_twice,
    an_abort_handle_keeps_nothing_alive,
    a_task_that_ends_in_the_poll_of_its_abort_has_ended,
);

async fn dropping_a_finished_task_drops_its_value<R: Runtime>(rt: R) {
    let (held, dropped) = Held::new();
    let task = rt.spawn(async move { held });
    eventually(&rt, "the task is finished", || task.is_finished()).await;
    assert!(!dropped(), "somebody may still ask for it");
    drop(task);
    assert!(dropped());

    let gate = Gate::default();
    let (held, dropped) = Held::new();
    rt.spawn({
        let gate = gate.clone();
        async move {
            gate.passed().await;
            held
        }
    })
    .detach();
    gate.open();
    eventually(&rt, "nobody can ask for it", dropped).await;
}

async fn abort_twice<R: Runtime>(rt: R) {
    let task = rt.spawn(pending::<()>());
    let handle = task.abort_handle();
    task.abort();
    handle.abort();
    let error = task.await.expect_err("it can't end");
    assert!(matches!(error, JoinError::Cancelled), "{error:?}");
    assert!(error.is_cancelled() && !error.is_panicked() && !error.is_runtime_gone());
    handle.abort();
    assert!(handle.is_finished());
}

async fn an_abort_handle_keeps_nothing_alive<R: Runtime>(rt: R) {
    let (held, dropped) = Held::new();
    let task = rt.spawn(async move {
        let _held = held;
        pending::<()>().await;
    });
    let handle = task.abort_handle();
    drop(task);
    eventually(&rt, "the future is dropped", dropped).await;
    eventually(&rt, "the handle knows", || handle.is_finished()).await;

    let (held, dropped) = Held::new();
    let task = rt.spawn(async move { held });
    let handle = task.abort_handle();
    eventually(&rt, "the task is finished", || task.is_finished()).await;
    drop(task);
    assert!(dropped(), "the handle has no use for the value");
    assert!(handle.is_finished());
}

async fn a_task_that_ends_in_the_poll_of_its_abort_has_ended<R: Runtime>(rt: R) {
    let slot = Arc::new(Mutex::new(None::<AbortHandle>));
    let gate = Gate::default();
    let task = rt.spawn({
        let (slot, gate) = (Arc::clone(&slot), gate.clone());
        async move {
            gate.passed().await;
            if let Some(me) = slot.lock().expect("nobody panics").as_ref() {
                me.abort();
            }
            4
        }
    });
    *slot.lock().expect("nobody panics") = Some(task.abort_handle());
    gate.open();
    assert_eq!(task.await.expect("it had ended"), 4);
}
