use std::mem;
use std::pin::Pin;

use mtaio_runtime::{Instant, Runtime, Sleep};

/// The one timer of a limiter. It is taken out while it is set and polled, which are foreign code
/// and not to run under the lock.
///
/// It is moved only to an earlier instant. Where it rings for somebody who was served in the
/// meantime, it is set again then: that is once in a longest wait, not once a waiter.
pub(super) struct Alarm<R: Runtime> {
    sleep: Option<Pin<Box<R::Sleep>>>,
    /// When it rings; [`Instant::MAX`] where it won't.
    set_to: Instant,
    is_out: bool,
    /// Who has it looks again before it is put back for good.
    look_again: bool,
}

/// The timer, out of the lock, and when it is to ring.
pub(super) struct Taken<R: Runtime> {
    sleep: Option<Pin<Box<R::Sleep>>>,
    is_set: bool,
    pub(super) due: Instant,
}

impl<R: Runtime> Alarm<R> {
    pub(super) const fn new() -> Self {
        Self { sleep: None, set_to: Instant::MAX, is_out: false, look_again: false }
    }

    /// Whether it is to be set for what is `due`.
    pub(super) fn is_late_for(&self, due: Instant) -> bool {
        due < self.set_to
    }

    /// It may have rung: it is to be looked at, whatever it is set to.
    pub(super) const fn ring(&mut self) {
        self.look_again = true;
    }

    /// Takes the timer out, if it has to be set or looked at for what is `due` next.
    pub(super) fn take(&mut self, due: Option<Instant>) -> Option<Taken<R>> {
        if self.is_out {
            self.look_again = true;
            return None;
        }
        let rang = mem::take(&mut self.look_again);
        let Some(due) = due else {
            // Without anybody to ring for it is left as it is, and if it rang it is over.
            if rang {
                self.set_to = Instant::MAX;
            }
            return None;
        };
        if !rang && !self.is_late_for(due) {
            return None;
        }
        self.is_out = true;
        Some(Taken { sleep: self.sleep.take(), is_set: self.set_to == due, due })
    }

    /// Takes the timer back. `is_over` tells that it has rung, and won't again.
    pub(super) fn put_back(&mut self, taken: Taken<R>, is_over: bool) {
        self.set_to = if is_over { Instant::MAX } else { taken.due };
        self.sleep = taken.sleep;
        self.is_out = false;
    }
}

impl<R: Runtime> Taken<R> {
    /// The timer, set to what is due.
    pub(super) fn set(&mut self, rt: &R) -> Pin<&mut R::Sleep> {
        let due = self.due;
        let is_new = self.sleep.is_none();
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(rt.sleep_until(due)));
        // One that was set to this before is polled again as it is: to set it anew would make it
        // a new one to a runtime that holds new ones back.
        if !is_new && !self.is_set {
            sleep.as_mut().reset(due);
        }
        sleep.as_mut()
    }
}
