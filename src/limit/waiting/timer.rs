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

    /// Whether it will not have rung by then. Who asks only that leaves it as it is where it rings
    /// before, and sets it once in a longest wait, and not for each who is served in the meantime.
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

#[cfg(test)]
mod tests {
    use mtaio_sim::Sim;

    use super::*;

    type OfSim = Timer<<Sim as Runtime>::Sleep>;

    #[test]
    fn one_that_rings_while_it_is_taken_is_looked_at_again() {
        let mut timer = OfSim::new();
        timer.want(Some(Instant::from_nanos(7)));
        let taken = timer.take().expect("it is to be set");
        assert!(timer.take().is_none(), "somebody has it");
        timer.rang();
        timer.put_back(taken, true);
        let taken = timer.take().expect("nobody knows whether it rings again");
        timer.put_back(taken, true);
        assert!(timer.take().is_none(), "it is set");
    }

    #[test]
    fn it_is_late_for_what_comes_before_it_rings() {
        let mut timer = OfSim::new();
        let at = |nanos| Some(Instant::from_nanos(nanos));
        assert!(timer.is_late_for(at(7)) && !timer.is_late_for(None));
        timer.want(at(7));
        let taken = timer.take().expect("it is to be set");
        timer.put_back(taken, true);
        assert!(timer.is_late_for(at(6)) && !timer.is_late_for(at(7)) && !timer.is_late_for(at(8)));
    }
}
