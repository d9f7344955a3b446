//! Dropping and aborting tasks.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mtaio_runtime::{AbortHandle, JoinError, Runtime, RuntimeExt};

use crate::common::{Gate, Held, Slow, eventually, on_every_runtime};

on_every_runtime!(
    dropping_a_task_cancels_it,
    dropping_a_task_that_has_not_run_cancels_it,
    dropping_a_task_that_sleeps_cancels_it,
    dropping_a_finished_task_drops_its_value,
    abort_answers_once_the_future_is_dropped,
    abort_before_the_first_poll,
    abort_after_the_end_changes_nothing,
    abort_twice,
    abort_while_it_ends,
    an_abort_handle_aborts,
    an_abort_handle_keeps_nothing_alive,
    an_abort_handle_works_after_detach,
    a_task_aborts_itself,
    a_task_that_ends_in_the_poll_of_its_abort_has_ended,
    cancelling_a_task_cancels_those_that_it_holds,
    a_destructor_may_spawn,
);

async fn dropping_a_task_cancels_it<R: Runtime>(rt: R) {
    let started = Gate::default();
    let (held, dropped) = Held::new();
    let task = rt.spawn({
        let started = started.clone();
        async move {
            let _held = held;
            started.open();
            pending::<()>().await;
        }
    });
    started.passed().await;
    assert!(!dropped());
    drop(task);
    eventually(&rt, "the future is dropped", dropped).await;
}

async fn dropping_a_task_that_has_not_run_cancels_it<R: Runtime>(rt: R) {
    let (held, dropped) = Held::new();
    drop(rt.spawn(async move {
        let _held = held;
        pending::<()>().await;
    }));
    eventually(&rt, "the future is dropped", dropped).await;
}

async fn dropping_a_task_that_sleeps_cancels_it<R: Runtime>(rt: R) {
    let started = Gate::default();
    let (held, dropped) = Held::new();
    let woke = Arc::new(AtomicBool::new(false));
    let task = rt.spawn({
        let (rt, started, woke) = (rt.clone(), started.clone(), Arc::clone(&woke));
        async move {
            let _held = held;
            started.open();
            rt.sleep(Duration::from_secs(3_600)).await;
            woke.store(true, Ordering::SeqCst);
        }
    });
    started.passed().await;
    let start = rt.now();
    drop(task);
    eventually(&rt, "the future is dropped", dropped).await;
    assert!(!woke.load(Ordering::SeqCst));
    assert!(rt.now() - start < Duration::from_secs(3_600));
}

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

async fn abort_answers_once_the_future_is_dropped<R: Runtime>(rt: R) {
    let started = Gate::default();
    let (slow, dropped) = Slow::new();
    let task = rt.spawn({
        let started = started.clone();
        async move {
            let _slow = slow;
            started.open();
            pending::<()>().await;
        }
    });
    started.passed().await;
    task.abort();
    let error = task.await.expect_err("it can't end");
    assert!(dropped(), "answered while the future was alive");
    assert!(matches!(error, JoinError::Cancelled), "{error:?}");
    assert!(error.is_cancelled() && !error.is_panicked() && !error.is_runtime_gone());
}

async fn abort_before_the_first_poll<R: Runtime>(rt: R) {
    let (held, dropped) = Held::new();
    let task = rt.spawn(async move {
        let _held = held;
        pending::<()>().await;
    });
    task.abort();
    assert!(matches!(task.await, Err(JoinError::Cancelled)));
    assert!(dropped());
}

async fn abort_after_the_end_changes_nothing<R: Runtime>(rt: R) {
    let task = rt.spawn(async { 9 });
    eventually(&rt, "the task is finished", || task.is_finished()).await;
    task.abort();
    task.abort_handle().abort();
    assert_eq!(task.await.expect("it had ended"), 9);
}

async fn abort_twice<R: Runtime>(rt: R) {
    let task = rt.spawn(pending::<()>());
    let handle = task.abort_handle();
    task.abort();
    handle.abort();
    assert!(matches!(task.await, Err(JoinError::Cancelled)));
    handle.abort();
    assert!(handle.is_finished());
}

async fn abort_while_it_ends<R: Runtime>(rt: R) {
    for round in 0..100 {
        let (held, dropped) = Held::new();
        let task = rt.spawn({
            let rt = rt.clone();
            async move {
                let _held = held;
                for _ in 0..3 {
                    rt.yield_now().await;
                }
                round
            }
        });
        for _ in 0..round % 8 {
            rt.yield_now().await;
        }
        task.abort();
        match task.await {
            Ok(value) => assert_eq!(value, round),
            Err(error) => assert!(error.is_cancelled(), "{error:?}"),
        }
        assert!(dropped(), "answered while the future was alive");
    }
}

async fn an_abort_handle_aborts<R: Runtime>(rt: R) {
    let task = rt.spawn(pending::<()>());
    let handle = task.abort_handle();
    rt.spawn(async move { handle.abort() }).await.expect("it ends");
    assert!(matches!(task.await, Err(JoinError::Cancelled)));
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

async fn an_abort_handle_works_after_detach<R: Runtime>(rt: R) {
    let started = Gate::default();
    let (held, dropped) = Held::new();
    let task = rt.spawn({
        let started = started.clone();
        async move {
            let _held = held;
            started.open();
            pending::<()>().await;
        }
    });
    let handle = task.abort_handle();
    task.detach();
    started.passed().await;
    assert!(!dropped() && !handle.is_finished());
    handle.abort();
    eventually(&rt, "the future is dropped", dropped).await;
    eventually(&rt, "the handle knows", || handle.is_finished()).await;
}

async fn a_task_aborts_itself<R: Runtime>(rt: R) {
    let slot = Arc::new(Mutex::new(None::<AbortHandle>));
    let gate = Gate::default();
    let task = rt.spawn({
        let (slot, gate) = (Arc::clone(&slot), gate.clone());
        async move {
            gate.passed().await;
            if let Some(me) = slot.lock().expect("nobody panics").as_ref() {
                me.abort();
            }
            pending::<()>().await;
        }
    });
    *slot.lock().expect("nobody panics") = Some(task.abort_handle());
    gate.open();
    assert!(matches!(task.await, Err(JoinError::Cancelled)));
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

async fn cancelling_a_task_cancels_those_that_it_holds<R: Runtime>(rt: R) {
    let started = Gate::default();
    let (held, dropped) = Held::new();
    let outer = rt.spawn({
        let (rt, started) = (rt.clone(), started.clone());
        async move {
            let inner = rt.spawn(async move {
                let _held = held;
                started.open();
                pending::<()>().await;
            });
            inner.await.expect("it does not end");
        }
    });
    started.passed().await;
    outer.abort();
    assert!(matches!(outer.await, Err(JoinError::Cancelled)));
    eventually(&rt, "the inner future is dropped", dropped).await;
}

async fn a_destructor_may_spawn<R: Runtime>(rt: R) {
    struct Spawns<R: Runtime>(R, Gate);

    impl<R: Runtime> Drop for Spawns<R> {
        fn drop(&mut self) {
            let gate = self.1.clone();
            self.0.spawn(async move { gate.open() }).detach();
        }
    }

    let gate = Gate::default();
    let last_words = Spawns(rt.clone(), gate.clone());
    let task = rt.spawn(async move {
        let _last_words = last_words;
        pending::<()>().await;
    });
    task.abort();
    assert!(matches!(task.await, Err(JoinError::Cancelled)));
    gate.passed().await;
}
