use std::fmt;
use std::sync::Arc;

use mtaio_runtime::{DynRuntime, Instant, Runtime};

use super::acquire::RateAcquire;
use super::gcra::Gcra;
use super::speed::Rate;
use crate::config::ConfigError;
use crate::limit::error::{AcquireError, TryAcquireError};
use crate::limit::limiter::Limiter;
use crate::limit::waiting::{Acquire, Gauge, Room};

/// Admits at a [`Rate`], and up to `burst` at once after a time of less.
///
/// It is a bucket of `burst` tokens, full at first, into which tokens come at the rate; whoever is
/// admitted takes its weight of them. Those for whom there are too few wait in the order of coming,
/// and nobody overtakes them. Clones share the bucket.
///
/// Admitting is one atomic operation (GCRA, ITU-T I.371), and one timer serves all who wait. A
/// timer fires late, by a millisecond or two; up to 3 ms of that are made good to who waits, so that
/// the rate is kept. In any time `w` no more than `burst + rate * (w + 3 ms)` is admitted.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::Runtime;
/// use mtaio::limit::{Rate, RateLimiter};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let limiter = RateLimiter::new(&rt, Rate::per_second(100)?, 5)?;
///
/// let start = rt.now();
/// for _ in 0..15 {
///     limiter.acquire().await?; // Five at once, then one every 10 ms.
/// }
/// assert_eq!(rt.now() - start, Duration::from_millis(100));
///
/// assert!(limiter.try_acquire().is_err());
/// limiter.refund(1);
/// assert!(limiter.try_acquire().is_ok());
/// # Ok::<(), mtaio::Error>(())
/// # }).unwrap();
/// ```
///
/// Who knows the time already doesn't pay for a clock:
///
/// ```
/// # use std::time::Duration;
/// # use mtaio::{Retryable, Runtime};
/// # use mtaio::limit::{Rate, RateLimiter};
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let limiter = RateLimiter::new(&rt, Rate::per_second(100)?, 1)?;
/// let now = rt.now();
/// assert!(limiter.try_acquire_at(now).is_ok());
/// let refused = limiter.try_acquire_at(now).unwrap_err();
/// assert_eq!(refused.retry_after(), Some(Duration::from_millis(10)));
/// assert!(limiter.try_acquire_at(now + Duration::from_millis(10)).is_ok());
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub struct RateLimiter<R: Runtime = DynRuntime> {
    room: Arc<Room<Gcra, R>>,
}

/// What a [`RateLimiter`] is at.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RateStats {
    /// The rate at present.
    pub rate: Rate,
    /// The most that can be admitted at once.
    pub burst: u32,
    /// How many tokens there are; they are for those who wait, if any do.
    pub available: u32,
    /// How many wait.
    pub waiting: usize,
}

impl RateLimiter {
    /// A limiter that does not show the runtime in its type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `burst` is zero, or more than what comes in 100 years.
    pub fn new<R: Runtime>(rt: &R, rate: Rate, burst: u32) -> Result<Self, ConfigError> {
        Self::with_runtime(&DynRuntime::new(rt), rate, burst)
    }
}

impl<R: Runtime> RateLimiter<R> {
    /// A limiter on a runtime of known type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `burst` is zero, or more than what comes in 100 years.
    pub fn with_runtime(rt: &R, rate: Rate, burst: u32) -> Result<Self, ConfigError> {
        let gauge = Gcra::new(rate, burst, rt.now())?;
        Ok(Self { room: Room::new(rt.clone(), gauge) })
    }

