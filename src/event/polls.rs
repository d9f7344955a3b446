/// Who delivers at this moment, in a poll: between looking whether somebody still listens and
/// calling that one. Who has gone waits until all polls that may have looked before are over.
///
/// Polls are counted in two turns, so that those that come later are not waited for: the scheme of
/// sleepable read-copy-update (P. McKenney, "Sleepable RCU", 2006), with a future for the sleep.
/// They are counted under the emitter's lock, which most of them take for something else as well.
#[derive(Debug, Default)]
pub(super) struct Polls {
    turn: usize,
    inside: [usize; 2],
    waiting: usize,
}

/// A poll that is inside.
#[derive(Debug)]
#[must_use = "it is to be left"]
pub(super) struct Turn(usize);

impl Polls {
    pub(super) const fn enter(&mut self) -> Turn {
        self.inside[self.turn] += 1;
        Turn(self.turn)
    }

    /// Whether somebody who waits is to be told.
    pub(super) const fn leave(&mut self, Turn(turn): Turn) -> bool {
        self.inside[turn] -= 1;
        self.inside[turn] == 0 && self.waiting > 0
    }

    /// Begins to wait; the answer is the turn that polls enter at present.
    pub(super) const fn wait(&mut self) -> usize {
        self.waiting += 1;
        self.turn
    }

    pub(super) const fn end_wait(&mut self) {
        self.waiting -= 1;
    }

    /// Polls enter the other turn from now on.
    pub(super) const fn swap(&mut self) {
        self.turn = 1 - self.turn;
    }

    /// Whether all polls of a turn are over.
    pub(super) const fn are_over(&self, turn: usize) -> bool {
        self.inside[turn] == 0
    }
}
