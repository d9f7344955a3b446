//! A task that is woken is polled again, whoever wakes it, from wherever, whenever.

use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use crate::conformance::check::{Entry, Outcome, check, ensure};
use crate::conformance::probes::{
    Gate, Held, Wakes, elsewhere, eventually, lock, poll_once, poll_with,
};
use crate::conformance::{Capability, Host};
use crate::{Runtime, RuntimeExt, TaskName};

pub(super) fn entries<H: Host>() -> Vec<Entry<H>> {
    vec![
        check(
            "wakers_work_during_the_poll",
            "a future that is woken while it is polled is polled again",
            |host: &H| host.run(work_during_the_poll),
        ),
        check(
            "wakers_work_between_tasks",
            "no wake is lost between two tasks that wake each other in turn",
            |host: &H| host.run(work_between_tasks),
        ),
        check(
            "wakers_work_on_foreign_threads",
            "a waker that was kept after the poll may be woken by any thread",
            |host: &H| host.run(work_on_foreign_threads),
        )
        .needs(&[Capability::ForeignCalls]),
        check(
            "wakers_woken_all_at_once",
            "a thousand wakes of one task are at least one poll after the last of them",
            |host: &H| host.run(woken_all_at_once),
        ),
        check(
            "wakers_outlive_their_future",
            "a waker keeps no future that has ended, and waking it then harms nobody",
            |host: &H| host.run(outlive_their_future),
        ),
        check(
            "wakers_of_joins_follow_the_last_poll",
            "a task wakes who polled it last, and not who polled it before",
            |host: &H| host.run(of_joins_follow_the_last_poll),
        ),
        check(
            "wakers_of_joins_follow_between_tasks",
            "a task that was polled in one task may be awaited in another",
            |host: &H| host.run(of_joins_follow_between_tasks),
        ),
        check(
            "wakers_of_joins_follow_between_threads",
            "a task that was polled on a foreign thread may be awaited in a task",
            |host: &H| host.run(of_joins_follow_between_threads),
        )
        .needs(&[Capability::ForeignCalls]),
    ]
}

/// Pending for as many polls, each of which wakes the task before it is over.
fn wakes_itself(mut times: u32) -> impl Future<Output = ()> {
    poll_fn(move |cx| {
        if times == 0 {
            return Poll::Ready(());
        }
        times -= 1;
        let twin = cx.waker().clone();
        if times.is_multiple_of(2) {
            cx.waker().wake_by_ref();
        } else {
            twin.wake();
        }
        Poll::Pending
    })
}

async fn work_during_the_poll<R: Runtime>(rt: R) -> Outcome {
    rt.spawn(wakes_itself(100)).await?;
    let gate = Gate::default();
    let opens = gate.clone();
    rt.spawn_detached(TaskName::new("bare"), async move {
        wakes_itself(100).await;
        opens.open();
    });
    eventually(&rt, "a bare future that woke itself is polled", move || gate.is_open()).await
}

/// Whose turn it is, and who waits for theirs.
#[derive(Default)]
struct Turns {
    taken: AtomicUsize,
    waiting: [Mutex<Option<Waker>>; 2],
}

impl Turns {
    /// Takes every second turn, up to the last, and wakes the other side after each.
    async fn play(&self, me: usize, turns: usize) {
        poll_fn(|cx| {
            let replaced = lock(&self.waiting[me]).replace(cx.waker().clone());
            drop(replaced);
            loop {
                let taken = self.taken.load(Ordering::SeqCst);
                if taken >= turns {
                    return Poll::Ready(());
                }
                if taken % 2 != me {
                    return Poll::Pending;
                }
                self.taken.store(taken + 1, Ordering::SeqCst);
                let other = lock(&self.waiting[1 - me]).take();
                if let Some(other) = other {
                    other.wake();
                }
            }
        })
        .await;
    }
}

async fn work_between_tasks<R: Runtime>(rt: R) -> Outcome {
    let turns = Arc::new(Turns::default());
    let players = [0, 1].map(|me| {
        let turns = Arc::clone(&turns);
        rt.spawn(async move { turns.play(me, 2_000).await })
    });
    let handles = players.each_ref().map(crate::Task::abort_handle);
    let ended = || handles.iter().all(crate::AbortHandle::is_finished);
    eventually(&rt, "both of two tasks that wake each other end", ended).await?;
    for player in players {
        player.await?;
    }
    Ok(())
}

/// Leaves its waker in the slot, and is ready once it is told so.
#[derive(Clone, Default)]
struct Kept {
    waker: Arc<Mutex<Option<Waker>>>,
    ready: Arc<AtomicBool>,
    polls: Arc<AtomicUsize>,
}

impl Kept {
    fn is_kept(&self) -> bool {
        lock(&self.waker).is_some()
    }

    fn take(&self) -> Option<Waker> {
        lock(&self.waker).take()
    }

    fn finish(&self) {
        self.ready.store(true, Ordering::SeqCst);
    }
}

impl Future for Kept {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        let replaced = lock(&self.waker).replace(cx.waker().clone());
        drop(replaced);
        if self.ready.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    }
}

