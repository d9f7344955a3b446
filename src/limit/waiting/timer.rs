use std::pin::Pin;
use std::task::{Context, Waker};

use mtaio_runtime::{Instant, Runtime, Sleep};

/// The one timer of a limiter, which serves all who wait there.
///
/// A sleep is polled and dropped without the lock that this is behind: whoever does so
/// [takes](Self::take) it out and [puts](Self::put_back) it back, and meanwhile others only say what
/// they want of it.
pub(in crate::limit) struct Timer<S> {
    /// None while it is taken, and before it is needed.
    sleep: Option<Pin<Box<S>>>,
    is_taken: bool,
    /// When it is to ring.
    wanted: Option<Instant>,
    /// When it will ring.
    set: Option<Instant>,
    /// How often it has rung.
    rings: u64,
}

/// A timer that was taken out.
pub(in crate::limit) struct Taken<S> {
    sleep: Option<Pin<Box<S>>>,
    wanted: Option<Instant>,
    rings: u64,
}

impl<S: Sleep> Timer<S> {
    pub(in crate::limit) const fn new() -> Self {
        Self { sleep: None, is_taken: false, wanted: None, set: None, rings: 0 }
    }

    /// Has it ring at that instant, or not at all, once somebody [sets](Taken::set) it.
    pub(in crate::limit) const fn want(&mut self, at: Option<Instant>) {
        self.wanted = at;
    }

    /// Has it ring by then: where it rings before, it is left as it is until then. So it is set once
    /// in a longest wait, and not for each who is served in the meantime.
    pub(in crate::limit) fn want_by(&mut self, at: Option<Instant>) {
        self.wanted = if self.is_late_for(at) { at } else { self.set };
    }

    /// Whether it will not ring by then.
    pub(in crate::limit) fn is_late_for(&self, at: Option<Instant>) -> bool {
        at.is_some_and(|at| self.set.is_none_or(|set| at < set))
    }

    /// It has rung, and is set for nothing any more.
    pub(in crate::limit) const fn rang(&mut self) {
        self.rings = self.rings.wrapping_add(1);
        self.set = None;
    }

    /// Takes it out if it is to ring at another time than it will.
    pub(in crate::limit) fn take(&mut self) -> Option<Taken<S>> {
        if self.is_taken || self.wanted == self.set {
            return None;
        }
        self.is_taken = true;
        let Self { wanted, rings, .. } = *self;
        Some(Taken { sleep: self.sleep.take(), wanted, rings })
    }

    /// Puts it back. Whether it rings as was wanted when it was taken is `is_set`.
    pub(in crate::limit) fn put_back(&mut self, taken: Taken<S>, is_set: bool) {
        self.is_taken = false;
        self.sleep = taken.sleep;
        // It may have rung as soon as it was set.
        let is_set = is_set && self.rings == taken.rings;
        self.set = if is_set { taken.wanted } else { None };
    }
}

impl<S: Sleep> Taken<S> {
    /// Sets it for what is wanted. The answer is false if that has come already.
    pub(in crate::limit) fn set<R: Runtime<Sleep = S>>(&mut self, rt: &R, waker: &Waker) -> bool {
        let Some(at) = self.wanted else {
            // Nothing stays registered for nobody.
            self.sleep = None;
            return true;
        };
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(at),
            None => self.sleep = Some(Box::pin(rt.sleep_until(at))),
        }
        let polled =
            self.sleep.as_mut().map(|sleep| sleep.as_mut().poll(&mut Context::from_waker(waker)));
        polled.is_none_or(|polled| polled.is_pending())
    }
}
