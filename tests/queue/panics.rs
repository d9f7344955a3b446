//! Other people's code that panics: it costs who called it, and nobody else.

use std::cell::Cell;
use std::cmp::Ordering;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use mtaio::queue::{Latch, PriorityQueue, Queue};

use crate::common::{Wakes, poll_with};

/// Panics when it is woken.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker, on purpose");
    }
}

fn poll_to_panic<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    let waker = Waker::from(Arc::new(Panics));
    Pin::new(future).poll(&mut Context::from_waker(&waker))
}

fn panic_of(f: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
    panic.downcast_ref::<&str>().map(ToString::to_string).expect("it has a text")
}

#[test]
fn a_waker_that_panics_keeps_none_of_the_others_asleep() {
    let queue = Queue::<u8>::unbounded();
    let wakes = Wakes::new();
    let (mut bad, mut good, mut worse) = (queue.get(), queue.get(), queue.get());
    assert!(poll_to_panic(&mut bad).is_pending());
    assert!(poll_with(Pin::new(&mut good), &wakes).is_pending());
    assert!(poll_to_panic(&mut worse).is_pending());
    assert_eq!(panic_of(|| queue.close()), "a waker, on purpose");
    assert_eq!(wakes.count(), 1, "the end");

    let queue = Queue::unbounded();
    queue.try_put(1).expect("it is open");
    queue.try_get().expect("there is one");
    let (mut bad, mut good) = (queue.join(), queue.join());
    assert!(poll_to_panic(&mut bad).is_pending());
    assert!(poll_with(Pin::new(&mut good), &wakes).is_pending());
    panic_of(|| queue.task_done().expect("one was taken"));
    assert_eq!(wakes.count(), 2, "all is done");

    let queue = Queue::bounded(2).expect("a capacity");
    assert_eq!((queue.try_put(1), queue.try_put(2)), (Ok(None), Ok(None)));
    let (mut bad, mut good) = (queue.put(3), queue.put(4));
    assert!(poll_to_panic(&mut bad).is_pending());
    assert!(poll_with(Pin::new(&mut good), &wakes).is_pending());
    panic_of(|| drop(queue.try_get_batch(2)));
    assert_eq!(wakes.count(), 3, "room for both");

    let latch = Latch::new(1);
    let (mut bad, mut good) = (latch.wait(), latch.wait());
    assert!(poll_to_panic(&mut bad).is_pending());
    assert!(poll_with(Pin::new(&mut good), &wakes).is_pending());
    panic_of(|| latch.count_down());
    assert_eq!(wakes.count(), 4, "it is open");
}

thread_local! {
    static COMPARES: Cell<bool> = const { Cell::new(true) };
}

/// Can't be compared at times.
#[derive(Debug)]
struct Fickle(u8);

impl Ord for Fickle {
    fn cmp(&self, other: &Self) -> Ordering {
        assert!(COMPARES.get(), "on purpose");
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Fickle {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Fickle {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Fickle {}

#[test]
fn an_order_that_panics_costs_no_item_and_no_turn() {
    let queue = PriorityQueue::unbounded();
    let wakes = Wakes::new();
    let (mut bad, mut good) = (queue.get(), queue.get());
    assert!(poll_with(Pin::new(&mut bad), &wakes).is_pending());
    assert!(poll_with(Pin::new(&mut good), &wakes).is_pending());
    for number in 0..5 {
        queue.try_put(Fickle(number), number).expect("it is open");
    }
    assert_eq!(wakes.count(), 2);

    COMPARES.set(false);
    for _ in 0..2 {
        panic_of_poll(&mut bad);
    }
    panic_of_put(&queue);
    COMPARES.set(true);
    assert_eq!(queue.len(), 6, "also what was put in vain is in it");
    assert_eq!(queue.try_get_batch(10).len(), 4, "two are still claimed");
    let (mut third, third_woken) = (queue.get(), Wakes::new());
    assert!(poll_with(Pin::new(&mut third), &third_woken).is_pending());
    // Who panicked gives up the turn it still has.
    drop(bad);
    assert_eq!(third_woken.count(), 1);
    assert!(poll_with(Pin::new(&mut third), &third_woken).is_ready());
    assert!(poll_with(Pin::new(&mut good), &wakes).is_ready());
}

fn panic_of_poll<F: Future + Unpin>(future: &mut F) {
    let poll = || poll_with(Pin::new(future), &Wakes::new()).is_ready();
    assert!(catch_unwind(AssertUnwindSafe(poll)).is_err());
}

fn panic_of_put(queue: &PriorityQueue<Fickle, u8>) {
    let put = || queue.try_put(Fickle(9), 9).is_ok();
    assert!(catch_unwind(AssertUnwindSafe(put)).is_err());
}

/// It would stand in the line, and take room from others, with nothing to put.
#[test]
fn a_put_that_is_polled_after_it_was_done_takes_no_place() {
    let queue = Queue::bounded(1).expect("a capacity");
    let mut put = queue.put(1);
    assert!(poll_with(Pin::new(&mut put), &Wakes::new()).is_ready());
    let again = panic_of(|| assert!(poll_with(Pin::new(&mut put), &Wakes::new()).is_ready()));
    assert_eq!(again, "a put was polled after it was done");
    assert_eq!(queue.stats().waiting_puts, 0);
}
