use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering, fence};
use std::time::Duration;

use mtaio_runtime::Instant;

use super::speed::Rate;
use super::terms::{TICK_BITS, Terms};
use crate::config::ConfigError;
use crate::limit::error::WeightError;
use crate::limit::waiting::{Gauge, Refused};
use crate::queue::lock;

/// A rate limit in one word, which holds the `tat` of its [`Terms`], the number of the terms that it
/// is told in, and whether somebody waits.
///
/// The terms stand in two places that take turns. Who changes them writes the place that is not in
/// use and then moves the word to it, debt and all; who reads them while they change is told so by
/// the word, which has another number by then.
pub(in crate::limit) struct Gcra {
    word: AtomicU64,
    /// The word's last known number, or an older one: the terms are then read without waiting for
    /// the word. That is half of what a check takes.
    guess: AtomicU64,
    terms: [Place; 2],
    /// What the limiter was set to.
    set: Mutex<Rate>,
}

/// Somebody waits: what is free belongs to those in line.
const WAITING: u64 = 1;
const NUMBER: u64 = TICK - 2;
/// One to the number of the terms.
const NEXT: u64 = 2;
/// One to the `tat`.
const TICK: u64 = 1 << (u64::BITS - TICK_BITS);
/// Everything but the `tat`.
const REST: u64 = TICK - 1;

/// A timer comes late by a tick of its runtime, and a task is polled late by another. So much does
/// nobody who waits lose by it: a limiter of one at a time would else be slower by a half where the
/// tick is as long as the time of an item.
const GRACE: Duration = Duration::from_millis(3);

impl Gcra {
    pub(super) fn new(rate: Rate, burst: u32, now: Instant) -> Result<Self, ConfigError> {
        let terms = Terms::new(rate, burst, now)?;
        let terms = [Place::new(&terms), Place::new(&terms)];
        let (word, guess) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { word, guess, terms, set: Mutex::new(rate) })
    }

    #[inline]
    fn load(&self, word: u64) -> Terms {
        let guess = self.guess.load(Ordering::Relaxed);
        let guessed = self.terms[usize::from(guess & NEXT != 0)].load();
        if (guess ^ word) & NEXT == 0 { guessed } else { self.load_other(word) }
    }

    #[cold]
    fn load_other(&self, word: u64) -> Terms {
        self.terms[usize::from(word & NEXT != 0)].load()
    }

    /// The word, and terms that were its own for certain.
    #[cold]
    fn read(&self) -> (u64, Terms) {
        loop {
            let word = self.word.load(Ordering::Acquire);
            let terms = self.load(word);
            fence(Ordering::Acquire);
            if (self.word.load(Ordering::Relaxed) ^ word) & NUMBER == 0 {
                return (word, terms);
            }
        }
    }

    /// As [`read`](Self::read), with terms that reach as far as `now`.
    fn read_at(&self, now: Instant) -> (u64, Terms) {
        loop {
            let (word, terms) = self.read();
            if !terms.is_beyond(now) {
                return (word, terms);
            }
            self.move_base(now);
        }
    }

    /// Admits if `allowed` among `flags` are set in the word, or refuses for any reason.
    #[inline]
    fn attempt(&self, weight: u32, now: Instant, allowed: u64, grace: Duration) -> bool {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            if word & WAITING & !allowed != 0 {
                return false;
            }
            let terms = self.load(word);
            if terms.is_beyond(now) {
                self.move_base(now);
                word = self.word.load(Ordering::Acquire);
                continue;
            }
            let (tat, ticks) = (word / TICK, terms.ticks(now));
            let grace = if grace.is_zero() { 0 } else { terms.ticks_of(grace) };
            let Some(next) = terms.admit(tat, ticks, weight, grace) else {
                fence(Ordering::Acquire);
                let after = self.word.load(Ordering::Acquire);
                if (word ^ after) & NUMBER == 0 {
                    return false;
                }
                word = after;
                continue;
            };
            // The terms were read before this: where they are no longer the word's, it has changed.
            fence(Ordering::Acquire);
            let new = next.wrapping_mul(TICK) | (word & REST);
            match self.word.compare_exchange_weak(word, new, Ordering::Relaxed, Ordering::Acquire) {
                Ok(_) => return true,
                Err(changed) => word = changed,
            }
        }
    }

    /// Counts from nearer to `now`, unless somebody else has seen to it.
    #[cold]
    fn move_base(&self, now: Instant) {
        let _set = lock(&self.set);
        let (_, terms) = self.read();
        if terms.is_beyond(now) {
            self.replace(&terms, &terms.moved_to(now), now);
        }
    }

    /// Changes the rate, keeping what is owed, in items.
    pub(super) fn set_rate(&self, rate: Rate, now: Instant) -> Result<(), ConfigError> {
        let mut set = lock(&self.set);
        let (_, old) = self.read();
        let new = Terms::new(rate, old.burst, now)?;
        self.replace(&old, &new, now);
        *set = rate;
        Ok(())
    }

    /// Puts `new` in the place of `old`. For who holds the lock, so that there is one at a time.
    fn replace(&self, old: &Terms, new: &Terms, now: Instant) {
        let mut word = self.word.load(Ordering::Relaxed);
        // Whoever reads one of these sees that the number has changed since it was this place's.
        fence(Ordering::Release);
        self.terms[usize::from(word & NEXT == 0)].store(new);
        loop {
            let tat = new.owing(old.debt(word / TICK, now), old, now);
            let number = word.wrapping_add(NEXT) & NUMBER;
            let moved = (tat * TICK) | number | (word & WAITING);
            match self.word.compare_exchange(word, moved, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => {
                    self.guess.store(number, Ordering::Relaxed);
                    return;
                }
                Err(changed) => word = changed,
            }
        }
    }

    pub(super) fn rate(&self) -> Rate {
        *lock(&self.set)
    }

    pub(super) fn burst(&self) -> u32 {
        self.terms[0].burst.load(Ordering::Relaxed)
    }

    /// How many would be admitted at `now`, if nobody waited.
    pub(super) fn available(&self, now: Instant) -> u32 {
        let (word, terms) = self.read_at(now);
        terms.available(word / TICK, terms.ticks(now))
    }
}

