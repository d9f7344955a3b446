use std::collections::VecDeque;

/// Who delivers at this moment, in a poll: between looking whether somebody still listens and
/// calling that one. Who has gone waits until all polls that may have looked before are over.
///
/// Who waits begins another turn, so that polls that come later are not waited for: as sleepable
/// read-copy-update does (P. McKenney, "Sleepable RCU", 2006), with a future for the sleep. That has
/// two turns, and one who waits at a time; here many may wait at once, also in the middle of polls
/// that others wait for, so a turn is never used twice. Polls are counted under the emitter's lock,
/// which most of them take for something else as well.
#[derive(Debug, Default)]
pub(super) struct Polls {
    turn: u64,
    inside: usize,
    /// The turns before that have polls inside still, and how many; the oldest first.
    before: VecDeque<(u64, usize)>,
    waiting: usize,
}

/// A poll that is inside.
#[derive(Debug)]
#[must_use = "it is to be left"]
pub(super) struct Turn(u64);

impl Polls {
    #[inline]
    pub(super) const fn enter(&mut self) -> Turn {
        self.inside += 1;
        Turn(self.turn)
    }

    /// Whether somebody who waits is to be told.
    #[inline]
    pub(super) fn leave(&mut self, Turn(turn): Turn) -> bool {
        if turn == self.turn {
            self.inside -= 1;
            return false;
        }
        let Ok(at) = self.before.binary_search_by_key(&turn, |(before, _)| *before) else {
            return false; // Not so: what is inside is counted.
        };
        self.before[at].1 -= 1;
        let is_over = self.before[at].1 == 0;
        if is_over {
            self.before.remove(at);
        }
        is_over && at == 0 && self.waiting > 0
    }

    /// Begins to wait for all turns before the one of the answer.
    pub(super) fn wait(&mut self) -> u64 {
        self.waiting += 1;
        if self.inside > 0 {
            self.before.push_back((self.turn, self.inside));
            self.inside = 0;
            self.turn += 1;
        }
        self.turn
    }

    pub(super) const fn end_wait(&mut self) {
        self.waiting -= 1;
    }

    /// Whether all polls of the turns before this one are over.
    pub(super) fn are_over(&self, turn: u64) -> bool {
        self.oldest() >= turn
    }

    /// The first turn that may have polls inside.
    fn oldest(&self) -> u64 {
        self.before.front().map_or(self.turn, |(turn, _)| *turn)
    }
}

#[cfg(test)]
mod tests {
    use super::Polls;

    #[test]
    fn who_waits_waits_for_the_polls_before_and_for_no_other() {
        let mut polls = Polls::default();
        let first = polls.enter();
        let one = polls.wait();
        let second = polls.enter();
        let (two, three) = (polls.wait(), polls.wait());
        assert!(!polls.are_over(one) && !polls.are_over(two));
        assert!(!polls.leave(second), "the first is inside still");
        assert!(!polls.are_over(one) && !polls.are_over(two));
        let third = polls.enter();
        assert!(polls.leave(first));
        assert!([one, two, three].into_iter().all(|turn| polls.are_over(turn)));
        (0..3).for_each(|_| polls.end_wait());
        assert!(!polls.leave(third) && polls.before.is_empty());
    }

    #[test]
    fn many_who_wait_take_no_room() {
        let mut polls = Polls::default();
        let long = polls.enter();
        for _ in 0..1000 {
            let short = polls.enter();
            polls.wait();
            polls.end_wait();
            assert!(!polls.leave(short));
        }
        assert_eq!(polls.before, [(0, 1)]);
        assert!(!polls.leave(long) && polls.are_over(polls.turn));
    }
}
