//! Foreign code that comes back to the queue: wakers that are woken and dropped, and items that are
//! dropped. No lock is held then, or these tests would hang.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};

use mtaio::queue::{Latch, Overflow, Queue};

use crate::common::{Wakes, poll_with, watched};

/// Calls back whoever wakes it, and whoever drops it for good.
struct Calls<F: Fn() + Send + Sync + 'static>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Calls<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

impl<F: Fn() + Send + Sync + 'static> Drop for Calls<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn poll_calling<F: Future + Unpin>(
    future: &mut F,
    call: impl Fn() + Send + Sync + 'static,
) -> Poll<F::Output> {
    let waker = Waker::from(Arc::new(Calls(call)));
    Pin::new(future).poll(&mut Context::from_waker(&waker))
}

/// Everything there is to call.
fn touch(queue: &Queue<u32>) {
    let _ = (queue.len(), queue.is_full(), queue.is_closed(), queue.stats(), queue.capacity());
    // What they answer depends on who calls when.
    let _ = (queue.try_put(7), queue.try_get(), queue.task_done());
    drop(queue.get());
    let _ = poll_with(Pin::new(&mut queue.join()), &Wakes::new());
    let _ = poll_with(Pin::new(&mut queue.get()), &Wakes::new());
    let _ = poll_with(Pin::new(&mut queue.put(8)), &Wakes::new());
}

/// A queue, and what to call it with; how often that was done is in the number.
fn called(capacity: usize) -> (Arc<Queue<u32>>, impl Fn() + Clone + Send + Sync, Arc<AtomicUsize>) {
    let queue = Arc::new(Queue::bounded(capacity).expect("a capacity"));
    let (own, count) = (Arc::downgrade(&queue), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    let call = move || {
        own.upgrade().iter().for_each(|queue| touch(queue));
        counted.fetch_add(1, Ordering::SeqCst);
    };
    (queue, call, count)
}

#[test]
fn the_waker_of_a_getter_may_call_the_queue() {
    watched("the_waker_of_a_getter_may_call_the_queue", || {
        let (queue, call, count) = called(1);
        let mut get = queue.get();
        assert!(poll_calling(&mut get, call.clone()).is_pending());
        assert_eq!(queue.try_put(1), Ok(None));
        assert_eq!(count.load(Ordering::SeqCst), 2, "woken, and dropped");

        let (queue, call, count) = called(1);
        let mut get = queue.get();
        assert!(poll_calling(&mut get, call.clone()).is_pending());
        assert!(poll_calling(&mut get, call.clone()).is_pending());
        assert_eq!(count.load(Ordering::SeqCst), 3, "one replaced; its call woke the other");
        drop(get);
        let mut get = queue.get();
        while queue.try_get().is_ok() {}
        assert!(poll_calling(&mut get, call).is_pending());
        drop(get);
        assert!(count.load(Ordering::SeqCst) > 3, "given up");
    });
}

#[test]
fn the_waker_of_a_putter_may_call_the_queue() {
    watched("the_waker_of_a_putter_may_call_the_queue", || {
        let (queue, call, count) = called(1);
        assert_eq!(queue.try_put(1), Ok(None));
        let (mut put, mut other) = (queue.put(2), queue.put(3));
        assert!(poll_calling(&mut put, call.clone()).is_pending());
        assert!(poll_calling(&mut other, call.clone()).is_pending());
        assert_eq!(queue.try_get(), Ok(1));
        assert_eq!(count.load(Ordering::SeqCst), 2, "woken, and dropped");
        drop(put);
        assert_eq!(count.load(Ordering::SeqCst), 4, "the other's turn");
        let mut get = queue.get();
        while queue.try_get().is_ok() {}
        assert!(poll_calling(&mut get, call.clone()).is_pending());
        queue.close();
        assert_eq!(count.load(Ordering::SeqCst), 6, "the end");
    });
}

#[test]
fn the_waker_of_one_who_joins_may_call_the_queue() {
    watched("the_waker_of_one_who_joins_may_call_the_queue", || {
        let (queue, call, count) = called(2);
        assert_eq!(queue.try_put(1), Ok(None));
        let (mut join, mut given_up) = (queue.join(), queue.join());
        assert!(poll_calling(&mut join, call.clone()).is_pending());
        assert!(poll_calling(&mut given_up, call.clone()).is_pending());
        assert_eq!(queue.try_get(), Ok(1));
        drop(given_up);
        assert!(count.load(Ordering::SeqCst) >= 1, "given up");
        while queue.try_get().is_ok() {}
        while queue.task_done().is_ok() {}
        assert!(count.load(Ordering::SeqCst) >= 3, "woken, and dropped");
    });
}

#[test]
fn a_waker_may_call_the_latch() {
    watched("a_waker_may_call_the_latch", || {
        let latch = Arc::new(Latch::new(2));
        let woken = Arc::new(Mutex::new(Vec::new()));
        let mut waits = [latch.wait(), latch.wait()];
        for wait in &mut waits {
            let (latch, woken) = (Arc::downgrade(&latch), Arc::clone(&woken));
            let call = move || {
                let latch = latch.upgrade().expect("it is still there");
                latch.count_down_by(0);
                let passes = poll_with(Pin::new(&mut latch.wait()), &Wakes::new()).is_ready();
                woken.lock().expect("no panic").push(passes);
            };
            assert!(poll_calling(wait, call).is_pending());
        }
        latch.count_down_by(2);
        // Each was woken, and then dropped.
        assert_eq!(*woken.lock().expect("no panic"), [true; 4]);
    });
}

/// Calls its queue when it is dropped.
struct Item {
    queue: Weak<Queue<Self>>,
    dropped: Arc<Mutex<usize>>,
}

impl Drop for Item {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.upgrade() {
            let _ = (queue.len(), queue.stats());
            drop(queue.try_get());
        }
        *self.dropped.lock().expect("no panic") += 1;
    }
}

#[test]
fn an_item_may_call_the_queue_when_it_is_dropped() {
    watched("an_item_may_call_the_queue_when_it_is_dropped", || {
        let dropped = Arc::new(Mutex::new(0));
        let overflows =
            [Overflow::Block(1), Overflow::Error(1), Overflow::Latest, Overflow::DropNewest(1)];
        for overflow in overflows {
            let queue = Arc::new(Queue::new(overflow).unwrap());
            let item = || Item { queue: Arc::downgrade(&queue), dropped: Arc::clone(&dropped) };
            drop(queue.try_put(item()));
            // One that is refused, replaces another, or has to wait.
            drop(queue.try_put(item()));
            let mut put = queue.put(item());
            let _ = poll_with(Pin::new(&mut put), &Wakes::new());
            drop(put);
            drop(queue.try_put(item()));
            drop(queue.try_get_batch(5));
            drop(queue.try_put(item()));
            queue.close();
            drop(queue.try_put(item()));
            drop(queue);
        }
        assert_eq!(*dropped.lock().expect("no panic"), 6 * overflows.len());
    });
}
