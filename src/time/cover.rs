//! Which of the scopes in each other keeps a timer: the innermost one that is waited in.
//!
//! A scope's deadline is not later than that of the scopes around it. So where it keeps a timer, one
//! that wakes the same waker as theirs would, they need none: in the poll in which it is kept they
//! are told, and each poll asks anew. (A timer for another waker is none to rely on, say of a part
//! of a `FuturesUnordered`: what that waker leads to may be gone before its time. Nor is one of
//! another runtime, which may be shut down.)
//!
//! What they rely on can come to an end without their being polled: the inner scope is dropped, or
//! polled by somebody else, because it was in a place that is shared. It then wakes those who were
//! told of it, and their poll finds that they need a timer now. Where they are being polled anyway,
//! which is where it ends mostly, it tells them by taking back its word.

use std::any::TypeId;
use std::cell::Cell;
use std::ptr;
use std::task::Waker;

use mtaio_runtime::{Instant, Runtime};

use crate::contain::{contain, discard};

/// The scope that is being polled on this thread, the innermost one.
#[derive(Clone, Copy)]
struct Frame {
    chain: u64,
    timers: Option<Timers>,
    /// When the earliest timer fires that a scope inside has kept in this poll.
    kept: Instant,
}

/// What timers of two scopes must have in common, so that one may serve for the other.
#[derive(Clone, Copy, PartialEq)]
struct Timers {
    waker: (usize, usize),
    /// The handle itself: whether two of them are of one runtime can't be asked.
    rt: (usize, TypeId),
}

const OUTSIDE: Frame = Frame { chain: 0, timers: None, kept: Instant::MAX };

thread_local! {
    // Set for the length of a poll, as the ambient context is.
    static INNERMOST: Cell<Frame> = const { Cell::new(OUTSIDE) };
}

/// A scope during its poll, which dropping this ends.
pub(super) struct Polling {
    outer: Frame,
    /// Whether a timer of this scope serves for the one around it.
    serves: bool,
}

impl Polling {
    /// Begins the poll of the scope at the address `scope`, which stays there.
    #[inline]
    pub(super) fn enter<R: Runtime>(scope: usize, waker: &Waker, rt: &R) -> Self {
        let outer = INNERMOST.get();
        let timers = Timers {
            waker: (waker.data().addr(), ptr::from_ref(waker.vtable()).addr()),
            rt: (ptr::from_ref(rt).addr(), TypeId::of::<R>()),
        };
        let serves = outer.timers == Some(timers);
        let chain = link(if serves { outer.chain } else { 0 }, scope);
        INNERMOST.set(Frame { chain, timers: Some(timers), kept: Instant::MAX });
        Self { outer, serves }
    }

    /// When the earliest timer fires that serves for this scope.
    #[inline]
    pub(super) fn kept_inside(&self) -> Instant {
        INNERMOST.get().kept
    }

    /// Ends the poll. Answers whether a timer of this scope serves for the one around it.
    #[inline]
    pub(super) fn leave(self) -> bool {
        // Its drop is what leaves.
        self.serves
    }
}

impl Drop for Polling {
    #[inline]
    fn drop(&mut self) {
        INNERMOST.set(self.outer);
    }
}

/// Stands for the scopes of which each may rely on a timer of the next, down to the one at `scope`.
/// It is not zero, and no two such chains have the same number, but by a chance that is not one.
#[inline]
const fn link(outer: u64, scope: usize) -> u64 {
    (outer.rotate_left(29) ^ scope as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1
}

/// Tells the scope that is being polled of a timer that serves for it.
#[inline]
pub(super) fn tell(timer: Instant) {
    let innermost = INNERMOST.get();
    INNERMOST.set(Frame { kept: innermost.kept.min(timer), ..innermost });
}

/// What a scope that keeps a timer remembers of those around it that were told.
#[derive(Default)]
pub(super) struct Told(Option<(u64, Waker)>);

impl Told {
    /// After a poll with `waker`: remembers those around, if the timer `serves` for them, and takes
    /// back what others were told.
    #[inline]
    pub(super) fn remember(&mut self, serves: bool, waker: &Waker) {
        let chain = INNERMOST.get().chain;
        match &mut self.0 {
            None if !serves => {}
            Some((told, kept)) if serves && *told == chain => {
                if !kept.will_wake(waker) {
                    kept.clone_from(waker);
                }
            }
            _ => {
                self.take_back();
                self.0 = serves.then(|| (chain, waker.clone()));
            }
        }
    }

    /// The timer is not there for them any more. Those who are being polled, and have this scope
    /// behind them, learn it from what is kept; others are woken.
    #[inline]
    pub(super) fn take_back(&mut self) {
        let Some((chain, waker)) = self.0.take() else { return };
        let innermost = INNERMOST.get();
        if chain == innermost.chain {
            INNERMOST.set(Frame { kept: Instant::MAX, ..innermost });
        } else if let Err(panic) = contain(|| waker.wake()) {
            // This may be a destructor.
            discard(panic);
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.take_back();
    }
}
