//! Clones, children, and trees of them: broad, deep, and of great turnover.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;

use allocation_counter::measure;
use mtaio::CancellationToken;

use crate::common::{Wakes, poll_with};

const DEEP: usize = 100_000;

#[test]
fn clones_are_one_token() {
    let token = CancellationToken::new();
    let clone = token.clone();
    assert!(!token.is_cancelled() && !clone.is_cancelled());
    clone.cancel();
    assert!(token.is_cancelled() && clone.is_cancelled());
    token.cancel();
    assert!(token.is_cancelled(), "again does nothing");
    assert!(!CancellationToken::default().is_cancelled());
}

#[test]
fn it_is_shared_between_threads_and_says_what_it_is() {
    const fn shared<T: Send + Sync + Unpin + 'static>(_: &T) {}

    let token = CancellationToken::new();
    shared(&token);
    shared(&token.cancelled());
    shared(&token.clone().drop_guard());
    assert_eq!(format!("{token:?}"), "CancellationToken { is_cancelled: true }");
}

#[test]
fn descendants_are_cancelled_with_their_ancestor() {
    let token = CancellationToken::new();
    let children = [token.child(), token.child(), token.clone().child()];
    let grandchildren = children.each_ref().map(CancellationToken::child);
    // Nobody holds the one in between.
    let far = token.child().child().child().child();
    token.cancel();
    let all = children.iter().chain(&grandchildren).chain([&far]);
    assert!(all.into_iter().all(CancellationToken::is_cancelled));
}

#[test]
fn a_child_is_cancelled_alone() {
    let token = CancellationToken::new();
    let (child, sibling) = (token.child(), token.child());
    let grandchild = child.child();
    child.cancel();
    assert!(child.is_cancelled() && grandchild.is_cancelled());
    assert!(!token.is_cancelled() && !sibling.is_cancelled());
    token.cancel();
    assert!(sibling.is_cancelled());
}

#[test]
fn a_child_of_a_cancelled_token_is_cancelled() {
    let token = CancellationToken::new();
    token.cancel();
    let child = token.child();
    assert!(child.is_cancelled());
    assert!(child.child().is_cancelled());
}

#[test]
fn a_child_hears_of_an_ancestor_that_nobody_holds() {
    let token = CancellationToken::new();
    let guard = token.clone().drop_guard();
    let grandchild = token.child().child();
    drop(token);
    assert!(!grandchild.is_cancelled(), "to drop a token is no request");
    drop(guard);
    assert!(grandchild.is_cancelled());
}

#[test]
fn a_guard_cancels_when_it_is_dropped() {
    let token = CancellationToken::new();
    let guard = token.clone().drop_guard();
    assert!(!token.is_cancelled());
    drop(guard);
    assert!(token.is_cancelled());

    let token = CancellationToken::new();
    let guard = token.clone().drop_guard();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = guard;
        panic!("on purpose");
    }));
    assert!(panicked.is_err() && token.is_cancelled());
}

#[test]
fn a_waker_that_panics_keeps_none_of_the_others_asleep() {
    /// Panics when it is woken.
    struct Rude;

    impl Wake for Rude {
        fn wake(self: Arc<Self>) {
            panic!("a waker, on purpose");
        }
    }

    let (token, wakes) = (CancellationToken::new(), Wakes::new());
    let child = token.child();
    let (mut rude, mut polite) = (token.cancelled(), token.cancelled());
    let (mut rude_child, mut polite_child) = (child.cancelled(), child.cancelled());
    let waker = Waker::from(Arc::new(Rude));
    for rude in [&mut rude, &mut rude_child] {
        assert!(Pin::new(rude).poll(&mut Context::from_waker(&waker)).is_pending());
    }
    for polite in [&mut polite, &mut polite_child] {
        assert!(poll_with(Pin::new(polite), &wakes).is_pending());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| token.cancel())).is_err());
    assert_eq!((wakes.count(), child.is_cancelled()), (2, true));
}

