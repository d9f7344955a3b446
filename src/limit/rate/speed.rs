use std::fmt;
use std::time::Duration;

use crate::config::{ConfigError, check_period};

/// How often something may happen in the long run: from once in 100 years to 1,000,000,000 times a
/// second, exact to a millionth and better.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::limit::Rate;
///
/// let rate = Rate::per_second(100)?;
/// assert_eq!(rate, Rate::new(6_000, Duration::from_secs(60))?);
/// assert_eq!(rate.period(), Duration::from_millis(10));
/// assert_eq!(rate.to_string(), "100/s");
///
/// assert_eq!(Rate::hertz(0.5)?, Rate::new(1, Duration::from_secs(2))?);
/// let refused = Rate::hertz(f64::NAN).unwrap_err();
/// assert_eq!(refused.to_string(), "`rate` is NaN, allowed is 1 in 100 years to 1000000000/s");
/// # Ok::<(), mtaio::ConfigError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// The time from one to the next, in units of 2^-32 ns. Whole nanoseconds can't tell 700
    /// million a second from 1,000 million.
    period: u128,
}

/// Units of [`Rate::period`] in a nanosecond.
const UNITS: u128 = 1 << FRACTION;
const FRACTION: u32 = 32;

const NANOS_A_SECOND: u128 = 1_000_000_000;
const LONGEST_NANOS: u128 = crate::config::LONGEST.as_nanos();
const ALLOWED: &str = "1 in 100 years to 1000000000/s";

impl Rate {
    /// So many a second.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `count` is zero or more than 1,000,000,000.
    pub fn per_second(count: u32) -> Result<Self, ConfigError> {
        Self::new(count.into(), Duration::from_secs(1))
    }

    /// So many a minute.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `count` is zero.
    pub fn per_minute(count: u32) -> Result<Self, ConfigError> {
        Self::new(count.into(), Duration::from_secs(60))
    }

    /// So many a day.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `count` is zero.
    pub fn per_day(count: u32) -> Result<Self, ConfigError> {
        Self::new(count.into(), Duration::from_secs(24 * 60 * 60))
    }

    /// `count` in each `period`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if one of them is zero, if `period` is more than 100 years, or if this comes
    /// to more than 1,000,000,000 a second.
    pub fn new(count: u64, period: Duration) -> Result<Self, ConfigError> {
        check_period("period", period)?;
        let refuse = || ConfigError::new("rate", format!("{count} in {period:?}"), ALLOWED);
        if count == 0 {
            return Err(refuse());
        }
        // At most 100 years, which in these units takes 94 bits.
        let (units, count) = (period.as_nanos() * UNITS, u128::from(count));
        Self::of_period((units + count / 2) / count).ok_or_else(refuse)
    }

    /// So many a second, as a number that need not be whole: what a computation came to.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it is not a number, zero, negative, infinite, more than 1,000,000,000, or
    /// less than one in 100 years.
    pub fn hertz(rate: f64) -> Result<Self, ConfigError> {
        let refuse = || ConfigError::new("rate", format!("{rate}"), ALLOWED);
        if !rate.is_finite() || rate <= 0.0 {
            return Err(refuse());
        }
        let units = (NANOS_A_SECOND * UNITS) as f64 / rate;
        // Saturates; what is too much is refused in either case.
        Self::of_period(units.round() as u128).ok_or_else(refuse)
    }

    /// One in so many nanoseconds, of which there are some.
    pub(in crate::limit) const fn one_in(nanos: u64) -> Self {
        Self { period: nanos as u128 * UNITS }
    }

    fn of_period(period: u128) -> Option<Self> {
        (UNITS..=LONGEST_NANOS * UNITS).contains(&period).then_some(Self { period })
    }

    /// How many a second.
    pub fn to_hertz(self) -> f64 {
        (NANOS_A_SECOND * UNITS) as f64 / self.period as f64
    }

    /// The time from one to the next, to the nanosecond.
    pub const fn period(self) -> Duration {
        let nanos = (self.period + UNITS / 2) >> FRACTION;
        Duration::new((nanos / NANOS_A_SECOND) as u64, (nanos % NANOS_A_SECOND) as u32)
    }

    /// The same in units of 2^-[`FRACTION`](Self::FRACTION) ns.
    pub(super) const fn period_units(self) -> u128 {
        self.period
    }

    /// See [`period_units`](Self::period_units).
    pub(super) const FRACTION: u32 = FRACTION;
}

impl fmt::Display for Rate {
    /// Per second where that is at least one, else the time from one to the next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hertz = self.to_hertz();
        if hertz < 1.0 {
            return write!(f, "1/{:?}", self.period());
        }
        // A thousandth tells them apart; more digits are those of the rounding.
        write!(f, "{}/s", (hertz * 1e3).round() / 1e3)
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rate({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_exact_to_a_millionth() {
        for count in [1, 3, 7, 999, 1_000_003, 300_000_007, 700_000_000, 999_999_999, 1_000_000_000]
        {
            let rate = Rate::per_second(count).unwrap();
            let error = (rate.to_hertz() / f64::from(count) - 1.0).abs();
            assert!(error < 1e-9, "{count}/s: {error}");
        }
        let day = Rate::per_day(1).unwrap();
        assert_eq!(day.period(), Duration::from_secs(86_400));
    }

    #[test]
    fn what_is_no_rate_is_refused_with_its_value() {
        for wrong in
            [f64::NAN, 0.0, -0.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, 1e-10, 1.1e9, 1e300]
        {
            let refused = Rate::hertz(wrong).unwrap_err();
            assert_eq!((refused.field(), refused.value()), ("rate", wrong.to_string().as_str()));
        }
        assert_eq!(Rate::per_second(0).unwrap_err().value(), "0 in 1s");
        assert!(Rate::per_second(1_000_000_001).is_err());
        assert!(Rate::new(u64::MAX, Duration::from_nanos(1)).is_err());
        assert_eq!(Rate::new(1, Duration::ZERO).unwrap_err().field(), "period");
        assert_eq!(Rate::new(1, Duration::MAX).unwrap_err().field(), "period");
    }
}
