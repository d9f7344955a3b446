//! Many tasks at both ends, some of which change their minds.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

use futures_util::StreamExt;
use mtaio::queue::{Latch, PriorityQueue, PutError, Queue, TryGetError};
use mtaio::{Runtime, RuntimeExt, Task};

use crate::below;
use crate::common::{block_on, is_soak, on_every_runtime, poll_once, watched};

on_every_runtime!(seeds = 300;
    every_item_arrives_once_and_in_order,
    what_was_put_before_the_end_is_got,
    a_join_ends_when_the_last_is_done,
    a_latch_lets_all_pass,
    streams_share_a_queue,
    the_urgent_goes_first,
);

const CAPACITY: usize = 3;

/// Who put it, and its number.
type Item = (usize, usize);

/// Polls `attempt()` a few times and drops it, again and again, until one is done.
async fn hesitating<R, F>(rt: &R, mut attempt: impl FnMut() -> F) -> F::Output
where
    R: Runtime,
    F: Future + Unpin,
{
    loop {
        let mut future = attempt();
        for _ in 0..below(rt, 4) {
            if let Poll::Ready(output) = poll_once(&mut future).await {
                return output;
            }
            rt.yield_now().await;
        }
        // Also after it was woken.
        drop(future);
        rt.yield_now().await;
    }
}

async fn put_some<R: Runtime>(rt: R, queue: Arc<Queue<Item>>, who: usize, count: usize) -> usize {
    for number in 0..count {
        let item = (who, number);
        let put = match below(&rt, 4) {
            0 => match queue.try_put(item) {
                Err(PutError::Full(item)) => queue.put(item).await,
                done => done,
            },
            1 => hesitating(&rt, || queue.put(item)).await,
            _ => queue.put(item).await,
        };
        match put {
            Ok(None) => {}
            Err(PutError::Closed(back)) => {
                assert_eq!(back, item);
                return number;
            }
            other => panic!("{other:?}"),
        }
    }
    count
}

async fn get_all<R: Runtime>(rt: R, queue: Arc<Queue<Item>>) -> Vec<Item> {
    let mut got = Vec::new();
    loop {
        assert!(queue.len() <= CAPACITY);
        match below(&rt, 5) {
            0 => match queue.try_get() {
                Ok(item) => got.push(item),
                Err(TryGetError::Closed) => break,
                Err(_) => rt.yield_now().await,
            },
            1 => match queue.get_batch_into(&mut got, 2).await {
                Ok(count) => assert!((1..=2).contains(&count)),
                Err(_) => break,
            },
            2 => match hesitating(&rt, || queue.get()).await {
                Ok(item) => got.push(item),
                Err(_) => break,
            },
            _ => match queue.get().await {
                Ok(item) => got.push(item),
                Err(_) => break,
            },
        }
    }
    got
}

/// What each of them got stands in the order in which it was put; all of it together is what was
/// put, each item once.
async fn check(getters: Vec<Task<Vec<Item>>>, put: &[usize]) {
    let mut all = Vec::new();
    for getter in getters {
        let got = getter.await.expect("it ends");
        for who in 0..put.len() {
            let own: Vec<_> = got.iter().filter(|item| item.0 == who).collect();
            assert!(own.is_sorted(), "out of order: {own:?}");
        }
        all.extend(got);
    }
    all.sort_unstable();
    let expected =
        put.iter().enumerate().flat_map(|(who, count)| (0..*count).map(move |n| (who, n)));
    assert_eq!(all, expected.collect::<Vec<_>>());
}

async fn every_item_arrives_once_and_in_order<R: Runtime>(rt: R) {
    let queue = Arc::new(Queue::bounded(CAPACITY).expect("a capacity"));
    let putters: Vec<_> =
        (0..3).map(|who| rt.spawn(put_some(rt.clone(), Arc::clone(&queue), who, 12))).collect();
    let getters = (0..3).map(|_| rt.spawn(get_all(rt.clone(), Arc::clone(&queue)))).collect();
    let mut put = Vec::new();
    for putter in putters {
        put.push(putter.await.expect("it ends"));
    }
    assert_eq!(put, [12, 12, 12]);
    queue.close();
    check(getters, &put).await;
}

async fn what_was_put_before_the_end_is_got<R: Runtime>(rt: R) {
    let queue = Arc::new(Queue::bounded(CAPACITY).expect("a capacity"));
    let putters: Vec<_> = (0..3)
        .map(|who| rt.spawn(put_some(rt.clone(), Arc::clone(&queue), who, usize::MAX)))
        .collect();
    let getters = (0..2).map(|_| rt.spawn(get_all(rt.clone(), Arc::clone(&queue)))).collect();
    for _ in 0..below(&rt, 30) {
        rt.yield_now().await;
    }
    queue.close();
    let mut put = Vec::new();
    for putter in putters {
        put.push(putter.await.expect("it ends"));
    }
    check(getters, &put).await;
    assert!(queue.is_empty());
}

