//! Whose turn it is, poll by poll.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::Poll;

use futures_util::StreamExt;
use mtaio::queue::{Latch, PutError, Queue, TryGetError};

use crate::common::{Wakes, poll_with};

#[test]
fn nobody_overtakes_one_who_waits_for_an_item() {
    let queue = Queue::unbounded();
    let (mut first, mut second) = (queue.get(), queue.get());
    let (woken, later) = (Wakes::new(), Wakes::new());
    assert!(poll_with(Pin::new(&mut first), &woken).is_pending());
    assert!(poll_with(Pin::new(&mut second), &later).is_pending());

    assert_eq!(queue.try_put('a'), Ok(None));
    assert_eq!((woken.count(), later.count()), (1, 0));
    // It is the first one's, who has not come for it yet.
    assert_eq!(queue.try_get(), Err(TryGetError::Empty));
    assert_eq!(queue.try_get_batch(5), []);
    assert!(poll_with(Pin::new(&mut queue.get()), &Wakes::new()).is_pending());
    assert!(poll_with(Pin::new(&mut second), &later).is_pending());
    assert_eq!(queue.len(), 1);
    assert_eq!(poll_with(Pin::new(&mut first), &woken), Poll::Ready(Ok('a')));
}

#[test]
fn nobody_overtakes_one_who_waits_for_room() {
    let queue = Queue::bounded(1).unwrap();
    assert_eq!(queue.try_put('a'), Ok(None));
    let mut waiting = queue.put('b');
    let wakes = Wakes::new();
    assert!(poll_with(Pin::new(&mut waiting), &wakes).is_pending());

    assert_eq!(queue.try_get(), Ok('a'));
    assert_eq!(wakes.count(), 1);
    assert!(queue.is_full() && queue.is_empty());
    assert_eq!(queue.try_put('c'), Err(PutError::Full('c')));
    assert!(poll_with(Pin::new(&mut queue.put('c')), &Wakes::new()).is_pending());
    assert_eq!(poll_with(Pin::new(&mut waiting), &wakes), Poll::Ready(Ok(None)));
    drop(waiting);
    assert_eq!(queue.try_get_batch(5), ['b'], "once");
}

#[test]
fn a_getter_that_is_dropped_after_its_wake_passes_it_on() {
    let queue = Queue::unbounded();
    let (mut first, mut second) = (queue.get(), queue.get());
    let wakes = Wakes::new();
    assert!(poll_with(Pin::new(&mut first), &Wakes::new()).is_pending());
    assert!(poll_with(Pin::new(&mut second), &wakes).is_pending());
    assert_eq!(queue.try_put('a'), Ok(None));
    drop(first);
    assert_eq!(wakes.count(), 1);
    drop(second);
    assert_eq!(queue.try_get(), Ok('a'));
}

#[test]
fn a_putter_that_is_dropped_after_its_wake_passes_it_on_and_puts_nothing() {
    let queue = Queue::bounded(1).unwrap();
    assert_eq!(queue.try_put('a'), Ok(None));
    let (mut first, mut second) = (queue.put('b'), queue.put('c'));
    let wakes = Wakes::new();
    assert!(poll_with(Pin::new(&mut first), &Wakes::new()).is_pending());
    assert!(poll_with(Pin::new(&mut second), &wakes).is_pending());
    assert_eq!(queue.try_get(), Ok('a'));
    drop(first);
    assert_eq!(wakes.count(), 1);
    assert_eq!(poll_with(Pin::new(&mut second), &wakes), Poll::Ready(Ok(None)));
    assert_eq!(queue.try_get(), Ok('c'));
}

#[test]
fn a_batch_leaves_what_others_have_a_claim_to() {
    let queue = Queue::unbounded();
    let (mut one, mut batch) = (queue.get(), Box::pin(queue.get_batch(10)));
    let wakes = Wakes::new();
    assert!(poll_with(Pin::new(&mut one), &wakes).is_pending());
    assert!(poll_with(batch.as_mut(), &wakes).is_pending());
    for item in 1..=4 {
        assert_eq!(queue.try_put(item), Ok(None));
    }
    assert_eq!(poll_with(batch.as_mut(), &wakes), Poll::Ready(Ok(vec![1, 2, 3])));
    assert_eq!(poll_with(Pin::new(&mut one), &wakes), Poll::Ready(Ok(4)));
}

