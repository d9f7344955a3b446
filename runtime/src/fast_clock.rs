use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use crate::Instant;

/// The processor's time-stamp counter, tied to a reference clock: for adapters that offer a
/// cheaper `now`.
///
/// Every 100 ms of use the counter is compared with the reference: where it fell behind it steps
/// forward, where it ran ahead it runs slower until the reference has caught up. It never goes
/// back, on any thread. Between two comparisons it drifts by what the counter's rate was measured
/// wrong: a few parts in a million, so below a microsecond.
///
/// The calibrated counter is the crate `quanta`'s; where the processor has none that is reliable,
/// `quanta` reads the system's clock instead.
pub struct FastClock {
    counter: quanta::Clock,
    /// Odd while the fields below change; readers then wait.
    version: AtomicU64,
    /// The counter at the last comparison, and what `now` was at that count.
    base_count: AtomicU64,
    base_nanos: AtomicU64,
    /// Nanoseconds a count at present, in units of 2^-32: `true_rate`, or less to fall back.
    rate: AtomicU64,
    true_rate: u64,
    /// Counts between two comparisons.
    period: u64,
}

impl FastClock {
    /// A clock that starts with the reference. The first of a process takes a while: the counter is
    /// calibrated.
    pub fn new(reference: impl Fn() -> Instant) -> Self {
        Self::of(quanta::Clock::new(), reference)
    }

    fn of(counter: quanta::Clock, reference: impl Fn() -> Instant) -> Self {
        let nanos = counter.delta_as_nanos(0, RATE_SAMPLE).max(1);
        let rate = fixed(nanos, RATE_SAMPLE);
        let clock = Self {
            version: AtomicU64::new(0),
            base_count: AtomicU64::new(0),
            base_nanos: AtomicU64::new(0),
            rate: AtomicU64::new(rate),
            true_rate: rate,
            period: counts(PERIOD, rate),
            counter,
        };
        let (nanos, count) = clock.sample(reference);
        clock.base_count.store(count, Ordering::Relaxed);
        clock.base_nanos.store(nanos, Ordering::Relaxed);
        clock
    }

    /// What time it is. `reference` is asked when the next comparison is due.
    pub fn now(&self, reference: impl Fn() -> Instant) -> Instant {
        loop {
            let version = self.version.load(Ordering::Acquire);
            let count = self.counter.raw();
            let elapsed = self.since(self.base_count.load(Ordering::Relaxed), count);
            let base = self.base_nanos.load(Ordering::Relaxed);
            let nanos = base.saturating_add(scale(elapsed, self.rate.load(Ordering::Relaxed)));
            fence(Ordering::Acquire);
            let stable =
                version.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == version;
            if stable && elapsed < self.period {
                return Instant::from_nanos(nanos);
            }
            if stable {
                self.compare(version, &reference);
            } else {
                std::hint::spin_loop();
            }
        }
    }

    /// Ties the counter to the reference again, unless another thread does.
    fn compare(&self, version: u64, reference: impl Fn() -> Instant) {
        let (reference, sampled) = self.sample(reference);
        let claimed = self.version.compare_exchange(
            version,
            version + 1,
            Ordering::Acquire,
            Ordering::Relaxed,
        );
        if claimed.is_err() {
            return;
        }
        fence(Ordering::Release);
        let count = self.counter.raw();
        let reference = reference + scale(count.saturating_sub(sampled), self.true_rate);
        let elapsed = self.since(self.base_count.load(Ordering::Relaxed), count);
        // No reader went beyond the period, so nothing later than this has been told.
        let told = self.base_nanos.load(Ordering::Relaxed)
            + scale(elapsed.min(self.period), self.rate.load(Ordering::Relaxed));
        // What it is ahead by is made good within the next period, at half speed at the least.
        let ahead = told.saturating_sub(reference).min(PERIOD / 2);
        let rate = self.true_rate - self.true_rate / PERIOD.div_ceil(ahead.max(1));
        self.base_count.store(count, Ordering::Relaxed);
        self.base_nanos.store(told.max(reference), Ordering::Relaxed);
        self.rate.store(if ahead == 0 { self.true_rate } else { rate }, Ordering::Relaxed);
        self.version.store(version + 2, Ordering::Release);
    }

