//! Spawning a task and hearing of its end.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use mtaio_runtime::{AbortHandle, Runtime, RuntimeExt, Task, TaskName};

use crate::common::{
    Gate, Held, Slow, Wakes, block_on, eventually, on_every_runtime, poll_once, poll_with,
};

on_every_runtime!(
    a_task_answers_its_value,
    a_task_answers_after_its_future_is_dropped,
    a_task_awaits_a_task,
    a_thread_awaits_a_task,
    a_task_may_be_awaited_by_reference,
    the_waker_of_the_last_poll_is_woken,
    a_finished_task_is_ready_at_once,
    a_task_polled_after_its_end_says_so,
    detach_lets_a_task_end,
    spawn_detached_runs_to_the_end,
    spawns_nest,
    spawns_recurse,
    foreign_threads_spawn,
    a_thousand_tasks,
    a_yield_is_pending_once,
    a_yield_lets_others_run,
    tasks_have_names,
    a_task_lets_go_of_the_runtime_that_it_holds,
    an_erased_runtime_is_not_erased_again,
);

/// A task may be shared and sent, whatever its value is.
const _: () = {
    const fn sent_and_shared<T: Send + Sync>() {}
    sent_and_shared::<Task<Cell<u8>>>();
    sent_and_shared::<AbortHandle>();
};

async fn a_task_answers_its_value<R: Runtime>(rt: R) {
    let task = rt.spawn(async { String::from("value") });
    assert_eq!(task.await.expect("it ends"), "value");
}

