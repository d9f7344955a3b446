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
    /// How often the last poll of each turn was left.
    emptied: [u64; 2],
    waiting: usize,
}

/// A poll that is inside.
#[derive(Debug)]
#[must_use = "it is to be left"]
pub(super) struct Turn(usize);

/// A wait for the polls that were inside when it began.
#[derive(Debug)]
#[must_use = "it is to be ended"]
pub(super) struct Wait {
    /// How often each turn had been emptied, if somebody was inside.
    emptied: [Option<u64>; 2],
}

impl Polls {
    pub(super) const fn enter(&mut self) -> Turn {
        self.inside[self.turn] += 1;
        Turn(self.turn)
    }

    /// Whether somebody who waits is to be told.
    pub(super) const fn leave(&mut self, Turn(turn): Turn) -> bool {
        self.inside[turn] -= 1;
        let is_empty = self.inside[turn] == 0;
        self.emptied[turn] += is_empty as u64;
        is_empty && self.waiting > 0
    }

    pub(super) fn wait(&mut self) -> Wait {
        self.waiting += 1;
        let emptied = |turn: usize| (self.inside[turn] > 0).then(|| self.emptied[turn]);
        Wait { emptied: [emptied(0), emptied(1)] }
    }

    pub(super) const fn end_wait(&mut self) {
        self.waiting -= 1;
    }

    /// Whether all polls that `wait` is for are over. Later ones are kept out of a turn that is
    /// waited for, as soon as the other one is free.
    pub(super) fn are_over(&mut self, wait: &Wait) -> bool {
        let (present, other) = (self.turn, 1 - self.turn);
        if !self.is_over(present, wait) && self.inside[other] == 0 {
            self.turn = other;
        }
        self.is_over(present, wait) && self.is_over(other, wait)
    }

    /// Of several who wait each sees that a turn was free, also if it is in use again by then.
    fn is_over(&self, turn: usize, wait: &Wait) -> bool {
        wait.emptied[turn].is_none_or(|emptied| emptied != self.emptied[turn])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_for_those_who_were_inside_and_for_nobody_else() {
        let mut polls = Polls::default();
        let one = polls.enter();
        let first = polls.wait();
        assert!(!polls.are_over(&first));
        let two = polls.enter();
        let second = polls.wait();
        assert!(!polls.are_over(&second));
        assert!(polls.leave(one));
        assert!(polls.are_over(&first), "the other one came later");
        assert!(!polls.are_over(&second));
        let three = polls.enter();
        assert!(polls.leave(two));
        assert!(polls.are_over(&second));
        assert!(polls.leave(three));
        polls.end_wait();
        polls.end_wait();
        let alone = polls.enter();
        assert!(!polls.leave(alone), "nobody waits");
    }

    #[test]
    fn waits_that_overlap_end_though_somebody_is_always_inside() {
        let mut polls = Polls::default();
        let mut inside = polls.enter();
        let mut waits = Vec::new();
        for _ in 0..100 {
            // Two begin to wait in each round, and both look before and after who was inside leaves.
            waits.extend([polls.wait(), polls.wait()]);
            let over = waits.iter().filter(|wait| polls.are_over(wait)).count();
            assert_eq!(over, 0, "one of those is inside");
            let next = polls.enter();
            assert!(polls.leave(inside));
            inside = next;
            // Somebody comes before who waits has looked.
            let other = polls.enter();
            waits.retain(|wait| !polls.are_over(wait));
            let _ = polls.leave(other);
            waits.retain(|wait| !polls.are_over(wait));
            assert!(waits.is_empty(), "{} wait for who came later", waits.len());
        }
    }
}