impl Gauge for Gcra {
    type Ticket = ();

    #[inline]
    fn try_admit(&self, weight: u32, now: Instant) -> Result<(), Refused> {
        if weight != 0 && self.attempt(weight, now, 0, Duration::ZERO) {
            return Ok(());
        }
        Err(self.why(weight))
    }

    fn admit_first(&self, weight: u32, now: Instant) -> Option<()> {
        self.attempt(weight, now, WAITING, Duration::ZERO).then_some(())
    }

    fn admit_waiting(&self, weight: u32, now: Instant) -> Option<()> {
        self.attempt(weight, now, WAITING, GRACE).then_some(())
    }

    fn due(&self, weight: u64, now: Instant) -> Instant {
        let (word, terms) = self.read_at(now);
        terms.due(word / TICK, terms.ticks(now), weight)
    }

    fn set_waiting(&self, waiting: bool) {
        if waiting {
            self.word.fetch_or(WAITING, Ordering::Relaxed);
        } else {
            self.word.fetch_and(!WAITING, Ordering::Relaxed);
        }
    }

    fn is_waiting(&self) -> bool {
        self.word.load(Ordering::Relaxed) & WAITING != 0
    }

    fn refund(&self, (): (), weight: u32) {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let terms = self.load(word);
            fence(Ordering::Acquire);
            // What lies in the past is worth nothing more than now, so no clock is asked.
            let back = terms.worth(weight);
            let new = ((word / TICK).saturating_sub(back) * TICK) | (word & REST);
            match self.word.compare_exchange_weak(word, new, Ordering::Relaxed, Ordering::Acquire) {
                Ok(_) => return,
                Err(changed) => word = changed,
            }
        }
    }
}

impl Gcra {
    #[cold]
    fn why(&self, weight: u32) -> Refused {
        WeightError::check(weight, self.burst()).map_or_else(Refused::Weight, |()| Refused::Limited)
    }
}

/// Where [`Terms`] are kept.
struct Place {
    base: AtomicU64,
    horizon: AtomicU64,
    period: AtomicU64,
    reach: AtomicU64,
    burst: AtomicU32,
    fine: AtomicI32,
}

impl Place {
    const fn new(terms: &Terms) -> Self {
        let &Terms { base, horizon, period, reach, burst, fine } = terms;
        Self {
            base: AtomicU64::new(base),
            horizon: AtomicU64::new(horizon),
            period: AtomicU64::new(period),
            reach: AtomicU64::new(reach),
            burst: AtomicU32::new(burst),
            fine: AtomicI32::new(fine),
        }
    }

    #[inline]
    fn load(&self) -> Terms {
        Terms {
            base: self.base.load(Ordering::Relaxed),
            horizon: self.horizon.load(Ordering::Relaxed),
            period: self.period.load(Ordering::Relaxed),
            reach: self.reach.load(Ordering::Relaxed),
            burst: self.burst.load(Ordering::Relaxed),
            fine: self.fine.load(Ordering::Relaxed),
        }
    }

    fn store(&self, terms: &Terms) {
        let &Terms { base, horizon, period, reach, burst, fine } = terms;
        self.base.store(base, Ordering::Relaxed);
        self.horizon.store(horizon, Ordering::Relaxed);
        self.period.store(period, Ordering::Relaxed);
        self.reach.store(reach, Ordering::Relaxed);
        self.burst.store(burst, Ordering::Relaxed);
        self.fine.store(fine, Ordering::Relaxed);
    }
}
