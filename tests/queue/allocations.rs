//! What a queue allocates: nothing, once it has grown to what it holds.

use std::pin::Pin;
use std::task::Poll;

use allocation_counter::measure;
use mtaio::queue::{LifoQueue, PriorityQueue, Queue};

use crate::common::{Wakes, poll_with};

/// What `round` allocates when it has been done before.
fn in_the_steady_state(mut round: impl FnMut()) -> u64 {
    (0..3).for_each(|_| round());
    measure(|| (0..100).for_each(|_| round())).count_total
}

#[test]
fn items_that_come_and_go() {
    let wakes = Wakes::new();
    let fifo = Queue::bounded(8).unwrap();
    let mut batch = Vec::new();
    let rounds = in_the_steady_state(|| {
        for item in 0..8 {
            assert!(poll_with(Pin::new(&mut fifo.put(item)), &wakes).is_ready());
        }
        assert_eq!(poll_with(Pin::new(&mut fifo.get()), &wakes), Poll::Ready(Ok(0)));
        assert!(poll_with(std::pin::pin!(fifo.get_batch_into(&mut batch, 8)), &wakes).is_ready());
        assert_eq!(batch.len(), 7);
        batch.clear();
    });
    assert_eq!(rounds, 0, "a queue");

    let (lifo, priority) = (LifoQueue::bounded(8).unwrap(), PriorityQueue::bounded(8).unwrap());
    let rounds = in_the_steady_state(|| {
        for item in 0..8 {
            assert_eq!(lifo.try_put(item), Ok(()));
            assert_eq!(priority.try_put(item % 3, item), Ok(()));
        }
        for _ in 0..8 {
            assert!(lifo.try_get().is_ok() && priority.try_get().is_ok());
        }
    });
    assert_eq!(rounds, 0, "a lifo queue and a priority queue");
}

#[test]
fn those_who_wait() {
    let wakes = Wakes::new();
    let queue = Queue::bounded(1).unwrap();
    let rounds = in_the_steady_state(|| {
        let (mut get, mut gone) = (queue.get(), queue.get());
        assert!(poll_with(Pin::new(&mut gone), &wakes).is_pending());
        assert!(poll_with(Pin::new(&mut get), &wakes).is_pending());
        assert_eq!(queue.try_put(1), Ok(None));
        drop(gone);
        let mut put = queue.put(2);
        assert!(poll_with(Pin::new(&mut put), &wakes).is_pending());
        assert_eq!(poll_with(Pin::new(&mut get), &wakes), Poll::Ready(Ok(1)));
        assert_eq!(poll_with(Pin::new(&mut put), &wakes), Poll::Ready(Ok(None)));
        assert_eq!(queue.try_get(), Ok(2));
    });
    assert_eq!(rounds, 0);
}

/// The count can fail: what does allocate is seen.
#[test]
fn a_batch_of_its_own_allocates() {
    let queue = Queue::unbounded();
    let rounds = in_the_steady_state(|| {
        assert_eq!(queue.try_put(1), Ok(None));
        assert_eq!(queue.try_get_batch(1), [1]);
    });
    assert_eq!(rounds, 100);
}
