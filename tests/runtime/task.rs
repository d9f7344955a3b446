//! What a task's handle tells.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mtaio_runtime::{AbortHandle, Runtime, RuntimeExt, Task};

use crate::common::{Gate, Wakes, eventually, on_every_runtime, poll_once, poll_with};

on_every_runtime!(
    a_task_may_be_awaited_by_reference,
    a_finished_task_is_ready_at_once,
    a_task_polled_after_its_end_says_so,
    a_yield_is_pending_once,
    tasks_have_names,
    an_erased_runtime_is_not_erased_again,
);

/// A task may be shared and sent, whatever its value is.
const _: () = {
    const fn sent_and_shared<T: Send + Sync>() {}
    sent_and_shared::<Task<Cell<u8>>>();
    sent_and_shared::<AbortHandle>();
};

async fn a_task_may_be_awaited_by_reference<R: Runtime>(rt: R) {
    let gate = Gate::default();
    let mut task = rt.spawn({
        let gate = gate.clone();
        async move { gate.passed().await }
    });
    for _ in 0..3 {
        assert!(poll_once(&mut task).await.is_pending());
        rt.yield_now().await;
    }
    gate.open();
    (&mut task).await.expect("a dropped await cancels nothing");
}

async fn a_finished_task_is_ready_at_once<R: Runtime>(rt: R) {
    let gate = Gate::default();
    let mut task = rt.spawn({
        let gate = gate.clone();
        async move {
            gate.passed().await;
            5
        }
    });
    rt.sleep(Duration::from_millis(2)).await;
    assert!(!task.is_finished());
    assert!(!task.abort_handle().is_finished());
    gate.open();
    eventually(&rt, "the task is finished", || task.is_finished()).await;
    assert!(task.abort_handle().is_finished());
    let Poll::Ready(value) = poll_once(&mut task).await else {
        panic!("finished, and yet pending");
    };
    assert_eq!(value.expect("it ends"), 5);
    assert!(task.is_finished());
}

async fn a_task_polled_after_its_end_says_so<R: Runtime>(rt: R) {
    let mut task = rt.spawn_named("short-lived", async {});
    (&mut task).await.expect("it ends");
    let again = || Pin::new(&mut task).poll(&mut Context::from_waker(Waker::noop()));
    let panic = catch_unwind(AssertUnwindSafe(again)).expect_err("a mistake of the caller");
    let message = panic.downcast_ref::<String>().expect("it is text");
    assert!(message.contains("short-lived"), "{message}");
}

async fn a_yield_is_pending_once<R: Runtime>(rt: R) {
    let wakes = Wakes::new();
    let mut once = pin!(rt.yield_now());
    assert!(poll_with(once.as_mut(), &wakes).is_pending());
    assert_eq!(wakes.count(), 1);
    assert!(poll_with(once, &wakes).is_ready());
}

async fn tasks_have_names<R: Runtime>(rt: R) {
    let named = rt.spawn_named(format!("worker-{}", 3), async {});
    assert_eq!(named.name().to_string(), "worker-3");
    assert_eq!(named.abort_handle().name().to_string(), "worker-3");

    let line = line!() + 1;
    let unnamed = rt.spawn(async {});
    let place = format!("{}:{line}:", file!());
    assert!(unnamed.name().to_string().starts_with(&place), "{:?}", unnamed.name());

    let line = line!() + 1;
    let job = rt.unblock(|| ());
    let place = format!("{}:{line}:", file!());
    assert!(job.name().to_string().starts_with(&place), "{:?}", job.name());

    for task in [named, unnamed, job] {
        task.await.expect("it ends");
    }
}

async fn an_erased_runtime_is_not_erased_again<R: Runtime>(rt: R) {
    use mtaio_runtime::DynRuntime;

    let once = DynRuntime::new(&rt);
    let twice = DynRuntime::from(&once);
    assert_eq!(format!("{once:?}"), format!("{twice:?}"));
    assert_eq!(twice.spawn(async { 3 }).await.expect("it ends"), 3);
}
