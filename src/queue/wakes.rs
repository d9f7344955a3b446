use std::task::Waker;

use crate::contain::contain;

/// Whom to wake when the lock is open again. One costs no allocation.
#[derive(Default)]
pub(crate) struct Wakes {
    first: Option<Waker>,
    rest: Vec<Waker>,
}

impl Wakes {
    pub(crate) fn push(&mut self, waker: Waker) {
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.rest.push(waker);
        }
    }

    /// In the order in which they were pushed. One that panics keeps none of the others from being
    /// woken; of several panics the first is told.
    #[inline]
    pub(crate) fn wake(self) {
        if self.first.is_some() {
            self.wake_all();
        }
    }

    fn wake_all(self) {
        let mut told = None;
        for waker in self.first.into_iter().chain(self.rest) {
            let woken = contain(|| waker.wake());
            told = told.or(woken.err());
        }
        if let Some(panic) = told {
            panic.resume();
        }
    }
}
