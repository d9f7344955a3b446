use std::time::Duration;

use mtaio_runtime::Instant;

use super::window::{Grade, Limits, Tally};

/// A few calls that are to tell whether a breaker closes or opens again.
#[derive(Debug)]
pub(super) struct Trial {
    /// When the first place of this round was lent.
    since: Instant,
    /// Those who have not answered within a round are not waited for: their places are lent again.
    round: u32,
    /// Places lent in this round and not given back.
    lent: u32,
    answers: Tally,
}

/// What a trial has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Undecided,
    Good,
    Bad,
}

impl Trial {
    pub(super) const fn new(now: Instant) -> Self {
        let answers = Tally { calls: 0, failures: 0, slow: 0 };
        Self { since: now, round: 0, lent: 0, answers }
    }

    /// Lends a place, if one is free, and answers in which round.
    pub(super) fn lend(&mut self, now: Instant, places: u32, patience: Duration) -> Option<u32> {
        let is_full = u64::from(self.lent) + self.answers.calls >= u64::from(places);
        if is_full {
            if now < self.since + patience {
                return None;
            }
            self.since = now;
            self.round = self.round.wrapping_add(1);
            self.lent = 0;
        }
        self.lent += 1;
        Some(self.round)
    }

    /// A place comes back, without an answer.
    pub(super) fn give_back(&mut self, round: u32) {
        if round == self.round {
            self.lent = self.lent.saturating_sub(1);
        }
    }

    /// A place comes back with an answer.
    pub(super) fn answer(
        &mut self,
        round: u32,
        grade: Grade,
        places: u32,
        limits: &Limits,
    ) -> Finding {
        self.give_back(round);
        self.answers += Tally { calls: 1, failures: grade.failed.into(), slow: grade.slow.into() };
        let places = u64::from(places);
        if limits.are_reached_by(self.answers, places) {
            Finding::Bad
        } else if limits.are_out_of_reach_of(self.answers, places) {
            Finding::Good
        } else {
            Finding::Undecided
        }
    }
}
