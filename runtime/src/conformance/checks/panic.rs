//! A panic ends its own task, is told, and harms nothing else.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use crate::conformance::check::{Entry, Outcome, Reason, check, ensure};
use crate::conformance::probes::{Gate, Held, eventually};
use crate::conformance::{Capability, Host};
use crate::{JoinError, Runtime, RuntimeExt, TaskName};

pub(super) fn entries<H: Host>() -> Vec<Entry<H>> {
    vec![
        check(
            "panic_is_told",
            "a task whose future panics answers that panic, with its message",
            |host: &H| host.run(is_told),
        ),
        check(
            "panic_drops_the_future",
            "a future that panicked has been dropped when its task answers",
            |host: &H| host.run(drops_the_future),
        ),
        check(
            "panic_in_a_destructor_is_told",
            "a cancelled task whose destructor panics answers that panic",
            |host: &H| host.run(in_a_destructor_is_told),
        ),
        check("panic_harms_no_other_task", "other tasks go on beside those that panic", |host| {
            host.run(harms_no_other_task)
        }),
        check(
            "panic_of_a_bare_future",
            "the panic of a bare future ends it: it is dropped, and everything else goes on",
            |host: &H| host.run(of_a_bare_future),
        )
        .needs(&[Capability::ContainedPanics]),
    ]
}

/// The message of the panic that a task must have ended with.
fn message_of<T>(result: Result<T, JoinError>) -> Outcome<String> {
    match result {
        Err(JoinError::Panicked(panic)) => Ok(panic.message().to_owned()),
        Err(other) => Err(Reason::new(format_args!("in place of its panic: {other}"))),
        Ok(_) => Err(Reason::new("a task that panicked has a value")),
    }
}

async fn is_told<R: Runtime>(rt: R) -> Outcome {
    let number = 7;
    let task = rt.spawn(async move { panic!("number {number}") });
    let message = message_of::<()>(task.await)?;
    ensure!(message == "number 7", "its message is {message:?}");
    Ok(())
}

/// Owns something that unwinding out of its poll does not drop.
struct Owner(#[allow(dead_code, reason = "it is there to be dropped")] Held);

impl Future for Owner {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        panic!("in a poll");
    }
}

async fn drops_the_future<R: Runtime>(rt: R) -> Outcome {
    let (held, dropped) = Held::slow();
    let message = message_of(rt.spawn(Owner(held)).await)?;
    ensure!(dropped(), "the task answered while its future was alive");
    ensure!(message == "in a poll", "its message is {message:?}");
    Ok(())
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

async fn in_a_destructor_is_told<R: Runtime>(rt: R) -> Outcome {
    let started = Gate::default();
    let polled = rt.spawn({
        let started = started.clone();
        async move {
            let _bomb = Bomb;
            started.open();
            pending::<()>().await;
        }
    });
    started.passed().await;
    let unpolled = rt.spawn({
        let bomb = Bomb;
        async move {
            let _bomb = bomb;
            pending::<()>().await;
        }
    });
    for task in [polled, unpolled] {
        task.abort();
        let message = message_of(task.await)?;
        ensure!(message == "in a destructor", "its message is {message:?}");
    }
    Ok(())
}

async fn harms_no_other_task<R: Runtime>(rt: R) -> Outcome {
    for round in 0..5 {
        let failing: Vec<_> =
            (0..4).map(|number| rt.spawn(async move { panic!("{round}-{number}") })).collect();
        let fine = rt.spawn(async move { round });
        for (number, task) in failing.into_iter().enumerate() {
            let message = message_of::<()>(task.await)?;
            ensure!(message == format!("{round}-{number}"), "its message is {message:?}");
        }
        let value = fine.await?;
        ensure!(value == round, "a task beside them answered {value}, not {round}");
    }
    Ok(())
}

async fn of_a_bare_future<R: Runtime>(rt: R) -> Outcome {
    for _ in 0..5 {
        let (held, dropped) = Held::new();
        rt.spawn_detached(TaskName::new("panics"), Owner(held));
        eventually(&rt, "the future is dropped that panicked", dropped).await?;
    }
    let ran = Arc::new(AtomicBool::new(false));
    rt.spawn_detached(TaskName::new("runs"), {
        let (rt, ran) = (rt.clone(), Arc::clone(&ran));
        async move {
            rt.yield_now().await;
            ran.store(true, Ordering::SeqCst);
        }
    });
    eventually(&rt, "another bare future runs", move || ran.load(Ordering::SeqCst)).await
}
