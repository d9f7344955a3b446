use std::sync::atomic::{AtomicU64, Ordering};

use super::stats::BreakerState;

/// A stretch of time in one state. What was begun in one era counts in no other.
///
/// The state stands in the low bits, a number that goes up by one an era in the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Era(u32);

const STATE_BITS: u32 = 3;
const STATE: u32 = (1 << STATE_BITS) - 1;
const CLOSED: u32 = 0;
const OPEN: u32 = 1;
const HALF_OPEN: u32 = 2;
const FORCED_CLOSED: u32 = 3;

impl Era {
    /// The one in the high half of a word.
    #[inline]
    pub(super) const fn of(word: u64) -> Self {
        Self((word >> 32) as u32)
    }

    /// The word with this in its high half and `value` in the low one.
    #[inline]
    pub(super) const fn with(self, value: u32) -> u64 {
        (self.0 as u64) << 32 | value as u64
    }

    #[inline]
    pub(super) const fn is_closed(self) -> bool {
        self.0 & STATE == CLOSED
    }

    pub(super) const fn state(self) -> BreakerState {
        match self.0 & STATE {
            CLOSED => BreakerState::Closed,
            OPEN => BreakerState::Open,
            HALF_OPEN => BreakerState::HalfOpen,
            FORCED_CLOSED => BreakerState::ForcedClosed,
            _ => BreakerState::ForcedOpen,
        }
    }

    /// The one after this.
    pub(super) const fn next(self, state: BreakerState) -> Self {
        let state = match state {
            BreakerState::Closed => CLOSED,
            BreakerState::Open => OPEN,
            BreakerState::HalfOpen => HALF_OPEN,
            BreakerState::ForcedClosed => FORCED_CLOSED,
            BreakerState::ForcedOpen => STATE,
        };
        Self((self.0 & !STATE).wrapping_add(1 << STATE_BITS) | state)
    }

    /// Whether this is after `other`. The numbers go round: those of 2^28 eras are told apart.
    const fn is_after(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0).cast_signed() > 0
    }
}

/// A word that belongs to an era: its low half means something in that era, and zero in a later
/// one. So a new era begins with all of its words at zero, and nobody has to go and clear them.
#[derive(Debug, Default)]
pub(super) struct Tagged(AtomicU64);

impl Tagged {
    /// What it is in `era`; nothing if it belongs to a later one already.
    #[inline]
    pub(super) fn get(&self, era: Era) -> Option<u32> {
        of_era(self.0.load(Ordering::Relaxed), era)
    }

    /// Makes of what it is in `era` what `change` says, and answers what it was; changes nothing
    /// where that is nothing, or where it belongs to a later era already.
    pub(super) fn update(&self, era: Era, change: impl Fn(u32) -> Option<u32>) -> Option<u32> {
        let update = |word| Some(era.with(change(of_era(word, era)?)?));
        let before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update).ok()?;
        of_era(before, era)
    }
}

#[inline]
fn of_era(word: u64, era: Era) -> Option<u32> {
    let tag = Era::of(word);
    if tag == era {
        return Some(word as u32);
    }
    (!tag.is_after(era)).then_some(0)
}

/// The present era, and the place in the window of its next call, in one word: who takes a place
/// knows that it was of that era.
#[derive(Debug, Default)]
pub(super) struct Head(AtomicU64);

impl Head {
    #[inline]
    pub(super) fn era(&self) -> Era {
        Era::of(self.0.load(Ordering::Acquire))
    }

    /// Begins an era. What belongs to it is to be written before.
    pub(super) fn begin(&self, era: Era) {
        self.0.store(era.with(0), Ordering::Release);
    }

    /// The place that the next call of `era` would have, if that is the present one: to be
    /// [taken](Self::take).
    #[inline]
    pub(super) fn next_place(&self, era: Era) -> Option<u32> {
        let word = self.0.load(Ordering::Relaxed);
        (Era::of(word) == era).then_some(word as u32)
    }

    /// Takes `place`, unless somebody else has or the era is over. In a ring of `window` places are
    /// numbers below `window` on the first round, and from there to twice of that on all others.
    #[inline]
    pub(super) fn take(&self, era: Era, place: u32, window: u32) -> bool {
        let next = if place + 1 == 2 * window { window } else { place + 1 };
        let (present, next) = (era.with(place), era.with(next));
        self.0.compare_exchange(present, next, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_later_era_is_neither_read_nor_written() {
        let first = Head::default().era();
        let second = first.next(BreakerState::Open);
        let third = second.next(BreakerState::Closed);
        let word = Tagged::default();
        assert_eq!(word.update(first, |value| Some(value + 7)), Some(0));
        assert_eq!((word.get(first), word.get(second)), (Some(7), Some(0)));
        assert_eq!(word.update(third, |value| Some(value + 1)), Some(0));
        for late in [first, second] {
            assert_eq!(word.get(late), None);
            assert_eq!(word.update(late, |_| unreachable!("it is of a later era")), None);
        }
        assert_eq!(word.get(third), Some(1));
    }

    #[test]
    fn eras_go_round() {
        let mut era = Era(!STATE);
        assert!(era.is_closed());
        for state in [BreakerState::Open, BreakerState::HalfOpen, BreakerState::Closed] {
            let next = era.next(state);
            assert_eq!(next.state(), state);
            assert!(next.is_after(era) && !era.is_after(next));
            era = next;
        }
    }

    #[test]
    fn nobody_takes_a_place_of_another_era_or_one_that_is_taken() {
        let head = Head::default();
        let era = head.era();
        assert!(head.take(era, 0, 4) && !head.take(era, 0, 4));
        let next = era.next(BreakerState::Closed);
        head.begin(next);
        assert_eq!((head.next_place(era), head.next_place(next)), (None, Some(0)));
        assert!(!head.take(era, 1, 4) && !head.take(era, 0, 4) && head.take(next, 0, 4));
    }
}