#[test]
fn a_guard_that_is_disarmed_gives_its_token_back() {
    let token = CancellationToken::new();
    let child = token.child();
    let disarmed = child.clone().drop_guard().disarm().expect("it has one");
    assert!(!child.is_cancelled());
    disarmed.cancel();
    assert!(child.is_cancelled(), "it is the same one");
    assert!(!token.is_cancelled());
}

#[test]
fn a_million_children_leave_nothing_in_their_parent() {
    let token = CancellationToken::new();
    // Some stay, and so the others come and go among them.
    let staying: Vec<_> = (0..10).map(|_| token.child()).collect();
    let mut brief = Vec::with_capacity(100);
    let used = measure(|| {
        for n in 0..1_000_000 {
            brief.push(token.child());
            if brief.len() == 100 {
                brief.swap_remove(n % 100);
                brief.drain(n % 60..);
            }
        }
        brief.clear();
    });
    assert!(used.count_total >= 1_000_000, "they were made: {used:?}");
    assert!(used.bytes_max < 64 << 10, "{used:?}");
    assert!(used.bytes_current < 16 << 10, "{used:?}");
    assert!(!token.is_cancelled() && !staying.iter().any(CancellationToken::is_cancelled));
    token.cancel();
    assert!(staying.iter().all(CancellationToken::is_cancelled));
}

#[test]
fn waiters_that_come_and_go_leave_nothing_in_their_token() {
    let token = CancellationToken::new();
    let wakes = Wakes::new();
    let wait = || assert!(poll_with(pin!(token.cancelled()), &wakes).is_pending());
    wait();
    let used = measure(|| (0..10_000).for_each(|_| wait()));
    assert!(used.bytes_max < 4 << 10 && used.count_current == 0, "{used:?}");
}

#[test]
fn a_hundred_thousand_children_are_cancelled_at_once() {
    let token = CancellationToken::new();
    let children: Vec<_> = (0..DEEP).map(|_| token.child()).collect();
    assert!(!children.iter().any(CancellationToken::is_cancelled));
    token.cancel();
    assert!(children.iter().all(CancellationToken::is_cancelled));
    let used = measure(|| drop((token, children)));
    assert!(used.bytes_current < 0, "it is given back: {used:?}");
}

/// Runs `test` where a descent through as many levels overflows the stack.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(128 << 10).spawn(test);
    thread.expect("the system has a thread for a test").join().expect("no panic");
}

/// A line of descendants, each the child of the one before it.
fn line() -> Vec<CancellationToken> {
    let mut line = vec![CancellationToken::new()];
    for _ in 0..DEEP {
        let last = &line[line.len() - 1];
        let child = last.child();
        line.push(child);
    }
    line
}

#[test]
fn a_line_of_descendants_is_dropped_from_either_end_or_from_the_middle() {
    on_a_small_stack(|| {
        line().into_iter().for_each(drop);
        line().into_iter().rev().for_each(drop);
        let mut line = line();
        let rest = line.split_off(DEEP / 2);
        drop(line);
        drop(rest);
    });
}

#[test]
fn the_last_of_a_line_of_descendants_keeps_and_drops_it() {
    on_a_small_stack(|| {
        let used = measure(|| {
            let last = line().pop().expect("it is long");
            assert!(!last.is_cancelled());
            drop(last);
        });
        assert_eq!(used.count_current, 0, "{used:?}");
    });
}

#[test]
fn a_line_of_descendants_is_cancelled_to_its_end() {
    on_a_small_stack(|| {
        let line = line();
        let (held, rest) = line.split_at(DEEP / 3);
        rest[0].cancel();
        assert!(rest.iter().all(CancellationToken::is_cancelled));
        assert!(!held.iter().any(CancellationToken::is_cancelled));
        held[0].cancel();
        assert!(held.iter().all(CancellationToken::is_cancelled));
    });
    on_a_small_stack(|| {
        // Nobody holds the ones in between.
        let mut line = line();
        let last = line.pop().expect("it is long");
        line.truncate(1);
        line[0].cancel();
        assert!(last.is_cancelled());
    });
}
