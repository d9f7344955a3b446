use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::*;

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn count() -> (Arc<Wakes>, Waker) {
    let wakes = Arc::new(Wakes::default());
    (Arc::clone(&wakes), Waker::from(wakes))
}

fn read<T>(tap: &mut Tap<T>) -> Poll<Option<T>> {
    tap.poll_next(&mut Context::from_waker(Waker::noop()))
}

fn read_all<T>(tap: &mut Tap<T>) -> Vec<T> {
    std::iter::from_fn(|| match read(tap) {
        Poll::Ready(item) => item,
        Poll::Pending => None,
    })
    .collect()
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

fn fanout<const N: usize>(overflow: [Overflow; N]) -> (Arc<Fanout<u32>>, [Tap<u32>; N]) {
    let fanout = Arc::new(Fanout::new());
    let taps = overflow.map(|overflow| Tap::new(&fanout, overflow).expect("a capacity"));
    (fanout, taps)
}

#[test]
fn everybody_gets_everything_in_order() {
    let (fanout, mut taps) = fanout([Overflow::Block(8), Overflow::Block(4), Overflow::Block(9)]);
    let mut next = 0;
    for round in 1..200 {
        let burst: Vec<u32> = (next..next + round % 4 + 1).collect();
        next += round % 4 + 1;
        assert!(fanout.try_publish(To::All, burst.clone()).is_ok());
        for tap in &mut taps {
            assert_eq!(read_all(tap), burst);
        }
    }
}

#[test]
fn each_has_its_own_way_out_and_knows_what_it_missed() {
    let (fanout, mut taps) = fanout([
        Overflow::DropOldest(2),
        Overflow::DropNewest(2),
        Overflow::Latest,
        Overflow::Error(2),
        Overflow::Block(5),
    ]);
    for item in 0..5 {
        let published = fanout.try_publish(To::All, Single(item)).map_err(|_| ()).expect("room");
        let (taken, dropped, refused) = match item {
            0 => (5, 0, 0),
            1 => (4, 1, 0),
            _ => (1, 3, 1),
        };
        assert_eq!(published, Published { taken, dropped, refused }, "item {item}");
    }
    assert!(fanout.try_publish(To::All, Single(5)).is_err(), "the last one is full");
    let missed: Vec<u64> = taps.iter().map(|tap| tap.stats().missed).collect();
    assert_eq!(missed, [3, 3, 4, 3, 0]);
    let read: Vec<Vec<u32>> = taps.iter_mut().map(read_all).collect();
    assert_eq!(read, [vec![3, 4], vec![0, 1], vec![4], vec![0, 1], vec![0, 1, 2, 3, 4]]);
}

#[test]
fn a_burst_counts_until_it_is_read() {
    let (fanout, mut taps) = fanout([Overflow::Block(4)]);
    assert!(fanout.try_publish(To::All, vec![0, 1, 2, 3]).is_ok());
    assert_eq!(fanout.room(), Some(0));
    assert_eq!(read(&mut taps[0]), Poll::Ready(Some(0)));
    assert_eq!(fanout.room(), Some(1), "one of the two taken along is not read yet");
    assert_eq!(read(&mut taps[0]), Poll::Ready(Some(1)));
    assert_eq!(read(&mut taps[0]), Poll::Ready(Some(2)));
    assert_eq!(fanout.room(), Some(3));
    assert_eq!(taps[0].stats().waiting, 1);
}

#[test]
fn who_publishes_waits_for_the_slowest_and_in_turn() {
    let (fanout, mut taps) = fanout([Overflow::Block(1), Overflow::Block(2)]);
    let (wakes, waker) = count();
    let (mut one, mut two, mut three) =
        (fanout.publish(To::All, 1), fanout.publish(To::All, 2), fanout.publish(To::All, 3));
    assert!(poll(&mut one, &waker).is_ready());
    assert!(poll(&mut two, &waker).is_pending());
    assert!(poll(&mut three, &waker).is_pending());
    assert_eq!(read_all(&mut taps[1]), [1]);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 0, "the other one is still full");
    assert_eq!(read_all(&mut taps[0]), [1]);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert!(fanout.try_publish(To::All, Single(9)).is_err(), "the room is promised");
    assert!(poll(&mut three, &waker).is_pending());
    assert!(poll(&mut two, &waker).is_ready());
    assert_eq!(read_all(&mut taps[0]), [2]);
    drop(three);
    assert!(fanout.try_publish(To::All, Single(4)).is_ok(), "it gave its turn up");
    assert_eq!((read_all(&mut taps[0]), read_all(&mut taps[1])), (vec![4], vec![2, 4]));
}

#[test]
fn a_turn_that_is_given_up_is_the_next_ones() {
    let (fanout, mut taps) = fanout([Overflow::Block(1)]);
    let (wakes, waker) = count();
    assert!(fanout.try_publish(To::All, Single(0)).is_ok());
    let (mut first, mut second) = (fanout.publish(To::All, 1), fanout.publish(To::All, 2));
    assert!(poll(&mut first, &waker).is_pending() && poll(&mut second, &waker).is_pending());
    assert_eq!(read_all(&mut taps[0]), [0]);
    drop(first);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 2);
    assert!(poll(&mut second, &waker).is_ready());
    assert_eq!(read_all(&mut taps[0]), [2]);
}

