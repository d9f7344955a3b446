//! Windows, batches, what is distinct, progress: by count, without a clock.

use std::cell::Cell;
use std::collections::VecDeque;
use std::pin::pin;

use futures::{Stream, StreamExt as _, stream};
use mtaio::StreamExt;
use mtaio::stream::Progress;

use crate::common::{Wakes, block_on, poll_with};

fn all<S: Stream>(stream: S) -> Vec<S::Item> {
    block_on(stream.collect())
}

/// Pending before each item: what is held back must outlive that.
fn slow(count: u32) -> impl Stream<Item = u32> {
    let mut is_pending = false;
    let mut next = 0;
    stream::poll_fn(move |cx| {
        is_pending = !is_pending;
        if is_pending {
            cx.waker().wake_by_ref();
            return std::task::Poll::Pending;
        }
        next += 1;
        std::task::Poll::Ready((next <= count).then_some(next - 1))
    })
}

/// By the book: every window that begins on the grid and is full, and of the next one what is left
/// if there is something new in it.
fn windows_by_the_book(count: u32, size: usize, slide: usize, tail: bool) -> Vec<Vec<u32>> {
    let items: Vec<u32> = (0..count).collect();
    let mut windows: Vec<Vec<u32>> = Vec::new();
    let mut start = 0;
    while start + size <= items.len() {
        windows.push(items[start..start + size].to_vec());
        start += slide;
    }
    let rest = items.get(start..).unwrap_or_default();
    let seen = windows.last().and_then(|window| window.last());
    if tail && rest.last() > seen {
        windows.push(rest.to_vec());
    }
    windows
}

#[test]
fn windows_are_those_of_the_book() {
    for count in 0..14 {
        for size in 1..7 {
            for slide in 1..9 {
                let what = format!("{count} items, size {size}, slide {slide}");
                let with = slow(count).window(size, slide).expect("sizes").with_tail();
                assert_eq!(all(with), windows_by_the_book(count, size, slide, true), "{what}");
                let without = slow(count).window(size, slide).expect("sizes").without_tail();
                assert_eq!(all(without), windows_by_the_book(count, size, slide, false), "{what}");
            }
        }
    }
}

#[test]
fn hints_of_sizes_hold() {
    for count in 0..12 {
        for (size, slide) in [(1, 1), (3, 1), (3, 3), (2, 5), (4, 2)] {
            let items = || stream::iter(0..count);
            let window = |tail| {
                let windowed = items().window(size, slide).expect("sizes");
                if tail { windowed.with_tail() } else { windowed.without_tail() }
            };
            holds(window(true));
            holds(window(false));
            holds(items().batch(size).expect("a size"));
            holds(items().distinct(size).expect("a size"));
            holds(items().map_async(size, async |n| n).expect("a limit"));
            holds(items().progress(2, |_| ()).expect("a number"));
        }
    }
}

/// At each step, what it says is left is left.
fn holds(stream: impl Stream) {
    let mut stream = std::pin::pin!(stream);
    let mut hints = Vec::new();
    loop {
        hints.push(stream.size_hint());
        if block_on(stream.next()).is_none() {
            break;
        }
    }
    let count = hints.len() - 1;
    for (taken, (least, most)) in hints.into_iter().enumerate() {
        let left = count - taken;
        assert!(least <= left && most.is_none_or(|most| left <= most), "{least} {left} {most:?}");
    }
}

#[test]
fn batches_and_their_tail() {
    let batches = |count, size| all(slow(count).batch(size).expect("a size"));
    assert_eq!(batches(0, 3), [[0; 0]; 0]);
    assert_eq!(batches(7, 3), [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
    assert_eq!(batches(6, 3), [[0, 1, 2], [3, 4, 5]]);
    // No memory is taken for what does not come.
    let huge = all(slow(2).batch(usize::MAX).expect("a size"));
    assert!(huge[0].capacity() <= 1024);
}

#[test]
fn a_stream_ends_once_and_does_not_poll_an_ended_source() {
    let polls = Cell::new(0);
    let source = || {
        let polls = &polls;
        polls.set(0);
        stream::poll_fn(move |_| {
            polls.set(polls.get() + 1);
            assert!(polls.get() <= 2, "it has ended");
            std::task::Poll::Ready((polls.get() == 1).then_some(7))
        })
    };
    let mut window = source().window(3, 1).expect("sizes").with_tail();
    assert_eq!(block_on(window.next()), Some(vec![7]));
    assert_eq!((block_on(window.next()), block_on(window.next())), (None, None));
    let mut batch = source().batch(3).expect("a size");
    assert_eq!(block_on(batch.next()), Some(vec![7]));
    assert_eq!((block_on(batch.next()), block_on(batch.next())), (None, None));
    let mut called = source().map_async(3, async |n| n).expect("a limit");
    assert_eq!(block_on(called.next()).expect("one").expect("no panic"), 7);
    assert!(block_on(called.next()).is_none() && block_on(called.next()).is_none());
}

#[test]
fn what_is_distinct_by_the_book() {
    let items = || (0..200_u32).map(|n| n * n % 23 % 11);
    for memory in [1, 2, 5, 8, 9, 10, 50] {
        let mut last: VecDeque<u32> = VecDeque::new();
        let expected: Vec<u32> = items()
            .filter(|item| {
                let is_new = !last.contains(item);
                if is_new {
                    last.push_back(*item);
                    if last.len() > memory {
                        last.pop_front();
                    }
                }
                is_new
            })
            .collect();
        let mut distinct = stream::iter(items()).distinct(memory).expect("a size");
        let passed: Vec<u32> = block_on(distinct.by_ref().collect());
        assert_eq!(passed, expected, "memory {memory}");
        assert_eq!(distinct.dropped() as usize, 200 - expected.len());
    }
}

#[test]
fn progress_is_told_now_and_then_and_at_the_end() {
    let mut told = Vec::new();
    let reported = stream::iter(0..7).progress(3, |progress| told.push(progress));
    assert_eq!(all(reported.expect("a number")).len(), 7);
    let facts: Vec<_> = told.iter().map(|p| (p.done, p.total, p.is_finished)).collect();
    assert_eq!(facts, [(3, Some(7), false), (6, Some(7), false), (7, Some(7), true)]);

    let mut told: Vec<Progress> = Vec::new();
    let reported = slow(0).progress(3, |progress| told.push(progress));
    assert_eq!(all(reported.expect("a number")).len(), 0);
    assert_eq!((told.len(), told[0].fraction()), (1, Some(1.0)));
}

#[test]
fn what_is_never_new_lets_others_have_their_turn() {
    let mut distinct = stream::repeat(1).take(1_000_000).distinct(1).expect("a size");
    assert_eq!(block_on(distinct.next()), Some(1));
    let wakes = Wakes::new();
    assert!(poll_with(pin!(distinct.next()), &wakes).is_pending());
    assert!(distinct.dropped() < 10_000, "{} in one poll", distinct.dropped());
    assert_eq!(wakes.count(), 1, "it goes on soon");
    assert_eq!(block_on(distinct.next()), None);
    assert_eq!(distinct.dropped(), 999_999);
}
