//! A task that is dropped at its first await, its second, and so on: what it had done is done, and
//! what it waited for is another's.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use mtaio::queue::{Latch, Queue};
use mtaio::{Runtime, RuntimeExt};

use crate::common::on_every_runtime;
use crate::subject::BoxFuture;

on_every_runtime!(
    seeds = 60;
    a_putter_that_is_dropped,
    a_getter_that_is_dropped,
    one_who_joins_or_waits_that_is_dropped,
);

/// The most awaits that a task here has.
const MOST: usize = 12;

/// Polls so many times, and then drops what it polled: at once, or when it is woken.
struct DropAt {
    polls: usize,
    at_once: bool,
    future: Option<BoxFuture<()>>,
}

impl Future for DropAt {
    /// Whether it came to its end.
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        if self.polls == 0 {
            self.future = None;
        }
        let Some(future) = &mut self.future else { return Poll::Ready(false) };
        if future.as_mut().poll(cx).is_ready() {
            return Poll::Ready(true);
        }
        self.polls -= 1;
        if self.polls == 0 && self.at_once {
            self.future = None;
            return Poll::Ready(false);
        }
        Poll::Pending
    }
}

/// Every way to drop the future that `make` makes.
fn all_ways(make: impl Fn() -> BoxFuture<()>) -> impl Iterator<Item = DropAt> {
    let ways = (0..MOST).flat_map(|polls| [(polls, true), (polls, false)]);
    ways.map(move |(polls, at_once)| DropAt { polls, at_once, future: Some(make()) })
}

async fn a_putter_that_is_dropped<R: Runtime>(rt: R) {
    let queue = Arc::new(Queue::bounded(1).expect("a capacity"));
    let put = Arc::new(AtomicUsize::new(0));
    let make = || -> BoxFuture<()> {
        let (queue, put) = (Arc::clone(&queue), Arc::clone(&put));
        Box::pin(async move {
            for _ in 0..6 {
                queue.put(1).await.expect("it is open");
                put.fetch_add(1, Ordering::SeqCst);
            }
        })
    };
    let mut ended = 0;
    for way in all_ways(make) {
        let (before, worker) = (put.load(Ordering::SeqCst), rt.spawn(way));
        // One in the same line, who must get through.
        let other = rt.spawn({
            let queue = Arc::clone(&queue);
            async move { queue.put(100).await.expect("it is open") }
        });
        let getter = rt.spawn({
            let queue = Arc::clone(&queue);
            async move {
                let mut sum = 0;
                while let Ok(item) = queue.get().await {
                    sum += item;
                    if item == 1_000 {
                        break;
                    }
                }
                sum
            }
        });
        ended += usize::from(worker.await.expect("no panic"));
        other.await.expect("it gets through");
        queue.put(1_000).await.expect("it is open");
        let own = put.load(Ordering::SeqCst) - before;
        assert_eq!(getter.await.expect("no panic"), 1_100 + own);
    }
    assert!((1..2 * MOST).contains(&ended), "{ended} ended");
}

async fn a_getter_that_is_dropped<R: Runtime>(rt: R) {
    let queue = Arc::new(Queue::bounded(2).expect("a capacity"));
    let got = Arc::new(AtomicUsize::new(0));
    let make = || -> BoxFuture<()> {
        let (queue, got) = (Arc::clone(&queue), Arc::clone(&got));
        Box::pin(async move {
            for _ in 0..2 {
                got.fetch_add(queue.get().await.expect("it is open"), Ordering::SeqCst);
                let batch = queue.get_batch(2).await.expect("it is open");
                got.fetch_add(batch.into_iter().sum(), Ordering::SeqCst);
            }
        })
    };
    let mut put = 0;
    let mut ended = 0;
    for way in all_ways(make) {
        let worker = rt.spawn(way);
        let putter = rt.spawn({
            let (rt, queue) = (rt.clone(), Arc::clone(&queue));
            async move {
                for item in 1..=6 {
                    queue.put(item).await.expect("it is open");
                    rt.yield_now().await;
                }
            }
        });
        put += 21;
        // One in the same line, who takes what the worker leaves.
        let rest = rt.spawn({
            let (queue, got) = (Arc::clone(&queue), Arc::clone(&got));
            async move {
                while let Ok(item) = queue.get().await {
                    if item == 1_000 {
                        break;
                    }
                    got.fetch_add(item, Ordering::SeqCst);
                }
            }
        });
        putter.await.expect("no panic");
        // Drives the worker to its end, in whatever it waits for.
        while !worker.is_finished() {
            put += usize::from(queue.try_put(1).is_ok());
            rt.yield_now().await;
        }
        ended += usize::from(worker.await.expect("no panic"));
        queue.put(1_000).await.expect("it is open");
        rest.await.expect("no panic");
        assert_eq!(got.load(Ordering::SeqCst), put);
    }
    assert!((1..2 * MOST).contains(&ended), "{ended} ended");
}

async fn one_who_joins_or_waits_that_is_dropped<R: Runtime>(rt: R) {
    let queue = Arc::new(Queue::unbounded());
    for (polls, at_once) in (0..3).flat_map(|polls| [(polls, true), (polls, false)]) {
        let latch = Arc::new(Latch::new(1));
        queue.put(()).await.expect("it is open");
        queue.get().await.expect("it is in it");
        let join = |queue: Arc<Queue<()>>| -> BoxFuture<()> {
            Box::pin(async move { queue.join().await })
        };
        let wait =
            |latch: Arc<Latch>| -> BoxFuture<()> { Box::pin(async move { latch.wait().await }) };
        let drop_at = |future| DropAt { polls, at_once, future: Some(future) };
        let dropped = [
            rt.spawn(drop_at(join(Arc::clone(&queue)))),
            rt.spawn(drop_at(wait(Arc::clone(&latch)))),
        ];
        let others = [rt.spawn(join(Arc::clone(&queue))), rt.spawn(wait(Arc::clone(&latch)))];
        for _ in 0..3 {
            rt.yield_now().await;
        }
        queue.task_done().expect("it was taken");
        latch.count_down();
        for other in others {
            other.await.expect("it ends");
        }
        for dropped in dropped {
            dropped.await.expect("no panic");
        }
    }
}
