//! The latch.

use std::pin::Pin;
use std::sync::Barrier;
use std::thread;

use mtaio::queue::Latch;

use crate::common::{Wakes, block_on, is_soak, poll_with, watched};

#[test]
fn it_opens_at_zero_and_stays_open() {
    let latch = Latch::new(3);
    let wakes = Wakes::new();
    let mut wait = latch.wait();
    assert!(poll_with(Pin::new(&mut wait), &wakes).is_pending());
    latch.count_down();
    assert_eq!((latch.remaining(), latch.is_open(), wakes.count()), (2, false, 0));
    assert!(poll_with(Pin::new(&mut wait), &wakes).is_pending());
    latch.count_down_by(5);
    assert_eq!((latch.remaining(), latch.is_open(), wakes.count()), (0, true, 1));
    assert!(poll_with(Pin::new(&mut wait), &wakes).is_ready());
    latch.count_down();
    assert_eq!((latch.remaining(), wakes.count()), (0, 1));
    block_on(latch.wait());
    assert_eq!(format!("{latch:?}"), "Latch { remaining: 0, .. }");
}

#[test]
fn nothing_to_count_is_open() {
    let latch = Latch::new(0);
    assert!(latch.is_open());
    block_on(latch.wait());
    let closed = Latch::new(1);
    closed.count_down_by(0);
    assert!(!closed.is_open());
}

#[test]
fn one_that_is_dropped_is_not_woken() {
    let latch = Latch::new(1);
    let (dropped, kept) = (Wakes::new(), Wakes::new());
    let (mut first, mut second) = (latch.wait(), latch.wait());
    assert!(poll_with(Pin::new(&mut first), &dropped).is_pending());
    assert!(poll_with(Pin::new(&mut second), &kept).is_pending());
    drop(first);
    latch.count_down();
    assert_eq!((dropped.count(), kept.count()), (0, 1));
}

#[test]
fn threads_at_a_latch_all_pass() {
    watched("threads_at_a_latch_all_pass", || {
        for round in 0..if is_soak() { 100_000 } else { 1_000 } {
            let (latch, start) = (Latch::new(2), Barrier::new(4));
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        start.wait();
                        block_on(latch.wait());
                        assert!(latch.is_open());
                    });
                    scope.spawn(|| {
                        start.wait();
                        (0..round % 50).for_each(|_| std::hint::spin_loop());
                        latch.count_down();
                    });
                }
            });
        }
    });
}
