//! Until all is done.

use std::pin::Pin;

use mtaio::queue::{Queue, TaskDoneError};

use crate::common::{Wakes, block_on, poll_with};

#[test]
fn nothing_is_done_once_too_often() {
    let queue = Queue::unbounded();
    assert_eq!(queue.task_done(), Err(TaskDoneError));
    queue.try_put(1).expect("it is open");
    assert_eq!(queue.task_done(), Err(TaskDoneError), "it was not taken yet");
    queue.try_get().expect("there is one");
    assert_eq!(queue.task_done(), Ok(()));
    assert_eq!(queue.task_done(), Err(TaskDoneError));
    assert_eq!(queue.stats().in_work, 0);
    let text = "`task_done` was called for more items than have been taken";
    assert_eq!(TaskDoneError.to_string(), text);
}

#[test]
fn a_queue_that_was_never_used_is_done() {
    block_on(Queue::<u8>::unbounded().join());
}

#[test]
fn all_that_join_are_woken_once_and_only_at_the_last() {
    let queue = Queue::unbounded();
    for item in 0..3 {
        queue.try_put(item).expect("it is open");
    }
    let wakes = Wakes::new();
    let (mut first, mut second) = (queue.join(), queue.join());
    assert!(poll_with(Pin::new(&mut first), &wakes).is_pending());
    assert!(poll_with(Pin::new(&mut second), &wakes).is_pending());
    for _ in 0..2 {
        queue.try_get().expect("there is one");
        queue.task_done().expect("it was taken");
    }
    queue.try_get().expect("there is one");
    assert_eq!(wakes.count(), 0, "one is taken, and not done");
    queue.task_done().expect("it was taken");
    assert_eq!(wakes.count(), 2);
    assert!(poll_with(Pin::new(&mut first), &wakes).is_ready());
    assert!(poll_with(Pin::new(&mut second), &wakes).is_ready());
}

/// Or a steady flow of items would starve who joins.
#[test]
fn one_moment_without_work_is_enough() {
    let queue = Queue::unbounded();
    queue.try_put(1).expect("it is open");
    queue.try_get().expect("there is one");
    let wakes = Wakes::new();
    let mut join = queue.join();
    assert!(poll_with(Pin::new(&mut join), &wakes).is_pending());
    queue.task_done().expect("it was taken");
    queue.try_put(2).expect("it is open");
    assert!(poll_with(Pin::new(&mut join), &wakes).is_ready());
    assert!(poll_with(Pin::new(&mut queue.join()), &wakes).is_pending(), "a new one waits for it");
}

#[test]
fn the_end_of_a_queue_is_not_the_end_of_its_work() {
    let queue = Queue::unbounded();
    queue.try_put(1).expect("it is open");
    let wakes = Wakes::new();
    let mut join = queue.join();
    assert!(poll_with(Pin::new(&mut join), &wakes).is_pending());
    queue.close();
    assert!(poll_with(Pin::new(&mut join), &wakes).is_pending());
    queue.try_get().expect("it is left");
    assert!(poll_with(Pin::new(&mut join), &wakes).is_pending());
    queue.task_done().expect("it was taken");
    assert_eq!(wakes.count(), 1);
    assert!(poll_with(Pin::new(&mut join), &wakes).is_ready());
}

#[test]
fn a_batch_is_as_many_to_be_done() {
    let queue = Queue::unbounded();
    for item in 0..4 {
        queue.try_put(item).expect("it is open");
    }
    assert_eq!(block_on(queue.get_batch(3)).map(|batch| batch.len()), Ok(3));
    assert_eq!(queue.try_get_batch(3), [3]);
    assert_eq!(queue.stats().in_work, 4);
    let done = (0..5).filter(|_| queue.task_done().is_ok()).count();
    assert_eq!(done, 4);
}
