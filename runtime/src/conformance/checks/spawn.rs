//! Tasks run to their end, wherever they were spawned.

use std::cell::Cell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use crate::conformance::check::{Entry, Outcome, check, ensure};
use crate::conformance::probes::{Foreign, Gate, HOUR, Held, block_on, elsewhere, eventually, ms};
use crate::conformance::{Capability, Host};
use crate::{Runtime, RuntimeExt, Task, TaskName};

pub(super) fn entries<H: Host>() -> Vec<Entry<H>> {
    vec![
        check(
            "spawn_answers_the_value",
            "a task answers what its future returned, once that future has been dropped",
            |host: &H| host.run(answers_the_value),
        ),
        check(
            "spawn_detached_runs_to_the_end",
            "a bare future is polled until it is ready, with nobody waiting for it",
            |host: &H| host.run(detached_runs_to_the_end),
        ),
        check(
            "spawn_detached_drops_what_is_ready",
            "a bare future is dropped when it is ready, not when the runtime ends",
            |host: &H| host.run(detached_drops_what_is_ready),
        ),
        check(
            "spawn_polls_nothing_by_itself",
            "`spawn_detached` returns without polling the future in the call: its caller may hold \
             a lock",
            |host: &H| host.run(polls_nothing_by_itself),
        ),
        check(
            "spawn_before_anything_runs",
            "a handle takes tasks and makes sleeps before its runtime is driven",
            before_anything_runs,
        ),
        check(
            "spawn_from_tasks",
            "tasks spawn tasks, which spawn tasks, and await them",
            |host: &H| host.run(from_tasks),
        ),
        check(
            "spawn_to_any_depth",
            "a task that spawns a task that spawns a task needs no stack",
            |host: &H| host.run(to_any_depth),
        ),
        check(
            "spawn_from_foreign_threads",
            "a handle works on threads that the runtime does not know",
            |host: &H| host.run(from_foreign_threads),
        )
        .needs(&[Capability::ForeignCalls]),
        check(
            "spawn_from_destructors",
            "what a cancelled future owns may spawn in its destructor",
            |host: &H| host.run(from_destructors),
        ),
        check(
            "spawn_thousands",
            "thousands of tasks run, none is lost and none runs twice",
            |host: &H| host.run(thousands),
        ),
        check(
            "spawn_lets_others_run",
            "a task that yields over and over lets the other tasks run",
            |host: &H| host.run(lets_others_run),
        ),
        check(
            "spawn_joined_on_a_foreign_thread",
            "a thread that no runtime knows may await a task",
            |host: &H| host.run(joined_on_a_foreign_thread),
        )
        .needs(&[Capability::ForeignCalls]),
        check(
            "spawn_keeps_nothing_of_what_ended",
            "when tasks that hold their runtime have ended, nothing of them is left",
            |host: &H| host.run(keeps_nothing_of_what_ended),
        ),
    ]
}

