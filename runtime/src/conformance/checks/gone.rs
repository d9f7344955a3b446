//! What a handle can do when its runtime is gone, and what has become of the tasks.

use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::conformance::check::{Entry, Outcome, Reason, check, ensure};
use crate::conformance::probes::{
    Foreign, Gate, HOUR, Held, Wakes, block_on, elsewhere, lock, ms, poll_with,
};
use crate::conformance::{Capability, Host};
use crate::{Instant, JoinError, Runtime, RuntimeExt, Sleep, Task, TaskName};

pub(super) fn entries<H: Host>() -> Vec<Entry<H>> {
    let checks = [
        check(
            "gone_drops_what_is_left",
            "when the runtime has been shut down, the futures of its tasks have been dropped",
            drops_what_is_left,
        ),
        check(
            "gone_is_what_tasks_answer",
            "a task that its runtime's end has ended answers `RuntimeGone`",
            is_what_tasks_answer,
        ),
        check(
            "gone_is_told_to_who_waits",
            "a thread that awaits a task hears of its runtime's end",
            is_told_to_who_waits,
        )
        .needs(&[Capability::Shutdown, Capability::ForeignCalls]),
        check(
            "gone_changes_no_answer",
            "a task that had ended, or was aborted, answers what it would have answered",
            changes_no_answer,
        ),
        check(
            "gone_drops_new_tasks",
            "a future that is spawned after the end is dropped in the call, on any thread",
            drops_new_tasks,
        )
        .needs(&[Capability::Shutdown, Capability::ForeignCalls]),
        check(
            "gone_drops_new_jobs",
            "a job that is given away after the end is dropped in the call",
            drops_new_jobs,
        ),
        check(
            "gone_leaves_sleeps_pending",
            "a sleep from before the end never ends, however it is polled and reset",
            leaves_sleeps_pending,
        ),
        check(
            "gone_makes_sleeps_without_end",
            "a sleep that is made after the end never ends",
            makes_sleeps_without_end,
        ),
        check(
            "gone_leaves_the_clock",
            "the clocks and the entropy of a handle answer after the end",
            leaves_the_clock,
        ),
        check(
            "gone_though_tasks_hold_it",
            "a task that holds a handle of its runtime does not keep it, nor itself",
            though_tasks_hold_it,
        ),
        check(
            "gone_while_destructors_use_it",
            "what is dropped at the end may use the runtime that ends",
            while_destructors_use_it,
        ),
        check(
            "gone_before_the_wakers",
            "a waker that is left over may be woken and dropped after the end",
            before_the_wakers,
        ),
    ];
    let shutdown = |entry: Entry<H>| match entry.check.needs() {
        [] => entry.needs(&[Capability::Shutdown]),
        _ => entry,
    };
    checks.map(shutdown).into()
}

