use std::time::Duration;

use mtaio_runtime::Instant;

use super::speed::Rate;
use crate::config::{ConfigError, LONGEST};

/// The arithmetic of a rate limit, in ticks: a unit of time that is as fine as the rate needs and
/// as coarse as its burst needs.
///
/// GCRA as in ITU-T I.371, in virtual scheduling form, with weights. All that is known of the past
/// is one instant, `tat` (the theoretical arrival time): when the burst will be whole again. With
/// `T` as the time of one item, a weight `n` is admitted if
/// `max(tat, now) + nT <= now + burst * T`, and the left side is then the next `tat`.
///
/// An instant is that of a clock which shows whole nanoseconds, so what is due before the next one
/// is due: who waits for each item would else lose up to a nanosecond by each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::limit) struct Terms {
    /// Ticks are counted from this instant, in nanoseconds.
    pub(super) base: u64,
    /// As many nanoseconds after `base` the ticks become too large, and `base` is to be moved.
    pub(super) horizon: u64,
    /// Ticks an item.
    pub(super) period: u64,
    /// Ticks from now to the latest `tat` that there may be: a whole burst, and what is left of this
    /// nanosecond.
    pub(super) reach: u64,
    /// The most that a weight can be.
    pub(super) burst: u32,
    /// A tick is a nanosecond times 2 to minus this.
    pub(super) fine: i32,
}

/// The word of a limiter has room for ticks of so many bits. With one bit less for what lies
/// before now, and two less for what lies after, no sum goes beyond.
pub(super) const TICK_BITS: u32 = 54;
/// Ticks from `base` to now.
const MOST_ELAPSED: u32 = TICK_BITS - 1;
/// Ticks of a whole burst.
const MOST_SPAN: u32 = TICK_BITS - 2;
/// No item needs more ticks than 2 to this: half a tick is then less than a millionth of it.
const ENOUGH: u32 = 20;

/// Who asks may have read its clock so long ago, where the first of a new base has read it now.
const LEEWAY_BITS: u32 = 1;

impl Terms {
    /// The terms of `rate` and `burst` around `now`.
    pub(in crate::limit) fn new(rate: Rate, burst: u32, now: Instant) -> Result<Self, ConfigError> {
        if burst == 0 {
            return Err(ConfigError::new("burst", "0", "1 or more"));
        }
        let span = (rate.period_units() * u128::from(burst)) >> Rate::FRACTION;
        if span > LONGEST.as_nanos() {
            let allowed = "at most what comes in 100 years at this rate";
            return Err(ConfigError::new("burst", burst.to_string(), allowed));
        }
        // Ticks are nanoseconds times 2^fine; 100 years of nanoseconds take 62 bits.
        let span_bits = 128 - (span + 1).leading_zeros();
        let period_bits = 128 - (rate.period_units() >> Rate::FRACTION).leading_zeros();
        let wanted = (ENOUGH + 1).saturating_sub(period_bits);
        let fine = (MOST_SPAN.cast_signed() - span_bits.cast_signed()).min(wanted.cast_signed());
        let (up, down) = shifts(fine);
        let horizon = (1 << (MOST_ELAPSED - up)) << down;

        let point = Rate::FRACTION - up + down;
        let period = (rate.period_units() + (1 << (point - 1))) >> point;
        let base = now.as_nanos().saturating_sub(horizon >> LEEWAY_BITS);
        // Below 2^MOST_SPAN, by the choice of `fine`.
        let period = u64::try_from(period).unwrap_or(u64::MAX);
        let reach = period * u64::from(burst) + (1 << up) - 1;
        Ok(Self { base, horizon, period, reach, burst, fine })
    }

    /// Whether `now` is too far from the base.
    #[inline]
    pub(in crate::limit) const fn is_beyond(&self, now: Instant) -> bool {
        now.as_nanos().saturating_sub(self.base) >= self.horizon
    }

    /// The same, with the base moved towards `now`.
    pub(in crate::limit) const fn moved_to(mut self, now: Instant) -> Self {
        self.base = now.as_nanos().saturating_sub(self.horizon >> LEEWAY_BITS);
        self
    }

