use std::fmt;

use mtaio_runtime::{Ambient, DynRuntime, Runtime};

use super::concurrency::{ConcurrencyLimiter, End, Permit};
use super::error::{AcquireError, TryAcquireError, WeightError};
use super::limiter::Limiter;
use super::rate::RateLimiter;

/// Admits so much at once, and so often: both, or nothing.
///
/// It is made of two limiters, which may have other users beside. It is a handle: clones share the
/// line. Who is first in line takes a permit, and then waits for the rate; the others hold nothing
/// of either. So at most one permit lies idle, nobody overtakes, and a wait that is given up costs
/// neither a permit nor anything of the rate.
///
/// How many may wait and for how long is what the [`ConcurrencyLimiter`]'s handle says, for all of
/// the wait.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::Runtime;
/// use mtaio::limit::{ConcurrencyLimiter, LimiterExt, Rate, RateLimiter, ResourceLimiter};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let at_once = ConcurrencyLimiter::new(&rt, 4)?.longest_wait(Duration::from_secs(5))?;
/// let often = RateLimiter::new(&rt, Rate::per_second(10)?, 1)?;
/// let api = ResourceLimiter::new(at_once, often);
///
/// let start = rt.now();
/// for _ in 0..3 {
///     api.run(async { /* the call */ }).await?;
/// }
/// assert_eq!(rt.now() - start, Duration::from_millis(200));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct ResourceLimiter<R: Runtime = DynRuntime> {
    /// Who has it is first in line.
    turn: ConcurrencyLimiter<R>,
    concurrency: ConcurrencyLimiter<R>,
    rate: RateLimiter<R>,
}

impl<R: Runtime> ResourceLimiter<R> {
    /// A limiter that admits what both do.
    pub fn new(concurrency: ConcurrencyLimiter<R>, rate: RateLimiter<R>) -> Self {
        Self { turn: concurrency.same_patience(1), concurrency, rate }
    }

    /// The part that says how much at once.
    pub const fn concurrency(&self) -> &ConcurrencyLimiter<R> {
        &self.concurrency
    }

    /// The part that says how often.
    pub const fn rate(&self) -> &RateLimiter<R> {
        &self.rate
    }

    /// How many wait, but for the first.
    pub fn waiting(&self) -> usize {
        self.turn.stats().waiting
    }

    fn try_both(&self, weight: u32) -> Result<Permit<'_, R>, TryAcquireError> {
        let permit = self.concurrency.try_acquire_many(weight)?;
        self.rate.try_acquire_many(weight)?;
        Ok(permit)
    }

    async fn wait(&self, weight: u32) -> Result<Permit<'_, R>, AcquireError> {
        let end = self.concurrency.end();
        let _turn = self.turn.acquire_by(1, end).await?;
        let permit = self.concurrency.acquire_by(weight, end).await?;
        self.wait_for_the_rate(weight, end).await?;
        Ok(permit)
    }

    async fn wait_for_the_rate(&self, weight: u32, end: Option<End>) -> Result<(), AcquireError> {
        let Some(end) = end else { return Limiter::acquire_many(&self.rate, weight).await };
        let ambient = Ambient::current().with_deadline(end.due());
        let waited = ambient.attach(Limiter::acquire_many(&self.rate, weight)).await;
        waited.map_err(|error| match error {
            AcquireError::Elapsed(_) => end.elapsed(self.concurrency.runtime().now()).into(),
            other => other,
        })
    }
}

impl<R: Runtime> Limiter for ResourceLimiter<R> {
    type Permit<'a> = Permit<'a, R>;

    fn try_acquire_many(&self, weight: u32) -> Result<Permit<'_, R>, TryAcquireError> {
        let tried = match self.turn.try_acquire() {
            Ok(_turn) => self.try_both(weight),
            Err(refused) => Err(refused),
        };
        if tried.is_err() {
            // What is never admitted is refused as such, whatever stands in the way of it now.
            WeightError::check(weight, self.concurrency.limit().min(self.rate.burst()))?;
        }
        tried
    }

    async fn acquire_many(&self, weight: u32) -> Result<Permit<'_, R>, AcquireError> {
        match Limiter::try_acquire_many(self, weight) {
            Ok(permit) => Ok(permit),
            Err(TryAcquireError::Weight(refused)) => Err(refused.into()),
            Err(TryAcquireError::Limited { .. }) => self.wait(weight).await,
        }
    }

    fn refund(&self, permit: Permit<'_, R>, weight: u32) {
        self.rate.refund(weight);
        drop(permit);
    }
}

impl<R: Runtime> Clone for ResourceLimiter<R> {
    fn clone(&self) -> Self {
        let Self { turn, concurrency, rate } = self;
        Self { turn: turn.clone(), concurrency: concurrency.clone(), rate: rate.clone() }
    }
}

impl<R: Runtime> fmt::Debug for ResourceLimiter<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceLimiter")
            .field("concurrency", &self.concurrency)
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}