async fn work_on_foreign_threads<R: Runtime>(rt: R) -> Outcome {
    for by_value in [true, false, true] {
        let kept = Kept::default();
        let task = rt.spawn(kept.clone());
        let seen = kept.clone();
        eventually(&rt, "the task is polled", move || seen.is_kept()).await?;
        let waker = kept.take();
        elsewhere(move || {
            // Cloned here, and dropped here: it need not know the thread that it came from.
            let waker = waker.clone();
            kept.finish();
            match waker {
                Some(waker) if by_value => waker.wake(),
                Some(waker) => waker.wake_by_ref(),
                None => {}
            }
        })?;
        let handle = task.abort_handle();
        eventually(&rt, "a task ends that a thread woke", move || handle.is_finished()).await?;
        task.await?;
    }
    Ok(())
}

async fn woken_all_at_once<R: Runtime>(rt: R) -> Outcome {
    let kept = Kept::default();
    let task = rt.spawn(kept.clone());
    let seen = kept.clone();
    eventually(&rt, "the task is polled", move || seen.is_kept()).await?;
    let Some(waker) = kept.take() else { return Ok(()) };
    for _ in 0..1_000 {
        waker.wake_by_ref();
    }
    kept.finish();
    waker.wake();
    let handle = task.abort_handle();
    eventually(&rt, "a task ends after its last wake", move || handle.is_finished()).await?;
    task.await?;
    let polls = kept.polls.load(Ordering::SeqCst);
    ensure!(polls >= 2, "it ended after {polls} polls");
    Ok(())
}

/// Is ready at its first poll, and owns something beside running code.
struct Owner(Kept, #[allow(dead_code, reason = "it is there to be dropped")] Held);

impl Future for Owner {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.finish();
        Pin::new(&mut self.0).poll(cx)
    }
}

async fn outlive_their_future<R: Runtime>(rt: R) -> Outcome {
    let ended = Kept::default();
    let (held, dropped) = Held::new();
    rt.spawn_detached(TaskName::new("bare"), Owner(ended.clone(), held));
    eventually(&rt, "a future is dropped whose waker is kept", dropped).await?;

    let (held, dropped) = Held::new();
    let cancelled = Kept::default();
    let waits = cancelled.clone();
    let task = rt.spawn(async move {
        let _held = held;
        waits.await;
        pending::<()>().await;
    });
    let seen = cancelled.clone();
    eventually(&rt, "the task is polled", move || seen.is_kept()).await?;
    drop(task);
    eventually(&rt, "a cancelled future is dropped whose waker is kept", dropped).await?;

    for waker in [ended.take(), cancelled.take()].into_iter().flatten() {
        let twin = waker.clone();
        waker.wake_by_ref();
        waker.wake();
        drop(twin);
    }
    let value = rt.spawn(async { 1 }).await?;
    ensure!(value == 1, "the next task answered {value}, not 1");
    Ok(())
}

async fn of_joins_follow_the_last_poll<R: Runtime>(rt: R) -> Outcome {
    let gate = Gate::default();
    let task = rt.spawn({
        let gate = gate.clone();
        async move { gate.passed().await }
    });
    let mut task = pin!(task);
    let (former, last) = (Wakes::new(), Wakes::new());
    for wakes in [&former, &last] {
        ensure!(poll_with(task.as_mut(), wakes).is_pending(), "it is over before it may be");
    }
    gate.open();
    let woken = Arc::clone(&last);
    eventually(&rt, "who polled last is woken", move || woken.count() > 0).await?;
    ensure!(former.count() == 0, "who polled before was woken too");
    ensure!(poll_with(task, &last).is_ready(), "woken, and yet the task is pending");
    Ok(())
}

async fn of_joins_follow_between_tasks<R: Runtime>(rt: R) -> Outcome {
    let gate = Gate::default();
    let mut task = rt.spawn({
        let gate = gate.clone();
        async move {
            gate.passed().await;
            5
        }
    });
    for _ in 0..3 {
        let hop = rt.spawn(async move {
            let polled = poll_once(&mut task).await;
            (polled.is_pending(), task)
        });
        let (was_pending, back) = hop.await?;
        ensure!(was_pending, "it is over before it may be");
        task = back;
    }
    let waiter = rt.spawn(task);
    // So that the waiter waits already, on most runs.
    rt.yield_now().await;
    gate.open();
    let value = waiter.await??;
    ensure!(value == 5, "the last task was answered {value}, not 5");
    Ok(())
}

async fn of_joins_follow_between_threads<R: Runtime>(rt: R) -> Outcome {
    let gate = Gate::default();
    let mut task = rt.spawn({
        let gate = gate.clone();
        async move {
            gate.passed().await;
            5
        }
    });
    for _ in 0..3 {
        ensure!(poll_once(&mut task).await.is_pending(), "it is over before it may be");
        task = elsewhere(move || {
            let pending = poll_with(Pin::new(&mut task), &Wakes::new()).is_pending();
            pending.then_some(task)
        })?
        .ok_or_else(|| crate::conformance::check::Reason::new("it is over before it may be"))?;
    }
    gate.open();
    let value = rt.spawn(task).await??;
    ensure!(value == 5, "the task that came last was answered {value}, not 5");
    Ok(())
}