    /// What ticks are counted from.
    pub(in crate::limit) const fn base(&self) -> u64 {
        self.base
    }

    /// The ticks of an instant that is not [beyond](Self::is_beyond); what is before the base counts
    /// as the base.
    #[inline]
    pub(in crate::limit) const fn ticks(&self, now: Instant) -> u64 {
        self.ticks_in(now.as_nanos().saturating_sub(self.base))
    }

    /// As many ticks as there are in `time`, at most a whole horizon.
    pub(super) fn ticks_of(&self, time: Duration) -> u64 {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).min(self.horizon - 1);
        self.ticks_in(nanos)
    }

    /// The `tat` after a weight that is admitted at `now`, or none if it is not admitted. `grace` is
    /// how late the one who asks may be without losing by it.
    ///
    /// Terms that were read while they changed may be of two minds. Then the answer is of no use, but
    /// there is one.
    #[inline]
    pub(in crate::limit) fn admit(
        &self,
        tat: u64,
        now: u64,
        weight: u32,
        grace: u64,
    ) -> Option<u64> {
        // A weight of one is known when this is compiled, mostly.
        if weight > 1 && weight > self.burst {
            return None;
        }
        let start = tat.max(now.saturating_sub(grace));
        let next = start.wrapping_add(u64::from(weight).wrapping_mul(self.period));
        (next <= now.wrapping_add(self.reach)).then_some(next)
    }

    /// What a refund of `weight` takes off a `tat`.
    pub(in crate::limit) fn worth(&self, weight: u32) -> u64 {
        u64::from(weight.min(self.burst)).wrapping_mul(self.period)
    }

    /// The first instant at which a whole `weight` will have been admitted, one burst after the
    /// other.
    pub(in crate::limit) fn due(&self, tat: u64, now: u64, weight: u64) -> Instant {
        let next = u128::from(tat.max(now)) + u128::from(weight) * u128::from(self.period);
        self.instant(next.saturating_sub(u128::from(self.reach)).max(u128::from(now)))
    }

    /// How many more may be admitted at `now`.
    pub(in crate::limit) fn available(&self, tat: u64, now: u64) -> u32 {
        let free = (now + self.reach).saturating_sub(tat.max(now)) / self.period;
        u32::try_from(free).unwrap_or(self.burst).min(self.burst)
    }

    /// What is owed at `now`, in ticks.
    pub(in crate::limit) fn debt(&self, tat: u64, now: Instant) -> u64 {
        let elapsed = u128::from(now.as_nanos().saturating_sub(self.base));
        let (up, down) = shifts(self.fine);
        let now = (elapsed << up) >> down;
        // Not more than the `tat`.
        u64::try_from(u128::from(tat).saturating_sub(now)).unwrap_or(u64::MAX)
    }

    /// The `tat` at `now` of who owes what in terms of `old` was `debt`: as many items as before.
    pub(in crate::limit) fn owing(&self, debt: u64, old: &Self, now: Instant) -> u64 {
        let ours = u128::from(debt) * u128::from(self.period);
        let owed = ours.div_ceil(u128::from(old.period));
        // A refund apart, nobody owes more than a burst; and the burst may have become smaller.
        self.ticks(now) + u64::try_from(owed).unwrap_or(u64::MAX).min(self.reach)
    }

    /// The ticks in so many nanoseconds.
    #[inline]
    const fn ticks_in(&self, nanos: u64) -> u64 {
        if self.fine >= 0 { nanos << self.fine } else { nanos >> -self.fine }
    }

    /// The first instant that has so many ticks.
    fn instant(&self, ticks: u128) -> Instant {
        let (up, down) = shifts(self.fine);
        let nanos = ((ticks << down) + (1 << up) - 1) >> up;
        let since = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        Instant::from_nanos(self.base) + since
    }
}

/// Nanoseconds to ticks: this much to the left, and this much to the right.
fn shifts(fine: i32) -> (u32, u32) {
    (fine.max(0).unsigned_abs(), fine.min(0).unsigned_abs())
}
