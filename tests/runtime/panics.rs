//! A panic ends its own task, is told, and harms nothing else.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use mtaio_runtime::{JoinError, Panic, Runtime, RuntimeExt, Task};

use crate::common::{Bomb, Gate, Held, eventually, on_every_runtime};

on_every_runtime!(
    a_panic_is_told_with_its_message,
    a_payload_that_is_not_text_is_kept,
    a_panic_can_be_resumed,
    a_panicking_destructor_of_a_finished_future_is_told,
    a_panicking_destructor_after_a_panic_is_told,
    a_task_answers_though_its_value_can_not_be_dropped_either,
    a_value_that_nobody_wants_may_panic_when_dropped,
    a_payload_that_nobody_wants_may_panic_when_dropped,
);

/// The panic of a task that must have panicked.
fn panic_of<T>(result: Result<T, JoinError>) -> Panic {
    match result {
        Err(JoinError::Panicked(panic)) => panic,
        Err(other) => panic!("not a panic: {other:?}"),
        Ok(_) => panic!("not a panic: a value"),
    }
}

async fn a_panic_is_told_with_its_message<R: Runtime>(rt: R) {
    let number = 7;
    let error = rt.spawn(async move { panic!("number {number}") }).await.map(|(): ()| ());
    let error = error.expect_err("it panics");
    assert_eq!(error.to_string(), "the task panicked: number 7");
    assert!(error.is_panicked() && !error.is_cancelled() && !error.is_runtime_gone());
    assert_eq!(panic_of::<()>(Err(error)).message(), "number 7");

    let constant = rt.spawn(async { panic!("just text") }).await.map(|(): ()| ());
    let panic = panic_of(constant);
    assert_eq!(panic.message(), "just text");
    assert_eq!(panic.to_string(), "just text");
}

async fn a_payload_that_is_not_text_is_kept<R: Runtime>(rt: R) {
    let panic = panic_of(rt.spawn(async { panic_any(42_u32) }).await.map(|(): ()| ()));
    assert_eq!(panic.message(), "(a payload that is not text)");
    assert_eq!(panic.into_payload().downcast_ref::<u32>(), Some(&42));
}

async fn a_panic_can_be_resumed<R: Runtime>(rt: R) {
    let panic = panic_of(rt.spawn(async { panic_any(43_u32) }).await.map(|(): ()| ()));
    let resumed = catch_unwind(AssertUnwindSafe(|| -> () { panic.resume() }));
    let payload = resumed.expect_err("it goes on");
    assert_eq!(payload.downcast_ref::<u32>(), Some(&43));
}

/// Ends as it is told, and panics when it is dropped.
struct Ends<T>(Option<T>, #[allow(dead_code, reason = "it is there to be dropped")] Bomb);

impl<T> Ends<T> {
    fn with(value: T) -> Self {
        Self(Some(value), Bomb("in the future's destructor"))
    }
}

impl<T: Unpin> Future for Ends<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        match self.0.take() {
            Some(value) => Poll::Ready(value),
            None => panic!("polled again"),
        }
    }
}

async fn a_panicking_destructor_of_a_finished_future_is_told<R: Runtime>(rt: R) {
    let (held, dropped) = Held::new();
    let panic = panic_of(rt.spawn(Ends::with(held)).await);
    assert_eq!(panic.message(), "in the future's destructor");
    assert!(dropped(), "the value has nowhere to go");
}

async fn a_panicking_destructor_after_a_panic_is_told<R: Runtime>(rt: R) {
    let empty = Ends::<()>(None, Bomb("in the future's destructor"));
    let panic = panic_of(rt.spawn(empty).await);
    let told = ["polled again", "in the future's destructor"];
    assert!(told.contains(&panic.message()), "{panic:?}");
}

async fn a_task_answers_though_its_value_can_not_be_dropped_either<R: Runtime>(rt: R) {
    let task = rt.spawn(Ends::with(Bomb("in the value's destructor")));
    let handle = task.abort_handle();
    eventually(&rt, "the task ends", || handle.is_finished()).await;
    let told = ["in the future's destructor", "in the value's destructor"];
    let panic = panic_of(task.await);
    assert!(told.contains(&panic.message()), "{panic:?}");
    assert_eq!(rt.spawn(async { 1 }).await.expect("the runtime goes on"), 1);
}

async fn a_value_that_nobody_wants_may_panic_when_dropped<R: Runtime>(rt: R) {
    for detached in [true, false] {
        let slot = Arc::new(Mutex::new(None::<Task<(Bomb, Held)>>));
        let gate = Gate::default();
        let (held, dropped) = Held::new();
        let task = rt.spawn({
            let (slot, gate) = (Arc::clone(&slot), gate.clone());
            async move {
                gate.passed().await;
                // Gives itself up, and ends all the same.
                let me = slot.lock().expect("nobody panics").take().expect("put there before");
                if detached {
                    me.detach();
                } else {
                    drop(me);
                }
                (Bomb("in the value's destructor"), held)
            }
        });
        let handle = task.abort_handle();
        *slot.lock().expect("nobody panics") = Some(task);
        gate.open();
        eventually(&rt, "the value is dropped", dropped).await;
        eventually(&rt, "the task has ended", || handle.is_finished()).await;
    }
    assert_eq!(rt.spawn(async { 1 }).await.expect("the runtime goes on"), 1);
}

async fn a_payload_that_nobody_wants_may_panic_when_dropped<R: Runtime>(rt: R) {
    let gate = Gate::default();
    let task = rt.spawn({
        let gate = gate.clone();
        async move {
            gate.passed().await;
            panic_any(Bomb("in the payload's destructor"));
        }
    });
    let handle = task.abort_handle();
    task.detach();
    gate.open();
    eventually(&rt, "the task has ended", || handle.is_finished()).await;
    assert_eq!(rt.spawn(async { 1 }).await.expect("the runtime goes on"), 1);
}
