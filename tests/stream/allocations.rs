//! What streams allocate: nothing an item, once they have grown.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use futures::{Stream, stream};
use mtaio::StreamExt;
use mtaio::queue::Overflow;

use crate::common::ms;

/// What so many more items cost, after the first.
fn in_the_steady_state<S: Stream>(stream: S, items: usize) -> u64 {
    let mut stream = pin!(stream);
    let mut cx = Context::from_waker(Waker::noop());
    let mut take = |count: usize, stream: &mut Pin<&mut S>| {
        let mut taken = 0;
        while taken < count {
            match stream.as_mut().poll_next(&mut cx) {
                Poll::Ready(Some(_)) => taken += 1,
                Poll::Ready(None) => panic!("it is endless"),
                Poll::Pending => {}
            }
        }
    };
    take(1000, &mut stream);
    measure(|| take(items, &mut stream)).count_total
}

async fn after_a_yield(n: u64) -> u64 {
    let mut is_polled = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut is_polled, true) {
            return Poll::Ready(n);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

#[test]
fn calls() {
    let numbers = || stream::iter(0_u64..);
    let ordered = numbers().map_async(64, after_a_yield).expect("a limit");
    assert_eq!(in_the_steady_state(ordered, 10_000), 0, "in order");
    let unordered = numbers().map_async(64, after_a_yield).expect("a limit").unordered();
    assert_eq!(in_the_steady_state(unordered, 10_000), 0, "unordered");
    let by_key = numbers().map_async(64, after_a_yield).expect("a limit").by_key(|n| n % 40);
    assert_eq!(in_the_steady_state(by_key, 10_000), 0, "by key");
    let ready = numbers().map_async(64, std::future::ready).expect("a limit");
    assert_eq!(in_the_steady_state(ready, 10_000), 0, "ready at once");
}

#[test]
fn others() {
    let numbers = || stream::iter(0_u64..);
    let clock = crate::clock::Clock::default();
    let distinct = numbers().distinct_by(100, |n| n % 200).expect("a size");
    assert_eq!(in_the_steady_state(distinct, 10_000), 0, "distinct");
    let batches = numbers().batch(100).expect("a size");
    assert_eq!(in_the_steady_state(batches, 1000), 1000, "one a batch");
    let within = numbers().timed(&clock).batch_within(100, ms(1)).expect("settings");
    assert_eq!(in_the_steady_state(within, 1000), 1000, "one a batch, and no timer");
    let windows = numbers().window(100, 1).expect("sizes").without_tail();
    assert_eq!(in_the_steady_state(windows, 1000), 1000, "one a window");
    let mut copies = numbers().broadcast(1, Overflow::Block(128)).expect("settings");
    let burst = in_the_steady_state(copies.remove(0), 6_400);
    assert!(burst <= 100 + 10, "one in 64: {burst}");
}
