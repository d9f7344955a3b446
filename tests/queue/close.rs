//! The end of a queue: for those who wait at it, and for what is in it.

use std::pin::Pin;
use std::task::Poll;

use futures_util::StreamExt;
use mtaio::Retryable;
use mtaio::queue::{Closed, Latch, PutError, Queue, TryGetError};

use crate::common::{Wakes, block_on, poll_with};

#[test]
fn whoever_waits_for_room_gets_the_item_back() {
    let queue = Queue::bounded(1).unwrap();
    assert_eq!(queue.try_put("in it"), Ok(None));
    let (mut promised, mut waiting) = (queue.put("promised"), queue.put("waiting"));
    let wakes = Wakes::new();
    assert!(poll_with(Pin::new(&mut promised), &wakes).is_pending());
    assert!(poll_with(Pin::new(&mut waiting), &wakes).is_pending());
    assert_eq!(queue.try_get(), Ok("in it"));
    assert_eq!(wakes.count(), 1);

    queue.close();
    assert_eq!(wakes.count(), 2);
    let refused = |item| Poll::Ready(Err(PutError::Closed(item)));
    assert_eq!(poll_with(Pin::new(&mut promised), &wakes), refused("promised"));
    assert_eq!(poll_with(Pin::new(&mut waiting), &wakes), refused("waiting"));
    assert_eq!(queue.try_put("late"), Err(PutError::Closed("late")));
    let error = block_on(queue.put("late")).unwrap_err();
    assert!(error.is_closed() && !error.is_full() && !error.is_retryable());
    assert_eq!(error.to_string(), "the queue is closed");
    assert_eq!(error.into_inner(), "late");
}

#[test]
fn whoever_waits_for_an_item_hears_of_the_end() {
    let queue = Queue::<u8>::unbounded();
    let (mut get, mut batch) = (queue.get(), Box::pin(queue.get_batch(3)));
    let mut stream = queue.stream();
    let wakes = Wakes::new();
    assert!(poll_with(Pin::new(&mut get), &wakes).is_pending());
    assert!(poll_with(batch.as_mut(), &wakes).is_pending());
    assert!(poll_with(Pin::new(&mut stream.next()), &wakes).is_pending());
    queue.close();
    queue.close();
    assert_eq!(wakes.count(), 3);
    assert!(queue.is_closed());
    assert_eq!(poll_with(Pin::new(&mut get), &wakes), Poll::Ready(Err(Closed)));
    assert_eq!(poll_with(batch.as_mut(), &wakes), Poll::Ready(Err(Closed)));
    assert_eq!(poll_with(Pin::new(&mut stream.next()), &wakes), Poll::Ready(None));
    assert_eq!(Closed.to_string(), "the queue is closed and empty");
}

#[test]
fn what_is_in_it_can_be_got_to_the_last() {
    let queue = Queue::unbounded();
    for item in 1..=5 {
        assert_eq!(queue.try_put(item), Ok(None));
    }
    queue.close();
    assert_eq!(queue.len(), 5);
    assert_eq!(queue.try_get(), Ok(1));
    assert_eq!(block_on(queue.get()), Ok(2));
    assert_eq!(block_on(queue.get_batch(2)), Ok(vec![3, 4]));
    assert_eq!(block_on(queue.stream().collect::<Vec<_>>()), [5]);
    assert_eq!(block_on(queue.get()), Err(Closed));
    assert_eq!(queue.try_get(), Err(TryGetError::Closed));
}

/// A claim is void in a closed queue, so that none who is dropped or slow can take an item with
/// it; an item that was promised to somebody is got by who comes first.
#[test]
fn a_claim_does_not_outlive_the_queue() {
    for is_dropped in [true, false] {
        let queue = Queue::unbounded();
        let mut woken = queue.get();
        assert!(poll_with(Pin::new(&mut woken), &Wakes::new()).is_pending());
        assert_eq!(queue.try_put(1), Ok(None));
        queue.close();
        if is_dropped {
            drop(woken);
            assert_eq!(block_on(queue.get()), Ok(1));
        } else {
            assert_eq!(block_on(queue.get()), Ok(1));
            assert_eq!(poll_with(Pin::new(&mut woken), &Wakes::new()), Poll::Ready(Err(Closed)));
        }
        assert_eq!(block_on(queue.get()), Err(Closed));
    }
}

/// Places of a line that is over are nobody's: none is mixed up with one that came later.
#[test]
fn old_places_do_no_harm() {
    let queue = Queue::bounded(1).unwrap();
    let latch = Latch::new(1);
    let mut gets: Vec<_> = (0..3).map(|_| queue.get()).collect();
    let mut waits: Vec<_> = (0..3).map(|_| latch.wait()).collect();
    let wakes = Wakes::new();
    for (get, wait) in gets.iter_mut().zip(&mut waits) {
        assert!(poll_with(Pin::new(get), &wakes).is_pending());
        assert!(poll_with(Pin::new(wait), &wakes).is_pending());
    }
    assert_eq!(queue.try_put(1), Ok(None));
    queue.close();
    latch.count_down();
    drop((gets, waits));
    assert_eq!(wakes.count(), 6);
    let stats = queue.stats();
    assert_eq!((stats.waiting_gets, stats.len), (0, 1));
    assert_eq!(block_on(queue.get()), Ok(1));
}