#[test]
fn a_batch_makes_room_for_as_many() {
    let queue = Queue::bounded(2).unwrap();
    let mut puts: Vec<_> = (1..=5).map(|item| queue.put(item)).collect();
    let wakes = Wakes::new();
    let ready = |puts: &mut Vec<_>| {
        let is_ready = |put| poll_with(Pin::new(put), &wakes).is_ready();
        puts.iter_mut().map(is_ready).filter(|is_ready| *is_ready).count()
    };
    assert_eq!(ready(&mut puts), 2);
    puts.drain(..2);
    assert_eq!(queue.try_get_batch(5), [1, 2]);
    assert_eq!(wakes.count(), 2);
    assert_eq!(ready(&mut puts), 2);
    puts.drain(..2);
    assert_eq!(queue.try_get_batch(1), [3]);
    assert_eq!((wakes.count(), ready(&mut puts)), (3, 1));
    assert_eq!(queue.try_get_batch(5), [4, 5]);
}

#[test]
fn one_that_is_forgotten_costs_its_own_turn_only() {
    let queue = Queue::bounded(2).unwrap();
    let mut forgotten = queue.get();
    assert!(poll_with(Pin::new(&mut forgotten), &Wakes::new()).is_pending());
    assert_eq!(queue.try_put(1), Ok(None));
    mem::forget(forgotten);
    // One item stays claimed, the others come and go.
    for item in 2..5 {
        assert_eq!(queue.try_put(item), Ok(None));
        assert_eq!(queue.try_get(), Ok(item - 1));
        assert_eq!(queue.try_get(), Err(TryGetError::Empty));
    }
    assert_eq!(queue.try_put(5), Ok(None));
    let mut forgotten = queue.put(6);
    assert!(poll_with(Pin::new(&mut forgotten), &Wakes::new()).is_pending());
    assert_eq!(queue.try_get(), Ok(4));
    mem::forget(forgotten);
    assert_eq!(queue.try_put(7), Err(PutError::Full(7)));
    // Until the end, when there are no claims.
    queue.close();
    assert_eq!(queue.try_get(), Ok(5));
    assert_eq!(queue.try_get(), Err(TryGetError::Closed));
}

/// Whatever waits may move from task to task.
#[test]
fn the_last_waker_is_the_one_that_is_woken() {
    fn moves<F: Future + Unpin>(mut waits: F, happens: impl FnOnce()) {
        let (old, new) = (Wakes::new(), Wakes::new());
        for wakes in [&old, &new, &old, &new] {
            assert!(poll_with(Pin::new(&mut waits), wakes).is_pending());
        }
        happens();
        assert_eq!((old.count(), new.count()), (0, 1));
        assert!(poll_with(Pin::new(&mut waits), &new).is_ready());
    }
    let queue = Queue::bounded(1).unwrap();
    moves(queue.get(), || assert_eq!(queue.try_put(1), Ok(None)));
    moves(Box::pin(queue.get_batch(2)), || assert_eq!(queue.try_put(2), Ok(None)));
    let mut stream = queue.stream();
    moves(stream.next(), || assert_eq!(queue.try_put(3), Ok(None)));
    assert_eq!(queue.try_put(4), Ok(None));
    moves(queue.put(5), || assert_eq!(queue.try_get(), Ok(4)));
    assert_eq!(queue.try_get(), Ok(5));
    (1..5).for_each(|_| queue.task_done().expect("five were taken"));
    moves(queue.join(), || queue.task_done().expect("five were taken"));
    let latch = Latch::new(1);
    moves(latch.wait(), || latch.count_down());
}

#[test]
fn a_batch_of_none_does_not_wait() {
    let queue = Queue::<u8>::unbounded();
    let mut batch = Box::pin(queue.get_batch(0));
    assert_eq!(poll_with(batch.as_mut(), &Wakes::new()), Poll::Ready(Ok(vec![])));
}
