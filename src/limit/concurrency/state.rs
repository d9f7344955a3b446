use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};

use mtaio_runtime::{Instant, Runtime};

use crate::limit::error::WeightError;
use crate::limit::waiting::Timer;
use crate::queue::{Line, Wakes};

/// What is free, for those who find nobody waiting: twice the free weight, less than zero where
/// more is out than may be, and [`WAITING`].
///
/// While it is marked, only those who hold the lock take of it. To give back is one addition for
/// everybody, and who then sees the mark calls those who wait.
pub(super) struct Word(AtomicI64);

/// The mark of a line that is not empty.
const WAITING: i64 = 1;
/// One that is free.
const ONE: i64 = 2;

impl Word {
    pub(super) const fn new(limit: u32) -> Self {
        Self(AtomicI64::new(limit as i64 * ONE))
    }

    /// Takes `weight` if it is free and nobody waits.
    #[inline]
    pub(super) fn take(&self, weight: u32) -> bool {
        let asked = i64::from(weight) * ONE;
        let mut word = self.0.load(Ordering::Relaxed);
        while word & WAITING == 0 && word >= asked {
            let (ok, or) = (Ordering::Acquire, Ordering::Relaxed);
            match self.0.compare_exchange_weak(word, word - asked, ok, or) {
                Ok(_) => return true,
                Err(other) => word = other,
            }
        }
        false
    }

    /// Gives `weight` back; whether somebody waits.
    #[inline]
    pub(super) fn give(&self, weight: u32) -> bool {
        self.0.fetch_add(i64::from(weight) * ONE, Ordering::AcqRel) & WAITING != 0
    }

    /// Sends everybody through the line, and answers what is free.
    fn mark(&self) -> i64 {
        self.0.fetch_or(WAITING, Ordering::AcqRel) >> 1
    }

    fn unmark(&self) {
        self.0.fetch_and(!WAITING, Ordering::Release);
    }

    /// What is free; less than zero where more is out than may be.
    pub(super) fn free(&self) -> i64 {
        self.0.load(Ordering::Acquire) >> 1
    }

    /// Makes it more or less that is free.
    fn change(&self, by: i64) {
        self.0.fetch_add(by * ONE, Ordering::AcqRel);
    }
}

/// What is behind a limiter's lock.
pub(super) struct State<R: Runtime> {
    pub(super) limit: u32,
    /// The heaviest that may ask. One that is heavier than the limit is admitted when all is free.
    pub(super) heaviest: u32,
    pub(super) line: Line<Asked>,
    /// The places whose time will be up.
    due: BTreeSet<(Instant, usize)>,
    pub(super) timer: Timer<R::Sleep>,
    pub(super) turned_away: u64,
    pub(super) elapsed: u64,
}

/// What is left at a place in the line.
pub(super) struct Asked {
    pub(super) weight: u32,
    /// When the time to wait is up.
    pub(super) due: Option<Instant>,
    /// What it came to, once it has its turn.
    pub(super) verdict: Verdict,
}

/// What asking came to.
#[derive(Clone, Copy)]
pub(super) enum Verdict {
    Granted,
    Elapsed,
    Full { waiting: usize },
    TooHeavy(WeightError),
}

impl<R: Runtime> State<R> {
    pub(super) const fn new(limit: u32, heaviest: u32) -> Self {
        Self {
            limit,
            heaviest,
            line: Line::new(),
            due: BTreeSet::new(),
            timer: Timer::new(),
            turned_away: 0,
            elapsed: 0,
        }
    }

    /// When the first time is up.
    pub(super) fn first_due(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Takes `weight` if nobody waits and it is free. In any case nobody takes without the lock from
    /// here on, until that is [settled](Self::settle).
    pub(super) fn take(&self, word: &Word, weight: u32) -> bool {
        let free = word.mark();
        let is_free = self.line.waiting() == 0 && self.admits(weight, free);
        if is_free {
            word.change(-i64::from(weight));
        }
        is_free
    }

    /// Lets everybody take without the lock again if nobody waits.
    pub(super) fn settle(&self, word: &Word) {
        if self.line.waiting() == 0 {
            word.unmark();
        }
    }

    /// Notes when the time of one who waits is up.
    pub(super) fn remember(&mut self, place: usize, due: Instant) {
        self.due.insert((due, place));
    }

    /// Forgets it again.
    pub(super) fn forget(&mut self, place: usize, due: Option<Instant>) {
        if let Some(due) = due {
            self.due.remove(&(due, place));
        }
    }

    /// Grants what is free to those who wait, in their order.
    pub(super) fn grant(&mut self, word: &Word, wakes: &mut Wakes) {
        while let Some(place) = self.line.first_place() {
            let weight = self.line.asked(place).weight;
            if !self.admits(weight, word.free()) {
                return;
            }
            word.change(-i64::from(weight));
            self.call(place, Verdict::Granted, wakes);
        }
        word.unmark();
    }

    /// Tells those whose time is up.
    pub(super) fn expire(&mut self, now: Instant, wakes: &mut Wakes) {
        while let Some(&(due, place)) = self.due.first()
            && due <= now
        {
            self.elapsed += 1;
            self.call(place, Verdict::Elapsed, wakes);
        }
    }

    /// Sets the limit, and the heaviest that may ask: those who wait with more are refused, as they
    /// would stand in the way for ever.
    pub(super) fn set(&mut self, word: &Word, limit: u32, heaviest: u32, wakes: &mut Wakes) {
        word.change(i64::from(limit) - i64::from(self.limit));
        (self.limit, self.heaviest) = (limit, heaviest);
        let mut place = self.line.first_place();
        while let Some(this) = place {
            place = self.line.place_after(this);
            let weight = self.line.asked(this).weight;
            if let Err(refused) = WeightError::check(weight, heaviest) {
                self.call(this, Verdict::TooHeavy(refused), wakes);
            }
        }
    }

    /// Takes `weight` that is out, and won't come back, off the limit.
    pub(super) fn write_off(&mut self, word: &Word, weight: u32, wakes: &mut Wakes) {
        let limit = self.limit.saturating_sub(weight);
        // It was out and is now not part of the limit: what is free stays as it is.
        word.change(i64::from(weight));
        self.set(word, limit, limit, wakes);
    }

    fn admits(&self, weight: u32, free: i64) -> bool {
        free >= i64::from(weight.min(self.limit)) && free > 0
    }

    fn call(&mut self, place: usize, verdict: Verdict, wakes: &mut Wakes) {
        let asked = self.line.asked(place);
        asked.verdict = verdict;
        let due = asked.due;
        self.forget(place, due);
        if let Some(waker) = self.line.call_at(place) {
            wakes.push(waker);
        }
    }
}