    /// Counts from `base` to `count`. The processors of a machine may be a little apart, and so none
    /// have passed where `count` is a little less. But where it is a lot less the counter began anew,
    /// as it may when the machine slept or moved: then a comparison is due.
    const fn since(&self, base: u64, count: u64) -> u64 {
        match count.checked_sub(base) {
            Some(elapsed) => elapsed,
            None if base - count < self.period => 0,
            None => u64::MAX,
        }
    }

    /// The reference in nanoseconds and the count that goes with it: read again while the thread
    /// was interrupted between the two.
    fn sample(&self, reference: impl Fn() -> Instant) -> (u64, u64) {
        let mut tries = 4;
        loop {
            let before = self.counter.raw();
            let nanos = reference().as_nanos();
            let after = self.counter.raw();
            tries -= 1;
            if tries == 0 || scale(after.saturating_sub(before), self.true_rate) < INTERRUPTED {
                return (nanos, after);
            }
        }
    }
}

/// Nanoseconds between two comparisons with the reference.
const PERIOD: u64 = 100_000_000;

/// Nanoseconds that reading the reference takes only when the thread lost its processor.
const INTERRUPTED: u64 = 10_000;

/// Counts over which `quanta`'s own scale is read.
const RATE_SAMPLE: u64 = 1 << 40;

fn fixed(nanos: u64, counts: u64) -> u64 {
    let rate = (u128::from(nanos) << 32) / u128::from(counts);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

fn scale(counts: u64, rate: u64) -> u64 {
    let nanos = (u128::from(counts) * u128::from(rate)) >> 32;
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

fn counts(nanos: u64, rate: u64) -> u64 {
    let counts = (u128::from(nanos) << 32) / u128::from(rate.max(1));
    u64::try_from(counts).unwrap_or(u64::MAX)
}

impl fmt::Debug for FastClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FastClock").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "compares with the real clock")]
    fn follows_its_reference_and_never_goes_back() {
        let reference = || Instant::from_std(std::time::Instant::now());
        let clock = FastClock::new(reference);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let end = reference() + Duration::from_millis(350);
                    let mut last = clock.now(reference);
                    while last < end {
                        let now = clock.now(reference);
                        assert!(now >= last, "went back from {last:?} to {now:?}");
                        last = now;
                    }
                });
            }
        });
        let (ours, theirs) = (clock.now(reference), reference());
        let apart = (ours - theirs).max(theirs - ours);
        assert!(apart < Duration::from_millis(20), "{apart:?} apart");
    }

    #[test]
    fn goes_on_when_the_counter_begins_anew() {
        let (counter, processor) = quanta::Clock::mock();
        processor.increment(1_000 * PERIOD);
        let time = AtomicU64::new(1_000);
        let reference = || Instant::from_nanos(time.load(Ordering::Relaxed));
        let clock = FastClock::of(counter, reference);
        let before = clock.now(reference);
        // Another processor, which is a little behind, changes nothing.
        processor.decrement(PERIOD / 2);
        assert_eq!(clock.now(reference), before);
        processor.decrement(999 * PERIOD);
        time.store(5_000, Ordering::Relaxed);
        let after = clock.now(reference);
        // What others may have been told before can't be unsaid.
        assert!(after >= before + Duration::from_nanos(PERIOD), "{after:?}");
        time.store(10 * PERIOD, Ordering::Relaxed);
        processor.increment(2 * PERIOD);
        assert!(clock.now(reference) >= reference(), "it follows its reference again");
    }

    #[test]
    fn waits_for_a_reference_that_it_ran_ahead_of() {
        // The reference stands still, so the clock is ahead at every comparison.
        let still = AtomicU64::new(1_000);
        let reference = || Instant::from_nanos(still.load(Ordering::Relaxed));
        let clock = FastClock::new(reference);
        let mut last = clock.now(reference);
        for _ in 0..1_000_000 {
            let now = clock.now(reference);
            assert!(now >= last);
            last = now;
        }
        // And then it jumps: the clock steps forward at the next comparison.
        still.store(u64::MAX / 2, Ordering::Relaxed);
        while clock.now(reference) < reference() {}
    }
}