async fn a_task_answers_after_its_future_is_dropped<R: Runtime>(rt: R) {
    let (slow, dropped) = Slow::new();
    let task = rt.spawn(async move {
        let _slow = slow;
        1
    });
    assert_eq!(task.await.expect("it ends"), 1);
    assert!(dropped());

    // And what the future itself owns beside its running code.
    let (slow, dropped) = Slow::new();
    struct Owner(#[allow(dead_code, reason = "it is there to be dropped")] Slow);
    impl Future for Owner {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }
    rt.spawn(Owner(slow)).await.expect("it ends");
    assert!(dropped());
}

async fn a_task_awaits_a_task<R: Runtime>(rt: R) {
    let inner = rt.spawn({
        let rt = rt.clone();
        async move {
            rt.sleep(Duration::from_millis(2)).await;
            20
        }
    });
    let outer = rt.spawn(async move { inner.await.expect("it ends") + 1 });
    assert_eq!(outer.await.expect("it ends"), 21);
}

async fn a_thread_awaits_a_task<R: Runtime>(rt: R) {
    let gate = Gate::default();
    let task = rt.spawn({
        let gate = gate.clone();
        async move {
            gate.passed().await;
            7
        }
    });
    let handle = task.abort_handle();
    let thread = thread::spawn(move || block_on(task));
    gate.open();
    eventually(&rt, "the task ends", || handle.is_finished()).await;
    let value = thread.join().expect("awaiting does not panic");
    assert_eq!(value.expect("it ends"), 7);
}

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

async fn the_waker_of_the_last_poll_is_woken<R: Runtime>(rt: R) {
    let gate = Gate::default();
    let task = rt.spawn({
        let gate = gate.clone();
        async move { gate.passed().await }
    });
    let mut task = pin!(task);
    let (former, last) = (Wakes::new(), Wakes::new());
    assert!(poll_with(task.as_mut(), &former).is_pending());
    assert!(poll_with(task.as_mut(), &last).is_pending());
    gate.open();
    eventually(&rt, "the last one is woken", || last.count() == 1).await;
    assert_eq!(former.count(), 0);
    assert!(poll_with(task, &last).is_ready());
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

async fn detach_lets_a_task_end<R: Runtime>(rt: R) {
    let (held, dropped) = Held::new();
    let ended = Arc::new(AtomicBool::new(false));
    rt.spawn({
        let (rt, ended) = (rt.clone(), Arc::clone(&ended));
        async move {
            let _held = held;
            rt.sleep(Duration::from_millis(3)).await;
            rt.yield_now().await;
            ended.store(true, Ordering::SeqCst);
        }
    })
    .detach();
    eventually(&rt, "the future is dropped", dropped).await;
    assert!(ended.load(Ordering::SeqCst), "dropped before its end");
}

async fn spawn_detached_runs_to_the_end<R: Runtime>(rt: R) {
    let ended = Arc::new(AtomicBool::new(false));
    rt.spawn_detached(TaskName::new("bare"), {
        let (rt, ended) = (rt.clone(), Arc::clone(&ended));
        async move {
            rt.sleep(Duration::from_millis(3)).await;
            ended.store(true, Ordering::SeqCst);
        }
    });
    eventually(&rt, "it ends", || ended.load(Ordering::SeqCst)).await;
}

async fn spawns_nest<R: Runtime>(rt: R) {
    let leaves = (0..10).map(|branch| {
        let rt = rt.clone();
        rt.clone().spawn(async move {
            let leaves: Vec<_> = (0..10).map(|leaf| rt.spawn(async move { leaf })).collect();
            let mut sum = 0;
            for leaf in leaves {
                sum += branch * 10 + leaf.await.expect("it ends");
            }
            sum
        })
    });
    let mut sum = 0;
    for branch in leaves.collect::<Vec<_>>() {
        sum += branch.await.expect("it ends");
    }
    assert_eq!(sum, (0..100).sum());
}

async fn spawns_recurse<R: Runtime>(rt: R) {
    /// A task that spawns a task that spawns a task; answers how many there were.
    fn deeper<R: Runtime>(rt: R, left: usize) -> Task<usize> {
        let next = rt.clone();
        rt.spawn(async move {
            if left == 0 { 0 } else { deeper(next, left - 1).await.expect("it ends") + 1 }
        })
    }
    assert_eq!(deeper(rt, 2_000).await.expect("it ends"), 2_000);
}

async fn foreign_threads_spawn<R: Runtime>(rt: R) {
    let threads = (0..4).map(|number| {
        let rt = rt.clone();
        // Joined at once: so a simulation knows the order.
        let thread = thread::spawn(move || {
            let start = rt.now();
            let sleep = rt.sleep(Duration::from_millis(2));
            let task = rt.spawn({
                let rt = rt.clone();
                async move {
                    sleep.await;
                    assert!(rt.now() >= start + Duration::from_millis(2));
                    number
                }
            });
            (task, rt.entropy(), rt.wall_clock())
        });
        thread.join().expect("a thread outside of the runtime may use it").0
    });
    let mut numbers = Vec::new();
    for task in threads.collect::<Vec<_>>() {
        numbers.push(task.await.expect("it ends"));
    }
    assert_eq!(numbers, [0, 1, 2, 3]);
}

async fn a_thousand_tasks<R: Runtime>(rt: R) {
    let ran = Arc::new(AtomicUsize::new(0));
    let tasks = (0..1_000_usize).map(|number| {
        let (rt, ran) = (rt.clone(), Arc::clone(&ran));
        rt.clone().spawn(async move {
            rt.yield_now().await;
            ran.fetch_add(1, Ordering::SeqCst);
            number
        })
    });
    for (number, task) in tasks.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(task.await.expect("it ends"), number);
    }
    assert_eq!(ran.load(Ordering::SeqCst), 1_000);
}

async fn a_yield_is_pending_once<R: Runtime>(rt: R) {
    let wakes = Wakes::new();
    let mut once = pin!(rt.yield_now());
    assert!(poll_with(once.as_mut(), &wakes).is_pending());
    assert_eq!(wakes.count(), 1);
    assert!(poll_with(once, &wakes).is_ready());
}

async fn a_yield_lets_others_run<R: Runtime>(rt: R) {
    let seen = Arc::new(AtomicBool::new(false));
    let other = rt.spawn({
        let seen = Arc::clone(&seen);
        async move { seen.store(true, Ordering::SeqCst) }
    });
    let waiter = rt.spawn({
        let (rt, seen) = (rt.clone(), Arc::clone(&seen));
        async move {
            let mut yields = 0_u64;
            // One that doesn't let others run gets nowhere on a single thread.
            while !seen.load(Ordering::SeqCst) {
                yields += 1;
                assert!(yields < 10_000_000, "yielded {yields} times, and nobody ran");
                rt.yield_now().await;
            }
        }
    });
    waiter.await.expect("it ends");
    other.await.expect("it ends");
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

async fn a_task_lets_go_of_the_runtime_that_it_holds<R: Runtime>(rt: R) {
    let token = Arc::new(());
    let tasks = [false, true].map(|ends| {
        let (rt, token) = (rt.clone(), Arc::clone(&token));
        rt.clone().spawn(async move {
            let _token = token;
            rt.sleep(Duration::from_millis(1)).await;
            if !ends {
                rt.sleep(Duration::from_secs(3_600)).await;
            }
        })
    });
    let [cancelled, ended] = tasks;
    ended.await.expect("it ends");
    cancelled.abort();
    assert!(cancelled.await.expect_err("it does not end").is_cancelled());
    assert_eq!(Arc::strong_count(&token), 1);
}

async fn an_erased_runtime_is_not_erased_again<R: Runtime>(rt: R) {
    use mtaio_runtime::DynRuntime;

    let once = DynRuntime::new(&rt);
    let twice = DynRuntime::from(&once);
    assert_eq!(format!("{once:?}"), format!("{twice:?}"));
    assert_eq!(twice.spawn(async { 3 }).await.expect("it ends"), 3);
}
