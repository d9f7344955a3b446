//! Lookups in a service that is slow and now and then at fault, behind what makes it bearable: what
//! is known is not asked again, each call has a time, a failed one is made again, and not too many
//! are made at once or in a second.

use std::sync::Arc;
use std::time::Duration;

use mtaio::cache::{LoadError, TtlCache};
use mtaio::limit::{ConcurrencyLimiter, Rate, RateLimiter};
use mtaio::policy::{BoxPolicy, BreakerConfig, CircuitBreaker, Policy, PolicyError, Retry};
use mtaio::time::Jitter;
use mtaio::{ConfigError, Retryable, Runtime, RuntimeExt};

use super::faults::{Fault, Faults};
use super::tables::{Aircraft, Tables};

/// Answers that are kept, of each kind.
const ANSWERS: usize = 512;

/// Calls under way at once.
const CALLS: u32 = 48;

/// Calls in a second, and in a burst.
const RATE: u32 = 200_000;
const BURST: u32 = 1_000;

/// Longer than any call takes that will be answered.
const AN_ATTEMPT: Duration = Duration::from_millis(20);

const ATTEMPTS: u32 = 4;

/// How long the breaker stays open, and who it refused stays away.
const A_WHILE: Duration = Duration::from_millis(20);

/// Why a lookup came to nothing: all attempts failed, or the service is not even asked for a while.
/// Who asks for the same at the same time shares one lookup, and what it came to.
pub type Unanswered = LoadError<PolicyError<Fault>>;

/// The service, as its clients see it. That it knows nothing of a number is an answer as well.
pub struct Lookups<R> {
    service: Arc<Service<R>>,
    aircraft: BoxPolicy<Option<Aircraft>, Fault>,
    airlines: BoxPolicy<Option<String>, Fault>,
    known_aircraft: TtlCache<String, Option<Aircraft>>,
    known_airlines: TtlCache<String, Option<String>>,
}

struct Service<R> {
    rt: R,
    tables: Tables,
    faults: Faults,
}

impl<R: Runtime> Lookups<R> {
    pub fn new(rt: &R, tables: Tables, faults: Faults) -> Result<Self, ConfigError> {
        let retry = Retry::exponential(Duration::from_millis(1))
            .jitter(Jitter::Full)
            .max_attempts(ATTEMPTS)
            .build()?;
        // Half of the calls may fail and it is still worth asking.
        let breaker = CircuitBreaker::new(
            rt,
            BreakerConfig::new().window(200).failure_rate(0.8).open_for(A_WHILE),
        )?;
        let policy = Policy::with_runtime(rt)
            .retry(retry)
            .breaker(&breaker)
            .rate(&RateLimiter::new(rt, Rate::per_second(RATE)?, BURST)?)
            .permit(&ConcurrencyLimiter::new(rt, CALLS)?)
            .timeout(AN_ATTEMPT)
            .build()?;
        let service = Arc::new(Service { rt: rt.clone(), tables, faults });
        Ok(Self {
            service,
            aircraft: policy.clone().boxed(),
            airlines: policy.boxed(),
            known_aircraft: TtlCache::new(rt, ANSWERS)?,
            known_airlines: TtlCache::new(rt, ANSWERS)?,
        })
    }

    /// The aircraft that carries this number, if it is known.
    pub async fn aircraft(&self, tailnum: &str) -> Result<Option<Aircraft>, Unanswered> {
        let service = &self.service;
        let ask = || self.aircraft.run(async move |_| service.aircraft(tailnum).await);
        self.known_aircraft.get_or_load(tailnum, ask).await
    }

    /// The name of the airline with this code, if it is known.
    pub async fn airline(&self, carrier: &str) -> Result<Option<String>, Unanswered> {
        let service = &self.service;
        let ask = || self.airlines.run(async move |_| service.airline(carrier).await);
        self.known_airlines.get_or_load(carrier, ask).await
    }

    /// How often an aircraft was not known, and came of the service.
    #[cfg(test)]
    pub fn aircraft_asked_for(&self) -> u64 {
        self.known_aircraft.stats().loads
    }

    /// Leaves the service in peace for a while, where it was not even asked.
    pub async fn spare(&self, unanswered: &Unanswered) {
        if unanswered.failure().is_some_and(PolicyError::is_refused) {
            let after = unanswered.retry_after().unwrap_or_default();
            self.service.rt.sleep(after.max(A_WHILE)).await;
        }
    }
}

impl<R: Runtime> Service<R> {
    async fn aircraft(&self, tailnum: &str) -> Result<Option<Aircraft>, Fault> {
        self.faults.call(&self.rt).await?;
        Ok(self.tables.aircraft(tailnum))
    }

    async fn airline(&self, carrier: &str) -> Result<Option<String>, Fault> {
        self.faults.call(&self.rt).await?;
        Ok(self.tables.airline(carrier))
    }
}