async fn a_join_ends_when_the_last_is_done<R: Runtime>(rt: R) {
    let queue = Arc::new(Queue::bounded(CAPACITY).expect("a capacity"));
    let done = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..2)
        .map(|_| {
            let (rt, queue, done) = (rt.clone(), Arc::clone(&queue), Arc::clone(&done));
            rt.clone().spawn(async move {
                while queue.get().await.is_ok() {
                    for _ in 0..below(&rt, 3) {
                        rt.yield_now().await;
                    }
                    done.fetch_add(1, Ordering::SeqCst);
                    queue.task_done().expect("it was taken");
                }
            })
        })
        .collect();
    for _ in 0..2 {
        let before = done.load(Ordering::SeqCst);
        for number in 0..7 {
            queue.put(number).await.expect("it is open");
        }
        queue.join().await;
        assert_eq!(done.load(Ordering::SeqCst), before + 7);
        assert!(queue.task_done().is_err(), "nothing is in work");
    }
    queue.close();
    for worker in workers {
        worker.await.expect("it ends");
    }
}

async fn a_latch_lets_all_pass<R: Runtime>(rt: R) {
    let latch = Arc::new(Latch::new(4));
    let passed = Arc::new(AtomicUsize::new(0));
    let waiters: Vec<_> = (0..4)
        .map(|number| {
            let (rt, latch, passed) = (rt.clone(), Arc::clone(&latch), Arc::clone(&passed));
            rt.clone().spawn(async move {
                if number % 2 == 0 {
                    hesitating(&rt, || latch.wait()).await;
                } else {
                    latch.wait().await;
                }
                assert!(latch.is_open());
                passed.fetch_add(1, Ordering::SeqCst);
            })
        })
        .collect();
    for remaining in (0..4).rev() {
        rt.yield_now().await;
        assert_eq!(passed.load(Ordering::SeqCst), 0, "too early");
        latch.count_down();
        assert_eq!(latch.remaining(), remaining);
    }
    for waiter in waiters {
        waiter.await.expect("it ends");
    }
    latch.wait().await;
    assert_eq!(passed.load(Ordering::SeqCst), 4);
}

async fn streams_share_a_queue<R: Runtime>(rt: R) {
    let queue = Arc::new(Queue::bounded(2).expect("a capacity"));
    let owned = rt.spawn(Arc::clone(&queue).into_stream().take(5).collect::<Vec<_>>());
    let rest = {
        let queue = Arc::clone(&queue);
        rt.spawn(async move { queue.stream().collect::<Vec<_>>().await })
    };
    for number in 0..20 {
        queue.put(number).await.expect("it is open");
    }
    queue.close();
    let mut all = owned.await.expect("it ends");
    // Fewer if its thread was slow: what it was promised when the queue closed is the other's too.
    assert!(all.len() <= 5, "{all:?}");
    all.extend(rest.await.expect("it ends"));
    all.sort_unstable();
    assert!(all.into_iter().eq(0..20));
}

/// With one consumer that is slower than its producers, what it gets is the greatest there is.
async fn the_urgent_goes_first<R: Runtime>(rt: R) {
    let queue = Arc::new(PriorityQueue::unbounded());
    let putters: Vec<_> = (0..3_usize)
        .map(|who| {
            let (rt, queue) = (rt.clone(), Arc::clone(&queue));
            rt.clone().spawn(async move {
                for number in 0..10_usize {
                    queue.put(below(&rt, 3), (who, number)).await.expect("it is open");
                    rt.yield_now().await;
                }
            })
        })
        .collect();
    for putter in putters {
        putter.await.expect("it ends");
    }
    queue.close();
    let all = queue.get_batch(100).await.expect("they are all in it");
    assert_eq!(all.len(), 30);
    assert!(all.is_sorted_by(|a, b| a.0 >= b.0), "{all:?}");
    for same in all.chunk_by(|a, b| a.0 == b.0) {
        for who in 0..3 {
            let own: Vec<_> = same.iter().filter(|entry| entry.1.0 == who).collect();
            assert!(own.is_sorted(), "not stable: {own:?}");
        }
    }
}

/// The same on threads that park: what a simulation can't interleave.
#[test]
fn threads_lose_nothing() {
    watched("threads_lose_nothing", || {
        let items = if is_soak() { 1_000_000 } else { 20_000 };
        for capacity in [1, 2, 128] {
            let queue = Queue::bounded(capacity).expect("a capacity");
            let sum = AtomicUsize::new(0);
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        while let Ok(item) = block_on(queue.get()) {
                            sum.fetch_add(item, Ordering::SeqCst);
                        }
                    });
                }
                let put = || {
                    for item in 1..=items {
                        block_on(queue.put(item)).expect("it is open");
                    }
                };
                let putters = [scope.spawn(put), scope.spawn(put)];
                for putter in putters {
                    putter.join().expect("no panic");
                }
                queue.close();
            });
            assert_eq!(sum.into_inner(), items * (items + 1));
        }
    });
}