/// A task that holds `held` and never ends, and that has been polled.
async fn endless<R: Runtime>(rt: &R, held: impl Send + 'static) -> Task<()> {
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

fn must_be_gone<T>(result: Result<T, JoinError>) -> Outcome {
    match result {
        Err(JoinError::RuntimeGone) => Ok(()),
        Err(other) => Err(Reason::new(format_args!("in place of `RuntimeGone`: {other}"))),
        Ok(_) => Err(Reason::new("a task without a runtime has a value")),
    }
}

fn drops_what_is_left<H: Host>(host: &H) -> Outcome {
    let ([task, bare], [task_dropped, bare_dropped]) = {
        let ((task, task_dropped), (bare, bare_dropped)) = (Held::new(), Held::new());
        ([task, bare], [Box::new(task_dropped) as Box<dyn Fn() -> bool>, Box::new(bare_dropped)])
    };
    host.run(|rt| async move {
        endless(&rt, task).await.detach();
        let started = Gate::default();
        let opens = started.clone();
        rt.spawn_detached(TaskName::new("bare"), async move {
            let _held = bare;
            opens.open();
            pending::<()>().await;
        });
        started.passed().await;
    });
    ensure!(task_dropped(), "the future of a task is still there");
    ensure!(bare_dropped(), "a bare future is still there");
    Ok(())
}

fn is_what_tasks_answer<H: Host>(host: &H) -> Outcome {
    let tasks = host.run(|rt| async move {
        let mut tasks = vec![endless(&rt, ()).await];
        let started = Gate::default();
        let (inside, opens) = (rt.clone(), started.clone());
        tasks.push(rt.spawn(async move {
            opens.open();
            inside.sleep(HOUR).await;
        }));
        started.passed().await;
        // Some of these will have run; none has ended.
        tasks.extend((0..50).map(|_| rt.spawn(pending::<()>())));
        tasks
    });
    for task in tasks {
        ensure!(task.is_finished(), "a task goes on, and its runtime is gone");
        must_be_gone(block_on(task))?;
    }
    Ok(())
}

fn is_told_to_who_waits<H: Host>(host: &H) -> Outcome {
    let waiting = host.run(|rt| async move {
        let task = endless(&rt, ()).await;
        Foreign::start(move || block_on(task))
    })?;
    must_be_gone(waiting.join()?)
}

fn changes_no_answer<H: Host>(host: &H) -> Outcome {
    let (ended, aborted) = host.run(|rt| async move {
        let ended = rt.spawn(async { 6 });
        while !ended.is_finished() {
            rt.sleep(ms(1)).await;
        }
        let aborted = endless(&rt, ()).await;
        aborted.abort();
        (ended, aborted)
    });
    ended.abort();
    let value = block_on(ended)?;
    ensure!(value == 6, "a task that had ended answered {value}, not 6");
    let answer = block_on(aborted);
    ensure!(matches!(answer, Err(JoinError::Cancelled)), "an aborted task answered {answer:?}");
    Ok(())
}

fn drops_new_tasks<H: Host>(host: &H) -> Outcome {
    let rt = host.run(|rt| async move { rt });
    for _ in 0..3 {
        let (held, dropped) = Held::new();
        let task = rt.spawn(async move { drop(held) });
        ensure!(dropped(), "the future is kept for a runtime that is gone");
        must_be_gone(block_on(task))?;

        let (held, dropped) = Held::new();
        rt.spawn_detached(TaskName::new("bare"), async move { drop(held) });
        ensure!(dropped(), "the bare future is kept for a runtime that is gone");
    }
    must_be_gone(elsewhere(move || block_on(rt.spawn(async {})))?)
}

fn drops_new_jobs<H: Host>(host: &H) -> Outcome {
    let rt = host.run(|rt| async move {
        rt.unblock(|| ()).await?;
        Outcome::Ok(rt)
    })?;
    let (held, dropped) = Held::new();
    let job = rt.unblock(move || drop(held));
    ensure!(dropped(), "the job is kept for a runtime that is gone");
    must_be_gone(block_on(job))?;

    let (held, dropped) = Held::new();
    rt.spawn_blocking(Box::new(move || drop(held)));
    ensure!(dropped(), "the bare job is kept for a runtime that is gone");
    Ok(())
}

/// Polls the sleeps, whatever happens to them, which is nothing.
fn stay_pending<S: Sleep>(rt: &impl Runtime, mut sleeps: Vec<Pin<Box<S>>>) -> Outcome {
    let wakes = Wakes::new();
    for _ in 0..2 {
        for (number, sleep) in sleeps.iter_mut().enumerate() {
            let pending = poll_with(sleep.as_mut(), &wakes).is_pending();
            ensure!(pending, "it is over: the sleep number {number}");
        }
        real_time_passes();
    }
    for deadline in [rt.now(), Instant::ZERO, rt.now() + ms(1), Instant::MAX] {
        for sleep in &mut sleeps {
            sleep.as_mut().reset(deadline);
        }
        real_time_passes();
        for (number, sleep) in sleeps.iter_mut().enumerate() {
            let pending = poll_with(sleep.as_mut(), &wakes).is_pending();
            ensure!(pending, "it is over: the sleep number {number}, reset to {deadline:?}");
        }
    }
    Ok(())
}

/// Longer than the sleeps of these checks: no runtime is left to wait with. That some of these
/// waits are cut short does no harm.
fn real_time_passes() {
    thread::park_timeout(ms(3));
}

fn leaves_sleeps_pending<H: Host>(host: &H) -> Outcome {
    let (rt, sleeps) = host.run(|rt| async move {
        let sleep = |millis| Box::pin(rt.sleep(ms(millis)));
        let mut sleeps = vec![sleep(0), sleep(1), sleep(3_600_000)];
        // It is the waker of nobody that the end of the runtime would wake.
        for mut polled in [sleep(30_000), sleep(3_600_000)] {
            let _ = poll_with(polled.as_mut(), &Wakes::new());
            sleeps.push(polled);
        }
        (rt, sleeps)
    });
    stay_pending(&rt, sleeps)
}

fn makes_sleeps_without_end<H: Host>(host: &H) -> Outcome {
    let rt = host.run(|rt| async move { rt });
    let now = rt.now();
    let deadlines = [now, now + ms(1), now + HOUR, Instant::ZERO, Instant::MAX];
    let sleeps = deadlines.map(|deadline| Box::pin(rt.sleep_until(deadline)));
    stay_pending(&rt, sleeps.into())
}

fn leaves_the_clock<H: Host>(host: &H) -> Outcome {
    let (rt, last) = host.run(|rt| async move {
        rt.sleep(ms(2)).await;
        let last = rt.now();
        (rt, last)
    });
    let now = rt.now();
    ensure!(now >= last, "{now:?} after {last:?}");
    let age = rt.wall_clock().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    ensure!(age > Duration::ZERO, "it is before 1970");
    ensure!(rt.entropy() != rt.entropy(), "the entropy repeats itself");
    Ok(())
}

fn though_tasks_hold_it<H: Host>(host: &H) -> Outcome {
    let token = Arc::new(());
    let held = Arc::clone(&token);
    // With the runtime, though a handle of it is still here.
    let _rt = host.run(|rt| async move {
        endless(&rt, (rt.clone(), held)).await.detach();
        rt
    });
    let left = Arc::strong_count(&token) - 1;
    ensure!(left == 0, "the future is still there");
    Ok(())
}

/// Uses its runtime for the last time, and says so.
struct LastWords<R: Runtime>(R, Arc<Mutex<Vec<&'static str>>>);

impl<R: Runtime> Drop for LastWords<R> {
    fn drop(&mut self) {
        let Self(rt, words) = self;
        let ran = Arc::clone(words);
        rt.spawn(async move {
            pending::<()>().await;
            lock(&ran).push("ran on");
        })
        .detach();
        drop(rt.unblock(|| ()));
        let _ = poll_with(Box::pin(rt.sleep(Duration::ZERO)).as_mut(), &Wakes::new());
        let _ = (rt.now(), rt.entropy(), rt.wall_clock());
        lock(words).push("said");
    }
}

#[allow(clippy::async_yields_async, reason = "the task is looked at after the end")]
fn while_destructors_use_it<H: Host>(host: &H) -> Outcome {
    let words = Arc::new(Mutex::new(Vec::new()));
    let said = Arc::clone(&words);
    let task = host.run(|rt| async move {
        let last_words = LastWords(rt.clone(), said);
        endless(&rt, last_words).await
    });
    must_be_gone(block_on(task))?;
    let said = lock(&words).clone();
    ensure!(said == ["said"], "the destructor got as far as {said:?}");
    ensure!(Arc::strong_count(&words) == 1, "what the destructor spawned is still there");
    Ok(())
}

fn before_the_wakers<H: Host>(host: &H) -> Outcome {
    let slot = Arc::new(Mutex::new(None::<Waker>));
    let left = Arc::clone(&slot);
    host.run(|rt| async move {
        let started = Gate::default();
        let opens = started.clone();
        rt.spawn(std::future::poll_fn(move |cx| {
            *lock(&left) = Some(cx.waker().clone());
            opens.open();
            std::task::Poll::<()>::Pending
        }))
        .detach();
        started.passed().await;
    });
    let waker = lock(&slot).take();
    let waker = waker.ok_or_else(|| Reason::new("the task was not polled"))?;
    let twin = waker.clone();
    waker.wake_by_ref();
    waker.wake();
    drop(twin);
    Ok(())
}
