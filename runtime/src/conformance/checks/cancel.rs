//! Dropping, detaching and aborting tasks.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::conformance::check::{Entry, Outcome, check, ensure};
use crate::conformance::probes::{Foreign, Gate, HOUR, Held, elsewhere, eventually, lock, ms};
use crate::conformance::{Capability, Host};
use crate::{AbortHandle, JoinError, Runtime, RuntimeExt, Task};

pub(super) fn entries<H: Host>() -> Vec<Entry<H>> {
    vec![
        check("cancel_by_drop", "dropping a task drops its future", |host: &H| host.run(by_drop)),
        check(
            "cancel_by_drop_before_the_first_poll",
            "dropping a task that has not run yet drops its future",
            |host: &H| host.run(by_drop_before_the_first_poll),
        ),
        check(
            "cancel_by_drop_in_a_sleep",
            "dropping a task that sleeps drops its future without waiting for the timer",
            |host: &H| host.run(by_drop_in_a_sleep),
        ),
        check(
            "cancel_by_drop_reaches_children",
            "cancelling a task cancels the tasks that it holds",
            |host: &H| host.run(by_drop_reaches_children),
        ),
        check("cancel_not_by_detach", "a detached task runs to its end", |host| {
            host.run(not_by_detach)
        }),
        check(
            "cancel_by_abort",
            "an aborted task answers `Cancelled`, once its future has been dropped",
            |host: &H| host.run(by_abort),
        ),
        check(
            "cancel_by_abort_before_the_first_poll",
            "a task that is aborted before it has run answers `Cancelled`",
            |host: &H| host.run(by_abort_before_the_first_poll),
        ),
        check(
            "cancel_by_abort_after_the_end",
            "a task that had ended when it was aborted answers its value",
            |host: &H| host.run(by_abort_after_the_end),
        ),
        check(
            "cancel_by_abort_while_it_ends",
            "a task that is aborted while it ends answers its value or `Cancelled`",
            |host: &H| host.run(by_abort_while_it_ends),
        ),
        check("cancel_by_abort_of_itself", "a task may abort itself", |host| {
            host.run(by_abort_of_itself)
        }),
        check(
            "cancel_by_abort_after_detach",
            "an abort handle reaches a task that was detached",
            |host: &H| host.run(by_abort_after_detach),
        ),
        check(
            "cancel_by_abort_from_a_foreign_thread",
            "a thread that no runtime knows may abort a task, or drop it",
            |host: &H| host.run(by_abort_from_a_foreign_thread),
        )
        .needs(&[Capability::ForeignCalls]),
    ]
}

/// A task that holds `held` and never ends, and that has been polled.
async fn endless<R: Runtime>(rt: &R, held: Held) -> Task<()> {
    let started = Gate::default();
    let task = rt.spawn({
        let started = started.clone();
        async move {
            let _held = held;
            started.open();
            pending::<()>().await;
        }
    });
    started.passed().await;
    task
}

async fn by_drop<R: Runtime>(rt: R) -> Outcome {
    let (held, dropped) = Held::new();
    let task = endless(&rt, held).await;
    rt.sleep(ms(2)).await;
    ensure!(!dropped(), "a future that never ends was dropped while its task was there");
    drop(task);
    eventually(&rt, "the future is dropped", dropped).await
}

async fn by_drop_before_the_first_poll<R: Runtime>(rt: R) -> Outcome {
    let (held, dropped) = Held::new();
    drop(rt.spawn(async move {
        let _held = held;
        pending::<()>().await;
    }));
    eventually(&rt, "the future is dropped", dropped).await
}

async fn by_drop_in_a_sleep<R: Runtime>(rt: R) -> Outcome {
    let started = Gate::default();
    let (held, dropped) = Held::new();
    let woke = Arc::new(AtomicBool::new(false));
    let task = rt.spawn({
        let (rt, started, woke) = (rt.clone(), started.clone(), Arc::clone(&woke));
        async move {
            let _held = held;
            started.open();
            rt.sleep(HOUR).await;
            woke.store(true, Ordering::SeqCst);
        }
    });
    started.passed().await;
    drop(task);
    eventually(&rt, "the future is dropped", dropped).await?;
    ensure!(!woke.load(Ordering::SeqCst), "the future ran on");
    Ok(())
}

