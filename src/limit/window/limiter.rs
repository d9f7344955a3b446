use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use super::acquire::{WindowAcquire, WindowPermit};
use super::counts::Counts;
use crate::config::{ConfigError, check_period};
use crate::limit::error::{AcquireError, TryAcquireError};
use crate::limit::limiter::Limiter;
use crate::limit::waiting::{Acquire, Room};

/// Admits so much in each window of time: for limits that others state so ("100 an hour").
///
/// Windows follow each other from the limiter's making on. Those for whom there is no room wait in
/// the order of coming, behind one timer. Clones share the windows.
///
/// A [`RateLimiter`](crate::limit::RateLimiter) is smoother: it spreads over the window what this
/// admits at its beginning.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::Runtime;
/// use mtaio::limit::{Window, WindowLimiter};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let minute = Duration::from_secs(60);
/// let limiter = WindowLimiter::new(&rt, Window::Fixed(minute), 2)?;
/// let start = rt.now();
/// for _ in 0..5 {
///     limiter.acquire().await?; // Two now, two in the next minute, one in the one after.
/// }
/// assert_eq!(rt.now() - start, 2 * minute);
/// # Ok::<(), mtaio::Error>(())
/// # }).unwrap();
/// ```
pub struct WindowLimiter<R: Runtime = DynRuntime> {
    room: Arc<Room<Counts, R>>,
}

/// What counts against the limit of a [`WindowLimiter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// What was admitted in the present window. Around the border of two windows that can be twice
    /// the limit within one window's length.
    Fixed(Duration),
    /// That, and what was admitted in the window before, by the part of it that is less than a
    /// window's length ago: the sliding counter, which takes it that the window before was filled
    /// evenly. Where it was, no time of a window's length sees more than the limit.
    Sliding(Duration),
}

/// What a [`WindowLimiter`] is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WindowStats {
    /// The most in a window.
    pub limit: u32,
    /// How much may be admitted now; it is for those who wait, if any do.
    pub available: u32,
    /// How many wait.
    pub waiting: usize,
}

impl WindowLimiter {
    /// A limiter that does not show the runtime in its type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `limit` is zero, or the window is zero or longer than 100 years.
    pub fn new<R: Runtime>(rt: &R, window: Window, limit: u32) -> Result<Self, ConfigError> {
        Self::with_runtime(&DynRuntime::new(rt), window, limit)
    }
}

impl<R: Runtime> WindowLimiter<R> {
    /// A limiter on a runtime of known type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `limit` is zero, or the window is zero or longer than 100 years.
    pub fn with_runtime(rt: &R, window: Window, limit: u32) -> Result<Self, ConfigError> {
        let (length, slides) = match window {
            Window::Fixed(length) => (length, false),
            Window::Sliding(length) => (length, true),
        };
        check_period("window", length)?;
        if limit == 0 {
            return Err(ConfigError::new("limit", "0", "1 or more"));
        }
        // 100 years of nanoseconds take 62 bits.
        let nanos = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        let counts = Counts::new(rt.now(), nanos, limit, slides);
        Ok(Self { room: Room::new(rt.clone(), counts) })
    }

    /// Admits one at once, or refuses.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::Limited`] if there is no room, or if others wait.
    pub fn try_acquire(&self) -> Result<WindowPermit, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Admits a `weight` at once, or refuses.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::Limited`] if there is no room, or if others wait, and
    /// [`TryAcquireError::Weight`] if the weight is zero or more than the limit.
    pub fn try_acquire_many(&self, weight: u32) -> Result<WindowPermit, TryAcquireError> {
        let window = self.room.try_acquire(weight, self.room.runtime().now())?;
        Ok(WindowPermit { window, weight })
    }

    /// Waits until one is admitted.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Elapsed`] if an inherited [`Deadline`](crate::time::Deadline) is over before
    /// this is admitted: at once, and without a place, where that is known at once.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place among those who wait, and gives back what it was
    /// granted already. Forgetting it loses what it is granted, and nothing else.
    pub const fn acquire(&self) -> WindowAcquire<'_, R> {
        self.acquire_many(1)
    }

    /// Waits until a `weight` is admitted, as a whole.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Elapsed`] as for [`acquire`](Self::acquire), and [`AcquireError::Weight`] if
    /// the weight is zero or more than the limit.
    ///
    /// # Cancel safety
    ///
    /// That of [`acquire`](Self::acquire).
    pub const fn acquire_many(&self, weight: u32) -> WindowAcquire<'_, R> {
        WindowAcquire(Acquire::new(&self.room, weight))
    }

    /// Gives back what was admitted and not made use of, to the window that it was taken from. When
    /// that counts no longer, there is nothing to give back.
    pub fn refund(&self, permit: WindowPermit) {
        self.room.refund(permit.window, permit.weight);
    }

    /// What it is at.
    pub fn stats(&self) -> WindowStats {
        let gauge = self.room.gauge();
        WindowStats {
            limit: gauge.limit(),
            available: gauge.available(self.room.runtime().now()),
            waiting: self.room.waiting(),
        }
    }
}

impl<R: Runtime> Limiter for WindowLimiter<R> {
    /// The window that it was admitted in.
    type Permit<'a> = WindowPermit;

    fn try_acquire_many(&self, weight: u32) -> Result<WindowPermit, TryAcquireError> {
        self.try_acquire_many(weight)
    }

    async fn acquire_many(&self, weight: u32) -> Result<WindowPermit, AcquireError> {
        self.acquire_many(weight).await
    }

    fn refund(&self, permit: WindowPermit, weight: u32) {
        self.refund(WindowPermit { weight: weight.min(permit.weight), ..permit });
    }
}

impl<R: Runtime> Clone for WindowLimiter<R> {
    fn clone(&self) -> Self {
        Self { room: Arc::clone(&self.room) }
    }
}

impl<R: Runtime> fmt::Debug for WindowLimiter<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowLimiter")
            .field("limit", &self.room.gauge().limit())
            .field("waiting", &self.room.waiting())
            .finish_non_exhaustive()
    }
}
