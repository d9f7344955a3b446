//! Who waits for the end, on every runtime.

use std::future::{Future, pending, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use mtaio::time::timeout;
use mtaio::{CancellationToken, Runtime, RuntimeExt};

use crate::common::{Gate, Held, Wakes, eventually, on_every_runtime, poll_once, poll_with};

on_every_runtime!(
    it_is_ready_at_once_when_it_has_been_asked_for,
    every_waiter_is_woken,
    waiters_of_descendants_are_woken,
    the_waker_of_the_last_poll_is_woken,
    waiters_that_were_dropped_hold_up_nobody,
    what_runs_is_not_polled_after_the_end,
    what_runs_to_its_end_answers,
    an_end_before_the_beginning_polls_nothing,
    what_was_cancelled_is_dropped,
    an_aborted_task_cancels_by_its_guard,
    no_waiter_of_a_tree_is_missed_or_woken_too_soon,
);

async fn it_is_ready_at_once_when_it_has_been_asked_for<R: Runtime>(_rt: R) {
    let token = CancellationToken::new();
    let mut waiting = token.cancelled();
    let mut unpolled = token.cancelled();
    assert!(poll_once(&mut waiting).await.is_pending());
    token.cancel();
    for waiter in
        [&mut waiting, &mut unpolled, &mut token.cancelled(), &mut token.child().cancelled()]
    {
        assert!(poll_once(waiter).await.is_ready());
        assert!(poll_once(waiter).await.is_ready(), "and stays so");
    }
    // It needs no token to be alive.
    let orphan = CancellationToken::new().cancelled();
    let mut orphan = pin!(orphan);
    assert!(poll_once(&mut orphan).await.is_pending());
}

async fn every_waiter_is_woken<R: Runtime>(rt: R) {
    let token = CancellationToken::new();
    let count = Arc::new(AtomicUsize::new(0));
    let waiters: Vec<_> = (0..1_000)
        .map(|_| {
            let (token, count) = (token.clone(), Arc::clone(&count));
            rt.spawn(async move {
                token.cancelled().await;
                count.fetch_add(1, Ordering::SeqCst);
            })
        })
        .collect();
    // Some wait by now, some don't.
    rt.yield_now().await;
    assert_eq!(count.load(Ordering::SeqCst), 0);
    token.cancel();
    for waiter in waiters {
        waiter.await.expect("it ends");
    }
    assert_eq!(count.load(Ordering::SeqCst), 1_000);
}

async fn waiters_of_descendants_are_woken<R: Runtime>(rt: R) {
    let token = CancellationToken::new();
    let mut descendant = token.clone();
    let mut waiters = Vec::new();
    for _ in 0..20 {
        descendant = descendant.child();
        let waiting = descendant.clone();
        waiters.push(rt.spawn(async move { waiting.cancelled().await }));
        let cancelled = token.child().cancelled();
        waiters.push(rt.spawn(cancelled));
    }
    rt.yield_now().await;
    token.cancel();
    for waiter in waiters {
        waiter.await.expect("it ends");
    }
}

async fn the_waker_of_the_last_poll_is_woken<R: Runtime>(rt: R) {
    let token = CancellationToken::new();
    let mut cancelled = token.cancelled();
    let (first, last) = (Wakes::new(), Wakes::new());
    assert!(poll_with(Pin::new(&mut cancelled), &first).is_pending());
    assert!(poll_with(Pin::new(&mut cancelled), &last).is_pending());
    token.cancel();
    assert_eq!((first.count(), last.count()), (0, 1));

    // The same for tasks.
    let token = CancellationToken::new();
    let mut cancelled = token.cancelled();
    assert!(poll_once(&mut cancelled).await.is_pending());
    let moved = rt.spawn(cancelled);
    rt.yield_now().await;
    token.cancel();
    moved.await.expect("it ends");
}

async fn waiters_that_were_dropped_hold_up_nobody<R: Runtime>(rt: R) {
    let token = CancellationToken::new();
    let mut waiters: Vec<_> = (0..30).map(|_| (token.cancelled(), Wakes::new())).collect();
    for (waiter, wakes) in &mut waiters {
        assert!(poll_with(Pin::new(waiter), wakes).is_pending());
    }
    let (mut n, mut dropped) = (0, Vec::new());
    waiters.retain(|(_, wakes)| {
        n += 1;
        if n % 3 == 0 {
            dropped.push(Arc::clone(wakes));
        }
        n % 3 != 0
    });
    token.cancel();
    assert!(dropped.iter().all(|wakes| wakes.count() == 0), "who left is left alone");
    // Those that were woken and never look again hold up nobody either.
    waiters.drain(..10);
    for (waiter, wakes) in &mut waiters {
        assert_eq!(wakes.count(), 1);
        assert!(poll_with(Pin::new(waiter), wakes).is_ready());
    }
    timeout(&rt, Duration::ZERO, token.cancelled()).await.expect("it is ready at once");
}

/// Counts its polls, and is never ready.
struct Polls(Arc<AtomicUsize>);

impl Future for Polls {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

async fn what_runs_is_not_polled_after_the_end<R: Runtime>(rt: R) {
    let token = CancellationToken::new();
    let polls = Arc::new(AtomicUsize::new(0));
    let running = token.child();
    let work = Polls(Arc::clone(&polls));
    let task = rt.spawn(async move { running.run_until_cancelled(work).await });
    // It never rests, so in a simulation no timer would fire.
    while polls.load(Ordering::SeqCst) <= 3 {
        rt.yield_now().await;
    }
    token.cancel();
    assert!(matches!(task.await, Ok(None)));

    let polls = Arc::new(AtomicUsize::new(0));
    let token = CancellationToken::new();
    let mut run = pin!(token.run_until_cancelled(Polls(Arc::clone(&polls))));
    assert!(poll_once(&mut run).await.is_pending());
    assert!(poll_once(&mut run).await.is_pending());
    token.cancel();
    assert_eq!(poll_once(&mut run).await, Poll::Ready(None));
    assert_eq!(polls.load(Ordering::SeqCst), 2);
}

async fn what_runs_to_its_end_answers<R: Runtime>(rt: R) {
    let token = CancellationToken::new();
    let answer = async {
        rt.sleep(Duration::from_millis(2)).await;
        42
    };
    assert_eq!(token.run_until_cancelled(answer).await, Some(42));
    assert!(!token.is_cancelled());
    // It may be what asks for the end, and still answer.
    let asking = async {
        token.cancel();
        43
    };
    assert_eq!(token.run_until_cancelled(asking).await, Some(43));

    let (token, gate) = (CancellationToken::new(), Gate::default());
    let (running, passing) = (token.clone(), gate.clone());
    let task = rt.spawn(async move { running.run_until_cancelled(passing.passed()).await });
    rt.yield_now().await;
    gate.open();
    assert!(matches!(task.await, Ok(Some(()))), "it is woken by both");
}

async fn an_end_before_the_beginning_polls_nothing<R: Runtime>(_rt: R) {
    let token = CancellationToken::new();
    token.cancel();
    let polls = Arc::new(AtomicUsize::new(0));
    assert_eq!(token.run_until_cancelled(Polls(Arc::clone(&polls))).await, None);
    assert_eq!(polls.load(Ordering::SeqCst), 0);
    // The end counts more than an answer that comes with it.
    assert_eq!(token.run_until_cancelled(ready(1)).await, None);
}

async fn what_was_cancelled_is_dropped<R: Runtime>(rt: R) {
    let token = CancellationToken::new();
    let (held, dropped) = Held::new();
    let (running, seen) = (token.clone(), dropped.clone());
    let task = rt.spawn(async move {
        let work = async move {
            let _held = held;
            pending::<()>().await;
        };
        let answer = running.run_until_cancelled(work).await;
        (answer, seen())
    });
    rt.yield_now().await;
    assert!(!dropped());
    token.cancel();
    assert!(matches!(task.await, Ok((None, true))), "before the next line runs");
}

async fn an_aborted_task_cancels_by_its_guard<R: Runtime>(rt: R) {
    let token = CancellationToken::new();
    let guard = token.clone().drop_guard();
    let task = rt.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let waiting = token.child();
    let waiter = rt.spawn(async move { waiting.cancelled().await });
    rt.yield_now().await;
    assert!(!token.is_cancelled());
    task.abort();
    waiter.await.expect("it ends");
    assert!(task.await.is_err());
}

/// A token of a tree, and who waits for it.
struct Node {
    token: CancellationToken,
    parent: Option<usize>,
    is_cancelled: bool,
    ended: Arc<AtomicBool>,
}

/// Grows a tree at random, waits for each of its tokens, cancels some of them, and knows which are
/// cancelled by that.
async fn no_waiter_of_a_tree_is_missed_or_woken_too_soon<R: Runtime>(rt: R) {
    let below = |n: usize| ((rt.entropy() >> 32) as usize * n) >> 32;
    let mut tree: Vec<Node> = Vec::new();
    let mut tasks = Vec::new();
    for _ in 0..60 {
        match below(10) {
            0..=5 => {
                let parent = (!tree.is_empty()).then(|| below(tree.len()));
                let token = parent.map_or_else(CancellationToken::new, |p| tree[p].token.child());
                let is_cancelled = parent.is_some_and(|parent| tree[parent].is_cancelled);
                let ended = Arc::new(AtomicBool::new(false));
                let (waiting, done) = (token.clone(), Arc::clone(&ended));
                tasks.push(rt.spawn(async move {
                    waiting.cancelled().await;
                    assert!(waiting.is_cancelled());
                    done.store(true, Ordering::SeqCst);
                }));
                tree.push(Node { token, parent, is_cancelled, ended });
            }
            6 if !tree.is_empty() => {
                let picked = below(tree.len());
                tree[picked].token.cancel();
                tree[picked].is_cancelled = true;
                // A child is always younger than its parent.
                for n in picked + 1..tree.len() {
                    tree[n].is_cancelled |= tree[n].parent.is_some_and(|p| tree[p].is_cancelled);
                }
            }
            7 => rt.sleep(Duration::from_micros(10)).await,
            _ => rt.yield_now().await,
        }
        for node in &tree {
            assert_eq!(node.token.is_cancelled(), node.is_cancelled);
            let ended = node.ended.load(Ordering::SeqCst);
            assert!(node.is_cancelled || !ended, "woken too soon");
        }
    }
    for node in tree.iter().filter(|node| node.is_cancelled) {
        let ended = Arc::clone(&node.ended);
        eventually(&rt, "its waiter ends", move || ended.load(Ordering::SeqCst)).await;
    }
    let living = tree.iter().filter(|node| !node.is_cancelled);
    assert!(living.clone().all(|node| !node.ended.load(Ordering::SeqCst)));
    living.for_each(|node| node.token.cancel());
    for task in tasks {
        task.await.expect("it ends");
    }
}
