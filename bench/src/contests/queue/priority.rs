//! One item out, one in, with many waiting: the greatest is taken, and put back with a priority
//! that is lower by some chance (the hold model of D. W. Jones, "An empirical comparison of
//! priority-queue and event-set implementations", 1986).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};

use mtaio::queue::PriorityQueue;

use super::GROUP;
use crate::harness::Aim::{Open, Wish};
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Outcome, Side, timed_on};
use crate::host::TokioHost;

pub(super) fn contests(host: &TokioHost) -> [Contest; 2] {
    [contest("queue-priority/1k", 1_000, host), contest("queue-priority/100k", 100_000, host)]
}

/// A heap that is stable, as ours is, needs to number its items: for information.
fn contest(name: &str, waiting: u64, host: &TokioHost) -> Contest {
    Contest::new(GROUP, name)
        .ours(ours(waiting, host))
        .peer("Mutex<BinaryHeap>", Wish(Ratio(1.2)), heap(waiting, host))
        .peer("the same, stable", Open, stable_heap(waiting, host))
}

fn ours(waiting: u64, host: &TokioHost) -> Side {
    let queue = Arc::new(PriorityQueue::unbounded());
    for (item, priority) in first(waiting) {
        // It is open, and has room for any number.
        let _ = queue.try_put(priority, item);
    }
    timed_on(host, move |times| {
        let queue = Arc::clone(&queue);
        async move {
            for draw in draws(times) {
                let (priority, item) = queue.get().await?;
                queue.put(priority - draw, item).await?;
            }
            Ok(())
        }
    })
}

fn heap(waiting: u64, host: &TokioHost) -> Side {
    let entries = first(waiting).map(|(item, priority)| (priority, item));
    let heap = Arc::new(Mutex::new(entries.collect::<BinaryHeap<_>>()));
    timed_on(host, move |times| {
        let heap = Arc::clone(&heap);
        async move { hold(&heap, times) }
    })
}

fn hold(heap: &Mutex<BinaryHeap<(u64, u64)>>, times: u64) -> Outcome {
    let lock = || heap.lock().unwrap_or_else(PoisonError::into_inner);
    for draw in draws(times) {
        let (priority, item) = lock().pop().ok_or("the heap is empty")?;
        lock().push((priority - draw, item));
    }
    Ok(())
}

/// Priority, number, item.
type Numbered = (u64, Reverse<u64>, u64);

fn stable_heap(waiting: u64, host: &TokioHost) -> Side {
    let entries = first(waiting).map(|(item, priority)| (priority, Reverse(item), item));
    let heap = Arc::new(Mutex::new((entries.collect::<BinaryHeap<_>>(), waiting)));
    timed_on(host, move |times| {
        let heap = Arc::clone(&heap);
        async move { stable_hold(&heap, times) }
    })
}

fn stable_hold(heap: &Mutex<(BinaryHeap<Numbered>, u64)>, times: u64) -> Outcome {
    let lock = || heap.lock().unwrap_or_else(PoisonError::into_inner);
    for draw in draws(times) {
        let (priority, _, item) = lock().0.pop().ok_or("the heap is empty")?;
        let (entries, next) = &mut *lock();
        entries.push((priority - draw, Reverse(*next), item));
        *next += 1;
    }
    Ok(())
}

/// The items that wait at the beginning, with priorities so great that none ever gets to zero.
fn first(count: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..).zip(draws(count).map(|draw| (1 << 62) + draw))
}

/// Numbers below 2^20 in no order (Marsaglia's xorshift), the same for all sides.
fn draws(count: u64) -> impl Iterator<Item = u64> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    (0..count).map(move |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 44
    })
}