#[test]
fn one_that_leaves_holds_nobody_up() {
    let (fanout, taps) = fanout([Overflow::Block(1), Overflow::Block(3)]);
    let (wakes, waker) = count();
    assert!(fanout.try_publish(To::All, Single(0)).is_ok());
    let mut put = fanout.publish(To::All, 1);
    assert!(poll(&mut put, &waker).is_pending());
    let [full, mut other] = taps;
    drop(full);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert!(poll(&mut put, &waker).is_ready());
    assert_eq!(read_all(&mut other), [0, 1]);
}

#[test]
fn some_are_published_to_and_old_keys_reach_nobody() {
    let (fanout, mut taps) = fanout([Overflow::Block(4), Overflow::Block(4)]);
    let keys = taps.each_ref().map(Tap::key);
    assert!(fanout.try_publish(To::Only(&keys[..1]), Single(1)).is_ok());
    assert_eq!((read_all(&mut taps[0]), read_all(&mut taps[1])), (vec![1], vec![]));
    let [first, mut second] = taps;
    drop(first);
    let mut heir = Tap::new(&fanout, Overflow::Block(4)).expect("a capacity");
    assert!(fanout.try_publish(To::Only(&keys), Single(2)).is_ok());
    assert_eq!((read_all(&mut heir), read_all(&mut second)), (vec![], vec![2]));
}

#[test]
fn the_end_comes_after_what_was_published() {
    let (fanout, mut taps) = fanout([Overflow::Block(1)]);
    let (wakes, waker) = count();
    assert!(fanout.try_publish(To::All, Single(1)).is_ok());
    let mut waiting = fanout.publish(To::All, 2);
    assert!(poll(&mut waiting, &waker).is_pending());
    fanout.close();
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert_eq!(poll(&mut waiting, &waker), Poll::Ready(Err(2)));
    assert_eq!(read(&mut taps[0]), Poll::Ready(Some(1)));
    assert_eq!(read(&mut taps[0]), Poll::Ready(None));
    assert_eq!(fanout.try_publish(To::All, vec![3]), Err(vec![3]));
}

#[test]
fn a_reader_is_woken_once_it_waits() {
    let (fanout, mut taps) = fanout([Overflow::Block(4)]);
    let (wakes, waker) = count();
    let mut cx = Context::from_waker(&waker);
    assert!(taps[0].poll_next(&mut cx).is_pending());
    assert!(taps[0].poll_next(&mut cx).is_pending());
    assert!(fanout.try_publish(To::All, Single(1)).is_ok());
    assert!(fanout.try_publish(To::All, Single(2)).is_ok());
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert_eq!(taps[0].poll_next(&mut cx), Poll::Ready(Some(1)));
}

#[test]
fn clones_and_destructors_may_call_back() {
    struct Nosy(Arc<Fanout<Self>>);

    impl Clone for Nosy {
        fn clone(&self) -> Self {
            assert!(self.0.len() > 0);
            Self(Arc::clone(&self.0))
        }
    }

    impl Drop for Nosy {
        fn drop(&mut self) {
            assert!(!self.0.is_closed());
        }
    }

    let fanout = Arc::new(Fanout::new());
    let mut taps: Vec<_> = [Overflow::DropOldest(1), Overflow::DropNewest(1), Overflow::Block(9)]
        .into_iter()
        .map(|overflow| Tap::new(&fanout, overflow).expect("a capacity"))
        .collect();
    for _ in 0..4 {
        let published = fanout.try_publish(To::All, Single(Nosy(Arc::clone(&fanout))));
        assert!(published.is_ok());
    }
    assert!(read(&mut taps[0]).is_ready());
    drop(taps);
    assert_eq!(fanout.len(), 0);
}

#[test]
fn a_publish_that_waits_for_one_gives_up_its_turn_at_another() {
    let (fanout, mut taps) = fanout([Overflow::Block(1), Overflow::Block(1)]);
    let keys = taps.each_ref().map(Tap::key);
    let (_, waker) = count();
    assert!(fanout.try_publish(To::All, Single(0)).is_ok());
    let mut both = pin!(fanout.publish(To::All, 1));
    let mut first = fanout.publish(To::Only(&keys[..1]), 2);
    assert!(poll(&mut both, &waker).is_pending() && poll(&mut first, &waker).is_pending());
    assert_eq!(read_all(&mut taps[0]), [0]);
    // Its turn at the first; the second is full.
    assert!(poll(&mut both, &waker).is_pending());
    assert!(poll(&mut first, &waker).is_ready());
    assert_eq!(read_all(&mut taps[0]), [2]);
    assert_eq!(read_all(&mut taps[1]), [0]);
    assert!(poll(&mut both, &waker).is_ready());
    assert_eq!((read_all(&mut taps[0]), read_all(&mut taps[1])), (vec![1], vec![1]));
}

#[test]
fn bursts_are_never_larger_than_half_of_the_room() {
    let (fanout, mut taps) = fanout([Overflow::Block(8)]);
    assert!(fanout.try_publish(To::All, (0..8).collect::<Vec<_>>()).is_ok());
    assert_eq!(read(&mut taps[0]), Poll::Ready(Some(0)));
    assert_eq!(taps[0].burst, VecDeque::from([1, 2, 3]));
    assert_eq!(fanout.room(), Some(1));
}