async fn by_drop_reaches_children<R: Runtime>(rt: R) -> Outcome {
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
            inner.await
        }
    });
    started.passed().await;
    drop(outer);
    eventually(&rt, "the inner future is dropped", dropped).await
}

async fn not_by_detach<R: Runtime>(rt: R) -> Outcome {
    let (held, dropped) = Held::new();
    let ended = Arc::new(AtomicBool::new(false));
    rt.spawn({
        let (rt, ended) = (rt.clone(), Arc::clone(&ended));
        async move {
            let _held = held;
            rt.sleep(ms(3)).await;
            rt.yield_now().await;
            ended.store(true, Ordering::SeqCst);
        }
    })
    .detach();
    eventually(&rt, "the future is dropped", dropped).await?;
    ensure!(ended.load(Ordering::SeqCst), "it was dropped before its end");
    Ok(())
}

fn must_be_cancelled<T>(result: Result<T, JoinError>) -> Outcome {
    match result {
        Err(JoinError::Cancelled) => Ok(()),
        Err(other) => Err(other.into()),
        Ok(_) => {
            ensure!(false, "a task that was aborted has a value");
            Ok(())
        }
    }
}

async fn by_abort<R: Runtime>(rt: R) -> Outcome {
    let (held, dropped) = Held::slow();
    let task = endless(&rt, held).await;
    task.abort();
    must_be_cancelled(task.await)?;
    ensure!(dropped(), "it answered while the future was alive");
    Ok(())
}

async fn by_abort_before_the_first_poll<R: Runtime>(rt: R) -> Outcome {
    let (held, dropped) = Held::slow();
    let task = rt.spawn(async move {
        let _held = held;
        pending::<()>().await;
    });
    task.abort();
    must_be_cancelled(task.await)?;
    ensure!(dropped(), "it answered while the future was alive");
    Ok(())
}

async fn by_abort_after_the_end<R: Runtime>(rt: R) -> Outcome {
    let task = rt.spawn(async { 9 });
    let handle = task.abort_handle();
    eventually(&rt, "the task ends", || task.is_finished()).await?;
    task.abort();
    handle.abort();
    let value = task.await?;
    ensure!(value == 9, "it answered {value}, not 9");
    Ok(())
}

async fn by_abort_while_it_ends<R: Runtime>(rt: R) -> Outcome {
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
            Ok(value) => ensure!(value == round, "it answered {value}, not {round}"),
            cancelled => must_be_cancelled(cancelled)?,
        }
        ensure!(dropped(), "it answered while the future was alive");
    }
    Ok(())
}

async fn by_abort_of_itself<R: Runtime>(rt: R) -> Outcome {
    let slot = Arc::new(Mutex::new(None::<AbortHandle>));
    let gate = Gate::default();
    let task = rt.spawn({
        let (slot, gate) = (Arc::clone(&slot), gate.clone());
        async move {
            gate.passed().await;
            let me = lock(&slot).take();
            if let Some(me) = me {
                me.abort();
            }
            pending::<()>().await;
        }
    });
    *lock(&slot) = Some(task.abort_handle());
    gate.open();
    must_be_cancelled(task.await)
}

async fn by_abort_after_detach<R: Runtime>(rt: R) -> Outcome {
    let (held, dropped) = Held::new();
    let task = endless(&rt, held).await;
    let handle = task.abort_handle();
    task.detach();
    rt.yield_now().await;
    ensure!(!dropped() && !handle.is_finished(), "a detached task was cancelled");
    handle.abort();
    eventually(&rt, "the future is dropped", dropped).await?;
    eventually(&rt, "the handle knows", move || handle.is_finished()).await
}

async fn by_abort_from_a_foreign_thread<R: Runtime>(rt: R) -> Outcome {
    let (held, dropped) = Held::new();
    let task = endless(&rt, held).await;
    let handle = task.abort_handle();
    elsewhere(move || handle.abort())?;
    must_be_cancelled(task.await)?;
    ensure!(dropped(), "it answered while the future was alive");

    let (held, dropped) = Held::new();
    let task = endless(&rt, held).await;
    Foreign::start(move || drop(task))?.join()?;
    eventually(&rt, "the future is dropped", dropped).await
}
