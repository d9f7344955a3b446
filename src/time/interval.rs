use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use mtaio_runtime::{DynRuntime, Instant, Runtime, Sleep};

use crate::config::{ConfigError, check_period};

/// Ticks now, and then every `period`. See [`Interval`].
///
/// # Errors
///
/// [`ConfigError`] if `period` is zero or more than 100 years.
pub fn interval<R: Runtime>(rt: &R, period: Duration) -> Result<Interval<R>, ConfigError> {
    Interval::with_runtime(rt, period)
}

/// A clock's tick, again and again: the n-th is due n periods after the start, however late the
/// ones before it were taken.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::{Runtime, RuntimeExt};
/// use mtaio::time::{MissedTick, interval};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let second = Duration::from_secs(1);
/// let mut ticks = interval(&rt, second)?.missed(MissedTick::Skip);
/// let start = ticks.tick().await;
///
/// rt.sleep(second * 7 / 2).await; // Sleeps through three ticks:
/// assert_eq!(ticks.tick().await, start + second); // the first comes late, at once,
/// assert_eq!(ticks.tick().await, start + 4 * second); // the next on time.
/// assert_eq!(rt.now(), start + 4 * second);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub struct Interval<R: Runtime = DynRuntime> {
    rt: R,
    sleep: Pin<Box<R::Sleep>>,
    due: Instant,
    period: Duration,
    missed: MissedTick,
}

/// What an [`Interval`] does when ticks were missed: when a tick is taken so late that the one
/// after it is due already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTick {
    /// Makes up for each of them, at once. On the long run there are as many ticks as periods.
    #[default]
    Burst,
    /// Leaves them out: the next tick is the next one that is not due yet.
    Skip,
    /// Starts again: the next tick is a period after the late one was taken.
    Delay,
}

impl Interval {
    /// An interval that does not show the runtime in its type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `period` is zero or more than 100 years.
    pub fn new<R: Runtime>(rt: &R, period: Duration) -> Result<Self, ConfigError> {
        Self::with_runtime(&DynRuntime::new(rt), period)
    }
}

impl<R: Runtime> Interval<R> {
    /// An interval on a runtime of known type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `period` is zero or more than 100 years.
    pub fn with_runtime(rt: &R, period: Duration) -> Result<Self, ConfigError> {
        check_period("period", period)?;
        let due = rt.now();
        let sleep = Box::pin(rt.sleep_until(due));
        Ok(Self { rt: rt.clone(), sleep, due, period, missed: MissedTick::default() })
    }

    /// Sets what happens when ticks were missed; [`MissedTick::Burst`] unless said.
    #[must_use]
    pub const fn missed(mut self, missed: MissedTick) -> Self {
        self.missed = missed;
        self
    }

    /// Puts the next tick at `due`, and those after it in step with it.
    pub fn reset_to(&mut self, due: Instant) {
        self.due = due;
        self.sleep.as_mut().reset(due);
    }

    /// The time from tick to tick.
    pub const fn period(&self) -> Duration {
        self.period
    }

    /// Waits for the next tick and answers the instant at which it was due.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no tick: the next call waits for the same one.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// As [`tick`](Self::tick), for code that polls.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(self.sleep.as_mut().poll(cx));
        let due = self.due;
        self.reset_to(self.after(due));
        Poll::Ready(due)
    }

    /// When the tick after the one that was due at `due` is due.
    fn after(&self, due: Instant) -> Instant {
        let next = due + self.period;
        if self.missed == MissedTick::Burst {
            return next;
        }
        let now = self.rt.now();
        if now < next {
            return next;
        }
        match self.missed {
            MissedTick::Burst => next,
            MissedTick::Delay => now + self.period,
            MissedTick::Skip => {
                let period = self.period.as_nanos();
                let into_period = (now - due).as_nanos() % period;
                // Less than a period, which is less than 100 years of nanoseconds.
                let left = u64::try_from(period - into_period).unwrap_or(u64::MAX);
                now + Duration::from_nanos(left)
            }
        }
    }

    /// The ticks as an endless stream.
    pub const fn into_stream(self) -> Ticks<R> {
        Ticks(self)
    }
}

impl<R: Runtime> fmt::Debug for Interval<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interval")
            .field("due", &self.due)
            .field("period", &self.period)
            .field("missed", &self.missed)
            .finish_non_exhaustive()
    }
}

/// The stream of [`Interval::into_stream`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Ticks<R: Runtime = DynRuntime>(Interval<R>);

impl<R: Runtime> Stream for Ticks<R> {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.0.poll_tick(cx).map(Some)
    }
}

// A boxed sleep is all that is pinned in it.
impl<R: Runtime> Unpin for Interval<R> {}