/// A future that owns something beside running code, and is ready at once.
struct Owner(#[allow(dead_code, reason = "it is there to be dropped")] Held);

impl Future for Owner {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

async fn answers_the_value<R: Runtime>(rt: R) -> Outcome {
    let value = rt.spawn(async { String::from("value") }).await?;
    ensure!(value == "value", "{value:?} in place of what the future returned");

    let (held, dropped) = Held::slow();
    rt.spawn(async move {
        let _held = held;
    })
    .await?;
    ensure!(dropped(), "the task answered while the locals of its future were alive");

    let (held, dropped) = Held::slow();
    rt.spawn(Owner(held)).await?;
    ensure!(dropped(), "the task answered while its future was alive");
    Ok(())
}

async fn detached_runs_to_the_end<R: Runtime>(rt: R) -> Outcome {
    let ended = Arc::new(AtomicBool::new(false));
    rt.spawn_detached(TaskName::new("bare"), {
        let (rt, ended) = (rt.clone(), Arc::clone(&ended));
        async move {
            rt.sleep(ms(2)).await;
            rt.yield_now().await;
            ended.store(true, Ordering::SeqCst);
        }
    });
    eventually(&rt, "the bare future ends", move || ended.load(Ordering::SeqCst)).await
}

async fn detached_drops_what_is_ready<R: Runtime>(rt: R) -> Outcome {
    let (held, dropped) = Held::new();
    rt.spawn_detached(TaskName::new("bare"), Owner(held));
    eventually(&rt, "the future is dropped that was ready", dropped).await
}

thread_local! {
    /// Whether this thread is in the call that must not poll.
    static SPAWNING: Cell<bool> = const { Cell::new(false) };
}

/// Spawns a future; what it answers is whether it was polled in the call.
fn spawn_observed<R: Runtime>(rt: &R) -> Task<bool> {
    SPAWNING.set(true);
    let task = rt.spawn(async { SPAWNING.get() });
    SPAWNING.set(false);
    task
}

async fn polls_nothing_by_itself<R: Runtime>(rt: R) -> Outcome {
    for _ in 0..10 {
        let inside = rt.clone();
        let from_a_task = rt.spawn(async move { spawn_observed(&inside).await });
        ensure!(!spawn_observed(&rt).await?, "it was polled in the call, outside of tasks");
        ensure!(!from_a_task.await??, "it was polled in the call, by a task");
    }
    Ok(())
}

/// The body is called before its future is polled: on most hosts nothing is driven yet.
fn before_anything_runs<H: Host>(host: &H) -> Outcome {
    host.run(|rt| {
        let deadline = rt.now() + ms(2);
        let sleep = rt.sleep_until(deadline);
        let task = rt.spawn({
            let rt = rt.clone();
            async move {
                sleep.await;
                rt.now()
            }
        });
        async move {
            let woke = task.await?;
            ensure!(woke >= deadline, "the sleep ended {:?} early", deadline - woke);
            Ok(())
        }
    })
}

async fn from_tasks<R: Runtime>(rt: R) -> Outcome {
    let branches = (0..10).map(|branch| {
        let rt = rt.clone();
        rt.clone().spawn(async move {
            let leaves: Vec<_> = (0..10).map(|leaf| rt.spawn(async move { leaf })).collect();
            let mut sum = 0;
            for leaf in leaves {
                sum += branch * 10 + leaf.await?;
            }
            Outcome::Ok(sum)
        })
    });
    let mut sum = 0;
    for branch in branches.collect::<Vec<_>>() {
        sum += branch.await??;
    }
    ensure!(sum == 4_950, "the leaves summed to {sum}, not to 4950");
    Ok(())
}

/// A task that spawns a task that spawns a task; answers how many there were.
fn deeper<R: Runtime>(rt: R, left: usize) -> Task<Outcome<usize>> {
    let next = rt.clone();
    rt.spawn(async move { if left == 0 { Ok(0) } else { Ok(deeper(next, left - 1).await?? + 1) } })
}

async fn to_any_depth<R: Runtime>(rt: R) -> Outcome {
    let depth = deeper(rt, 2_000).await??;
    ensure!(depth == 2_000, "{depth} tasks of 2000 ran");
    Ok(())
}

async fn from_foreign_threads<R: Runtime>(rt: R) -> Outcome {
    for number in 0..4 {
        let handle = rt.clone();
        let (task, _, _) = elsewhere(move || {
            let deadline = handle.now() + ms(2);
            let sleep = handle.sleep_until(deadline);
            let inside = handle.clone();
            let task = handle.spawn(async move {
                sleep.await;
                (number, inside.now() >= deadline)
            });
            (task, handle.entropy(), handle.wall_clock())
        })?;
        let answer = task.await?;
        ensure!(answer == (number, true), "{answer:?} in place of {:?}", (number, true));
    }
    Ok(())
}

async fn from_destructors<R: Runtime>(rt: R) -> Outcome {
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
    ensure!(task.await.is_err(), "a future that never ends has ended");
    eventually(&rt, "the task of the destructor runs", move || gate.is_open()).await
}

async fn thousands<R: Runtime>(rt: R) -> Outcome {
    let ran = Arc::new(AtomicUsize::new(0));
    let tasks = (0..3_000_usize).map(|number| {
        let (rt, ran) = (rt.clone(), Arc::clone(&ran));
        rt.clone().spawn(async move {
            rt.yield_now().await;
            ran.fetch_add(1, Ordering::SeqCst);
            number
        })
    });
    for (number, task) in tasks.collect::<Vec<_>>().into_iter().enumerate() {
        let answer = task.await?;
        ensure!(answer == number, "the task {number} answered {answer}");
    }
    let ran = ran.load(Ordering::SeqCst);
    ensure!(ran == 3_000, "3000 tasks ended, and {ran} ran");
    Ok(())
}

async fn lets_others_run<R: Runtime>(rt: R) -> Outcome {
    let inside = rt.clone();
    let waiter = rt.spawn(async move {
        let seen = Arc::new(AtomicBool::new(false));
        let ran = Arc::clone(&seen);
        let other = inside.spawn(async move { ran.store(true, Ordering::SeqCst) });
        // Who doesn't let others run gets nowhere on a single thread.
        for _ in 0..300_000 {
            if seen.load(Ordering::SeqCst) {
                return other.await.is_ok();
            }
            inside.yield_now().await;
        }
        false
    });
    ensure!(waiter.await?, "a task yielded 300 000 times, and another did not run");
    Ok(())
}

async fn joined_on_a_foreign_thread<R: Runtime>(rt: R) -> Outcome {
    let gate = Gate::default();
    let task = rt.spawn({
        let gate = gate.clone();
        async move {
            gate.passed().await;
            7
        }
    });
    let handle = task.abort_handle();
    let thread = Foreign::start(move || block_on(task))?;
    gate.open();
    eventually(&rt, "the task ends", move || handle.is_finished()).await?;
    let value = thread.join()??;
    ensure!(value == 7, "the thread was answered {value}, not 7");
    Ok(())
}

async fn keeps_nothing_of_what_ended<R: Runtime>(rt: R) -> Outcome {
    let token = Arc::new(());
    let tasks = [false, true].map(|ends| {
        let (rt, token) = (rt.clone(), Arc::clone(&token));
        rt.clone().spawn(async move {
            let _token = token;
            rt.sleep(ms(1)).await;
            if !ends {
                rt.sleep(HOUR).await;
            }
        })
    });
    let [cancelled, ended] = tasks;
    ended.await?;
    cancelled.abort();
    ensure!(cancelled.await.is_err(), "a sleep of an hour is over");
    let left = Arc::strong_count(&token) - 1;
    ensure!(left == 0, "{left} of two futures are still there");
    Ok(())
}
