use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mtaio::cache::TtlCache;
use mtaio::limit::ConcurrencyLimiter;
use mtaio::observable::{Observable, Watch};
use mtaio::policy::{BoxPolicy, BreakerConfig, CircuitBreaker, Policy, PolicyError, Retry};
use mtaio::time::Jitter;
use mtaio::{CancellationToken, ConfigError, DynRuntime, Runtime};

use crate::config::DirectoryConfig;
use crate::connect::Connect;
use crate::connection::Request;
use crate::error::{CallError, DirectoryError};
use crate::health::{Health, follow};
use crate::pool::Pool;
use crate::stats::DirectoryStats;

/// What a question may take in all, and each attempt at it.
const IN_ALL: Duration = Duration::from_secs(10);
const AN_ATTEMPT: Duration = Duration::from_millis(500);

/// The most answers that are kept.
const ANSWERS: usize = 10_000;

/// The client of the service. Its clones share answers, connections and limits.
pub struct Directory<C: Connect>(pub(crate) Arc<Inner<C>>);

pub(crate) struct Inner<C: Connect> {
    pub(crate) rt: DynRuntime,
    pub(crate) pool: Pool<C>,
    answers: TtlCache<String, Option<u32>>,
    policy: BoxPolicy<Option<u32>, CallError>,
    pub(crate) calls: ConcurrencyLimiter,
    breaker: CircuitBreaker,
    health: Arc<Observable<Health>>,
    /// Nobody asks any more; nobody waits any more.
    pub(crate) closing: CancellationToken,
    pub(crate) closed: CancellationToken,
}

impl<C: Connect> Directory<C> {
    /// A client on `rt` that reaches the service by `connector`. It opens connections when it
    /// needs them.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if its settings make no sense, which would be a bug of this library.
    pub fn new<R: Runtime>(rt: &R, connector: C) -> Result<Self, ConfigError> {
        Self::with_config(rt, connector, DirectoryConfig::new())
    }

    /// As [`new`](Self::new), with settings.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if there are to be no calls at once, or a time is absurd.
    pub fn with_config<R: Runtime>(
        rt: &R,
        connector: C,
        config: DirectoryConfig,
    ) -> Result<Self, ConfigError> {
        let retry = Retry::exponential(Duration::from_millis(20))
            .jitter(Jitter::Full)
            .max_delay(Duration::from_secs(1))
            .max_attempts(10)
            .only_retryable()
            .build()?;
        let health = Arc::new(Observable::new(Health::Up));
        let breaker = BreakerConfig::new().failure_rate(0.9).listener(follow(&health));
        let breaker = CircuitBreaker::new(rt, breaker)?;
        let calls = ConcurrencyLimiter::new(rt, config.calls)?;
        let policy = Policy::new(rt)
            .deadline(IN_ALL)
            .permit(&calls)
            .retry(retry)
            .breaker_with(&breaker, CallError::is_failure)
            .timeout(AN_ATTEMPT)
            .build()?;
        let absent_for = config.answers_for / 4;
        let answers = TtlCache::builder(ANSWERS)
            .default_ttl(config.answers_for)
            .ttl_of(move |_, seats: &Option<u32>| seats.is_none().then_some(absent_for))
            .stale_on_error(config.stale_for)
            .build(rt)?;
        Ok(Self(Arc::new(Inner {
            rt: DynRuntime::new(rt),
            pool: Pool::new(connector, config.calls)?,
            answers,
            policy: policy.boxed(),
            calls,
            breaker,
            health,
            closing: CancellationToken::new(),
            closed: CancellationToken::new(),
        })))
    }

    /// How many seats the aircraft has that carries this number; `None` if there is none. An answer
    /// is kept for a while, and those who ask for the same at a time wait for one call.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`] if the service did not answer, or not sensibly, after all attempts, and
    /// there is no answer from before.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection that it used, and loses nothing else: one of those
    /// who wait for the same answer asks in its place.
    pub async fn seats(&self, tailnum: &str) -> Result<Option<u32>, DirectoryError> {
        let path = self.path(tailnum)?;
        let request = &Request { method: "GET", path: &path, body: "" };
        let answer = self.0.answers.get_or_load(tailnum, || self.call(request));
        let answer = self.0.closed.run_until_cancelled(answer).await;
        let answer = answer.ok_or(DirectoryError::Closed)?;
        answer.map_err(|error| DirectoryError::Unanswered { tailnum: tailnum.to_owned(), error })
    }

    /// Changes how many seats it has; whether there is such an aircraft.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`] if the service did not answer, or not sensibly, after all attempts.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the seats may have been changed, or may still be: the answer
    /// from before is kept for its time. What it is set to twice is the same.
    pub async fn set_seats(&self, tailnum: &str, seats: u32) -> Result<bool, DirectoryError> {
        let path = self.path(tailnum)?;
        let request = &Request { method: "PUT", path: &path, body: &seats.to_string() };
        // Taken before the service is asked: what another one hears meanwhile voids it.
        let lease = self.0.answers.lease(tailnum);
        let answer = self.0.closed.run_until_cancelled(self.call(request)).await;
        if !matches!(&answer, Some(Ok(now)) if lease.fill(*now)) {
            self.0.answers.invalidate(tailnum);
        }
        let answer = answer.ok_or(DirectoryError::Closed)?;
        answer
            .map(|now| now.is_some())
            .map_err(|error| DirectoryError::Unchanged { tailnum: tailnum.to_owned(), error })
    }

    /// Asks the service, until it answers or that is of no use.
    async fn call(&self, request: &Request<'_>) -> Result<Option<u32>, PolicyError<CallError>> {
        let pool = &self.0.pool;
        self.0.policy.run(async move |_| pool.call(request).await).await
    }

    /// Where the aircraft is to be found, for as long as anybody may ask.
    fn path(&self, tailnum: &str) -> Result<String, DirectoryError> {
        if !is_tailnum(tailnum) {
            return Err(DirectoryError::Tailnum(tailnum.to_owned()));
        }
        if self.0.closing.is_cancelled() {
            return Err(DirectoryError::Closed);
        }
        Ok(format!("/seats/{tailnum}"))
    }

    /// How the service does.
    pub fn health(&self) -> Health {
        self.0.health.get()
    }

    /// Tells how the service does, whenever that changes; ends with the last clone of this.
    pub fn watch_health(&self) -> Watch<Health> {
        self.0.health.watch()
    }

    /// How it stands.
    pub fn stats(&self) -> DirectoryStats {
        let Inner { answers, calls, breaker, pool, .. } = &*self.0;
        DirectoryStats {
            answers: answers.stats(),
            calls: calls.stats(),
            breaker: breaker.stats(),
            idle: pool.idle(),
        }
    }
}

/// Whether it may stand in a path as it is.
fn is_tailnum(tailnum: &str) -> bool {
    (1..=8).contains(&tailnum.len()) && tailnum.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl<C: Connect> Clone for Directory<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C: Connect> fmt::Debug for Directory<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
