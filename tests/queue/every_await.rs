//! One task among others, dropped wherever it can be, in many orders: before its first poll, while
//! it waits, when it was woken. What it had done is done, what it waited for is another's, and
//! nobody is left waiting, or the simulation would say so.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mtaio::RuntimeExt;
use mtaio::queue::{Latch, Queue};
use mtaio_sim::{Cancel, Explore, Faults, Schedule, Sim};

/// In any order, and with tasks that are late by their priority.
fn explore<F: Future<Output = ()>>(scenario: fn(Sim) -> F) {
    for policy in [Schedule::Random, Schedule::Pct(3)] {
        let faults = Faults::new().spurious_polls(0.1);
        let explore = Explore::new().seeds(0..300).policy(policy).faults(faults);
        Sim::explore(explore.cancel(Cancel::AtEveryAwait("worker")), scenario);
    }
}

#[test]
fn a_putter() {
    explore(|rt| async move {
        let queue = Arc::new(Queue::bounded(1).expect("a capacity"));
        let put = Arc::new(AtomicUsize::new(0));
        let worker = rt.spawn_named("worker", {
            let (queue, put) = (Arc::clone(&queue), Arc::clone(&put));
            async move {
                for _ in 0..4 {
                    queue.put(1).await.expect("it is open");
                    put.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        let other = rt.spawn({
            let queue = Arc::clone(&queue);
            async move {
                for _ in 0..3 {
                    queue.put(100).await.expect("it is open");
                }
            }
        });
        let getter = rt.spawn({
            let queue = Arc::clone(&queue);
            async move {
                let mut sum = 0;
                while let Ok(item) = queue.get().await {
                    sum += item;
                }
                sum
            }
        });
        // Dropped or not.
        drop(worker.await);
        other.await.expect("it gets through");
        queue.close();
        let sum = getter.await.expect("it ends");
        assert_eq!(sum, 300 + put.load(Ordering::SeqCst));
    });
}

#[test]
fn a_getter() {
    explore(|rt| async move {
        let queue = Arc::new(Queue::bounded(2).expect("a capacity"));
        let got = Arc::new(AtomicUsize::new(0));
        let worker = rt.spawn_named("worker", {
            let (queue, got) = (Arc::clone(&queue), Arc::clone(&got));
            async move {
                while let Ok(item) = queue.get().await {
                    got.fetch_add(item, Ordering::SeqCst);
                    let Ok(batch) = queue.get_batch(2).await else { return };
                    got.fetch_add(batch.into_iter().sum(), Ordering::SeqCst);
                }
            }
        });
        let other = rt.spawn({
            let (queue, got) = (Arc::clone(&queue), Arc::clone(&got));
            async move {
                while let Ok(item) = queue.get().await {
                    got.fetch_add(item, Ordering::SeqCst);
                }
            }
        });
        for item in 1..=6 {
            queue.put(item).await.expect("it is open");
            rt.yield_now().await;
        }
        queue.close();
        drop(worker.await);
        other.await.expect("it ends");
        assert_eq!(got.load(Ordering::SeqCst), 21);
    });
}

#[test]
fn one_who_joins_and_one_at_a_latch() {
    explore(|rt| async move {
        let queue = Arc::new(Queue::bounded(1).expect("a capacity"));
        let latch = Arc::new(Latch::new(3));
        let waits = |queue: &Arc<Queue<u8>>, latch: &Arc<Latch>| {
            let (queue, latch) = (Arc::clone(queue), Arc::clone(latch));
            async move {
                latch.wait().await;
                queue.join().await;
            }
        };
        let worker = rt.spawn_named("worker", waits(&queue, &latch));
        let other = rt.spawn(waits(&queue, &latch));
        let consumer = rt.spawn({
            let queue = Arc::clone(&queue);
            async move {
                while queue.get().await.is_ok() {
                    queue.task_done().expect("it was taken");
                }
            }
        });
        for item in 0..3 {
            queue.put(item).await.expect("it is open");
            latch.count_down();
        }
        drop(worker.await);
        other.await.expect("it ends");
        assert_eq!((queue.len(), queue.stats().in_work), (0, 0));
        queue.close();
        consumer.await.expect("it ends");
    });
}