    /// Admits one at once, or refuses.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::Limited`] if there is no token, or if others wait; it says when to try
    /// again.
    #[inline]
    pub fn try_acquire(&self) -> Result<(), TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Admits a `weight` at once, or refuses.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::Limited`] as for [`try_acquire`](Self::try_acquire), and
    /// [`TryAcquireError::Weight`] if the weight is zero or more than the burst.
    #[inline]
    pub fn try_acquire_many(&self, weight: u32) -> Result<(), TryAcquireError> {
        self.room.try_acquire(weight, self.room.runtime().now())
    }

    /// As [`try_acquire`](Self::try_acquire), for who knows what time it is.
    ///
    /// `now` is an instant of the limiter's runtime, of this moment or a little before.
    ///
    /// # Errors
    ///
    /// Those of [`try_acquire`](Self::try_acquire).
    #[inline]
    pub fn try_acquire_at(&self, now: Instant) -> Result<(), TryAcquireError> {
        self.room.try_acquire(1, now)
    }

    /// As [`try_acquire_many`](Self::try_acquire_many), for who knows what time it is. See
    /// [`try_acquire_at`](Self::try_acquire_at).
    ///
    /// # Errors
    ///
    /// Those of [`try_acquire_many`](Self::try_acquire_many).
    #[inline]
    pub fn try_acquire_many_at(&self, weight: u32, now: Instant) -> Result<(), TryAcquireError> {
        self.room.try_acquire(weight, now)
    }

    /// Waits until one is admitted.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Elapsed`] if an inherited [`Deadline`](crate::time::Deadline) is over before
    /// this may be admitted: at once, and without a place, where that is known at once.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place among those who wait, and gives back what it was
    /// granted already. Forgetting it loses what it is granted, and nothing else.
    #[inline]
    pub const fn acquire(&self) -> RateAcquire<'_, R> {
        self.acquire_many(1)
    }

    /// Waits until a `weight` is admitted.
    ///
    /// It is admitted as a whole. While it is first in line it keeps what comes from those behind.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Elapsed`] as for [`acquire`](Self::acquire), and [`AcquireError::Weight`] if
    /// the weight is zero or more than the burst.
    ///
    /// # Cancel safety
    ///
    /// That of [`acquire`](Self::acquire).
    #[inline]
    pub const fn acquire_many(&self, weight: u32) -> RateAcquire<'_, R> {
        RateAcquire(Acquire::new(&self.room, weight))
    }

    /// Gives back a `weight` that was admitted and not made use of.
    pub fn refund(&self, weight: u32) {
        self.room.refund((), weight);
    }

    /// Admits at another rate from now on, to those who wait too.
    ///
    /// What is owed stays the same number of tokens, and so does what is there.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the burst would take more than 100 years to come back. Then nothing has
    /// changed.
    pub fn set_rate(&self, rate: Rate) -> Result<(), ConfigError> {
        self.room.gauge().set_rate(rate, self.room.runtime().now())?;
        if self.room.gauge().is_waiting() {
            self.room.pump();
        }
        Ok(())
    }

    /// The rate at present.
    pub fn rate(&self) -> Rate {
        self.room.gauge().rate()
    }

    /// The most that can be admitted at once.
    pub fn burst(&self) -> u32 {
        self.room.gauge().burst()
    }

    /// What it is at.
    pub fn stats(&self) -> RateStats {
        let gauge = self.room.gauge();
        RateStats {
            rate: gauge.rate(),
            burst: gauge.burst(),
            available: gauge.available(self.room.runtime().now()),
            waiting: self.room.waiting(),
        }
    }
}

impl<R: Runtime> Limiter for RateLimiter<R> {
    /// Nothing: what was admitted has happened.
    type Permit<'a> = ();

    #[inline]
    fn try_acquire_many(&self, weight: u32) -> Result<(), TryAcquireError> {
        self.try_acquire_many(weight)
    }

    #[inline]
    async fn acquire_many(&self, weight: u32) -> Result<(), AcquireError> {
        self.acquire_many(weight).await
    }

    fn refund(&self, (): (), weight: u32) {
        self.refund(weight);
    }

    /// The highest: it waits for time, not for others.
    fn rank(&self) -> Option<u64> {
        Some(u64::MAX)
    }
}

impl<R: Runtime> Clone for RateLimiter<R> {
    fn clone(&self) -> Self {
        Self { room: Arc::clone(&self.room) }
    }
}

impl<R: Runtime> fmt::Debug for RateLimiter<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter")
            .field("rate", &self.rate())
            .field("burst", &self.burst())
            .field("waiting", &self.room.waiting())
            .finish_non_exhaustive()
    }
}
