//! What becomes of an item for which there is no room, and what is told of it.

use std::pin::Pin;
use std::task::Poll;

use mtaio::Retryable;
use mtaio::queue::{LifoQueue, Overflow, PriorityQueue, PutError, Queue};

use crate::common::{Wakes, block_on, poll_with};

type Answer = Result<Option<u8>, PutError<u8>>;

/// Puts 1 to 5 both ways: the answers, what is left, and how many were dropped.
fn put_five(overflow: Overflow) -> (Vec<Answer>, Vec<u8>, u64) {
    let queue = Queue::new(overflow).expect("a capacity");
    assert_eq!(queue.capacity(), Some(overflow.capacity()));
    let put = |item| match item % 2 {
        0 => queue.try_put(item),
        _ => block_on(queue.put(item)),
    };
    let answers = (1..=5).map(put).collect();
    (answers, queue.try_get_batch(10), queue.dropped())
}

#[test]
fn the_oldest_goes() {
    let answers = vec![Ok(None), Ok(None), Ok(Some(1)), Ok(Some(2)), Ok(Some(3))];
    assert_eq!(put_five(Overflow::DropOldest(2)), (answers, vec![4, 5], 3));
}

#[test]
fn the_newest_goes() {
    let answers = vec![Ok(None), Ok(None), Ok(Some(3)), Ok(Some(4)), Ok(Some(5))];
    assert_eq!(put_five(Overflow::DropNewest(2)), (answers, vec![1, 2], 3));
}

#[test]
fn only_the_latest_stays() {
    let answers = vec![Ok(None), Ok(Some(1)), Ok(Some(2)), Ok(Some(3)), Ok(Some(4))];
    assert_eq!(put_five(Overflow::Latest), (answers, vec![5], 4));
}

#[test]
fn what_has_no_room_is_refused() {
    let full = |item| Err(PutError::Full(item));
    let answers = vec![Ok(None), Ok(None), full(3), full(4), full(5)];
    assert_eq!(put_five(Overflow::Error(2)), (answers, vec![1, 2], 0));

    let error = PutError::Full(());
    assert!(error.is_full() && !error.is_closed() && error.is_retryable());
    assert_eq!(
        (error.to_string(), format!("{error:?}")),
        ("the queue is full".into(), "Full(..)".into())
    );
}

/// A claim is to one item, not to a certain one.
#[test]
fn who_was_woken_for_an_item_that_went_gets_the_one_for_which_it_went() {
    let queue = Queue::new(Overflow::Latest).unwrap();
    let mut get = queue.get();
    assert!(poll_with(Pin::new(&mut get), &Wakes::new()).is_pending());
    assert_eq!(queue.try_put(1), Ok(None));
    assert_eq!(queue.try_put(2), Ok(Some(1)));
    assert_eq!(poll_with(Pin::new(&mut get), &Wakes::new()), Poll::Ready(Ok(2)));
    assert!(queue.is_empty());
}

#[test]
fn what_was_dropped_is_not_waited_for() {
    let queue = Queue::new(Overflow::DropOldest(1)).unwrap();
    for item in 0..3 {
        queue.try_put(item).expect("one has to go");
    }
    assert_eq!(queue.try_get(), Ok(2));
    queue.task_done().expect("one was taken");
    block_on(queue.join());
}

#[test]
fn a_queue_without_room_is_refused() {
    let overflows = [
        (Overflow::Block(0), "Block(0)"),
        (Overflow::DropOldest(0), "DropOldest(0)"),
        (Overflow::DropNewest(0), "DropNewest(0)"),
        (Overflow::Error(0), "Error(0)"),
    ];
    for (overflow, value) in overflows {
        let refused = Queue::<u8>::new(overflow).unwrap_err();
        assert_eq!((refused.field(), refused.value()), ("overflow", value));
        assert_eq!(refused.allowed(), "a capacity of 1 or more");
    }
    let all = [
        Queue::<u8>::bounded(0).map(drop),
        LifoQueue::<u8>::bounded(0).map(drop),
        PriorityQueue::<u8, u8>::bounded(0).map(drop),
    ];
    for refused in all {
        assert_eq!(refused.unwrap_err().to_string(), "`capacity` is 0, allowed is 1 or more");
    }
}

#[test]
fn a_queue_tells_its_capacity() {
    assert_eq!(Queue::<u8>::bounded(7).unwrap().capacity(), Some(7));
    assert_eq!(Queue::<u8>::new(Overflow::Block(7)).unwrap().capacity(), Some(7));
    let unbounded = Queue::unbounded();
    assert_eq!((unbounded.capacity(), unbounded.is_full()), (None, false));
    assert_eq!(unbounded.try_put(1), Ok(None));
    let shown = format!("{unbounded:?}");
    assert_eq!(shown, "Queue { len: 1, capacity: None, is_closed: false, .. }");
}

#[test]
fn the_error_of_an_application_takes_those_of_queues() {
    fn fails(queue: &Queue<u8>) -> Result<(), mtaio::Error> {
        queue.try_put(1)?;
        queue.try_get()?;
        queue.task_done()?;
        queue.close();
        queue.try_put(1)?;
        Ok(())
    }
    let error = fails(&Queue::unbounded()).expect_err("it is closed");
    assert!(matches!(error, mtaio::Error::Put(PutError::Closed(()))), "{error:?}");
    assert_eq!(error.to_string(), "the queue is closed");
}
