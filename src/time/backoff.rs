use std::time::Duration;

use mtaio_runtime::Runtime;

use crate::config::{ConfigError, LONGEST};

/// How long to wait before each further attempt: the same time again and again, or more each time,
/// up to a limit, with or without jitter.
///
/// Jitter is drawn from the runtime, so a simulation repeats it. Its kinds are those of Marc
/// Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::time::Backoff;
///
/// const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(1))
///     .with_max(Duration::from_secs(5));
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let delays: Vec<u64> = BACKOFF.delays(&rt)?.take(5).map(|delay| delay.as_secs()).collect();
/// assert_eq!(delays, [1, 2, 4, 5, 5]);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a backoff does nothing by itself: take its `delays`"]
pub struct Backoff {
    first: Duration,
    factor: u32,
    max: Duration,
    jitter: Jitter,
}

/// What chance does to a delay, so that those who failed together don't come back together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jitter {
    /// Nothing.
    #[default]
    None,
    /// Anything from zero to the delay: the least load, and delays that can be very short.
    Full,
    /// Half of the delay, and anything from zero to the other half.
    Equal,
    /// Anything from the first delay to three times the last one; the factor does not count.
    Decorrelated,
}

impl Backoff {
    /// The same delay each time.
    pub const fn constant(delay: Duration) -> Self {
        Self { first: delay, factor: 1, max: delay, jitter: Jitter::None }
    }

    /// Twice the delay each time, up to 60 s (or to `first`, where that is more).
    pub const fn exponential(first: Duration) -> Self {
        let minute = Duration::from_secs(60);
        let max = if first.as_nanos() > minute.as_nanos() { first } else { minute };
        Self { first, factor: 2, max, jitter: Jitter::None }
    }

    /// What a delay is multiplied by to get the next.
    pub const fn with_factor(mut self, factor: u32) -> Self {
        self.factor = factor;
        self
    }

    /// The longest delay.
    pub const fn with_max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// What chance does to the delays; [`Jitter::None`] unless said.
    pub const fn with_jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// The delays, without end.
    ///
    /// # Errors
    ///
    /// What [`validate`](Self::validate) refuses.
    pub fn delays<R: Runtime>(&self, rt: &R) -> Result<Delays<R>, ConfigError> {
        self.validate()?;
        Ok(self.checked_delays(rt))
    }

    /// The delays of settings that were checked.
    pub(crate) fn checked_delays<R: Runtime>(&self, rt: &R) -> Delays<R> {
        Delays { backoff: *self, rt: rt.clone(), next: self.first }
    }

    /// Checks the settings; what takes a backoff does so when it is built.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a factor of zero, a longest delay that is shorter than the first or
    /// longer than 100 years, and a first delay of zero that is to grow.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.check("max")
    }

    /// The same, where the longest delay is the value of the setting `max`.
    pub(crate) fn check(&self, max: &'static str) -> Result<(), ConfigError> {
        if self.factor == 0 {
            return Err(ConfigError::new("factor", "0", "1 or more"));
        }
        if self.first > LONGEST {
            // A constant one has no other.
            let is_constant = self.factor == 1 && self.first == self.max;
            let field = if is_constant { "delay" } else { "first" };
            return Err(ConfigError::new(field, format!("{:?}", self.first), "at most 100 years"));
        }
        if self.max < self.first || self.max > LONGEST {
            let allowed = "at least the first delay and at most 100 years";
            return Err(ConfigError::new(max, format!("{:?}", self.max), allowed));
        }
        if self.first.is_zero() && self.factor > 1 {
            return Err(ConfigError::new("first", "0ns", "more than zero for a delay that grows"));
        }
        Ok(())
    }
}

/// The endless iterator of [`Backoff::delays`].
#[derive(Clone, Debug)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Delays<R> {
    backoff: Backoff,
    rt: R,
    /// The next delay before jitter; with decorrelated jitter, the last one after it.
    next: Duration,
}

impl<R: Runtime> Iterator for Delays<R> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let Backoff { first, factor, max, jitter } = self.backoff;
        if jitter == Jitter::Decorrelated {
            let span = self.next.saturating_mul(3).saturating_sub(first);
            self.next = (first + self.at_most(span)).min(max);
            return Some(self.next);
        }
        let delay = self.next;
        self.next = delay.saturating_mul(factor).min(max);
        Some(match jitter {
            Jitter::None | Jitter::Decorrelated => delay,
            Jitter::Full => self.at_most(delay),
            Jitter::Equal => delay - self.at_most(delay / 2),
        })
    }
}

impl<R: Runtime> Delays<R> {
    /// Anything from zero to `span`, evenly.
    fn at_most(&self, span: Duration) -> Duration {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let drawn = (u128::from(self.rt.entropy()) * (u128::from(nanos) + 1)) >> 64;
        // The product of a 64-bit fraction and a 64-bit span, without the fraction's bits.
        Duration::from_nanos(u64::try_from(drawn).unwrap_or(nanos))
    }
}
