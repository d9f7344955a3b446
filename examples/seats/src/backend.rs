use std::sync::Arc;
use std::time::Duration;

use mtaio::cache::{CacheStats, Invalidate, LoadError, TtlCache};
use mtaio::monitor::{PolicyCounts, Registry};
use mtaio::policy::{BoxPolicy, BreakerConfig, CircuitBreaker, Policy, PolicyError, Retry};
use mtaio::time::Jitter;
use mtaio::{ConfigError, EventEmitter, Runtime};

use crate::change::AircraftChanged;
use crate::store::{Fault, Store};

/// Why the backend has no answer.
pub type BackendError = LoadError<PolicyError<Fault>>;

/// The store, behind what makes it bearable: an answer is kept for a while, a slow question is given
/// up, a failed one asked again, and a store that only fails is left in peace for a while; what it
/// said before is then better than nothing.
#[derive(Clone)]
pub struct Backend {
    store: Store,
    cache: Arc<TtlCache<String, Option<u32>>>,
    policy: BoxPolicy<Option<u32>, Fault>,
    breaker: CircuitBreaker,
    counts: PolicyCounts,
    emitter: EventEmitter,
}

impl Backend {
    /// How long an answer is kept, and that there is no such aircraft. So short are they for a day
    /// that takes a second.
    pub const ANSWERS_FOR: Duration = Duration::from_millis(500);
    const ABSENT_FOR: Duration = Duration::from_millis(100);

    /// A backend on `rt`, which tells `emitter` what is changed, and believes it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if its settings make no sense, which would be a bug of this example.
    pub fn new<R: Runtime>(
        rt: &R,
        store: &Store,
        emitter: &EventEmitter,
    ) -> Result<Self, ConfigError> {
        let cache = TtlCache::builder(10_000)
            .default_ttl(Self::ANSWERS_FOR)
            .ttl_of(|_, seats: &Option<u32>| seats.is_none().then_some(Self::ABSENT_FOR))
            .stale_on_error(Duration::from_secs(600))
            .build(rt)?;
        let cache = Arc::new(cache);
        cache
            .invalidate_on(emitter, |change: &AircraftChanged| Invalidate::keys([&change.tailnum]));

        let counts = PolicyCounts::new();
        let retry = Retry::exponential(Duration::from_millis(2))
            .jitter(Jitter::Equal)
            .max_attempts(6)
            .only_retryable()
            .listener(counts.clone())
            .build()?;
        let breaker = BreakerConfig::new()
            .window(20)
            .failure_rate(0.8)
            .open_for(Duration::from_millis(300))
            .probes(1);
        let breaker = CircuitBreaker::new(rt, breaker)?;
        let policy = Policy::new(rt)
            .deadline(Duration::from_millis(400))
            .retry(retry)
            .breaker(&breaker)
            .timeout(Duration::from_millis(100))
            .build()?;
        let (store, policy, emitter) = (store.clone(), policy.boxed(), emitter.clone());
        Ok(Self { store, cache, policy, breaker, counts, emitter })
    }

    /// The seats of an aircraft; `None` if the store doesn't know it.
    ///
    /// # Errors
    ///
    /// [`BackendError`] when all attempts failed or the time was up, and it has not been asked
    /// before.
    pub async fn seats(&self, tailnum: &str) -> Result<Option<u32>, BackendError> {
        let store = &self.store;
        let load = || self.policy.run(async move |_| store.seats(tailnum).await);
        self.cache.get_or_load(tailnum, load).await
    }

    /// Changes the seats of an aircraft, and answers them; `None` if the store doesn't know it.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] when all attempts failed or the time was up.
    pub async fn change(
        &self,
        tailnum: &str,
        seats: u32,
    ) -> Result<Option<u32>, PolicyError<Fault>> {
        let store = &self.store;
        let changed = self.policy.run(async move |_| store.change(tailnum, seats).await).await?;
        if changed.is_some() {
            self.emitter.emit(AircraftChanged { tailnum: tailnum.to_owned(), seats }).await;
        }
        Ok(changed)
    }

    /// How its cache stands.
    pub fn stats(&self) -> CacheStats {
        self.cache.stats()
    }

    /// Shows its parts among the metrics.
    pub(crate) fn show(&self, registry: &Registry) -> Result<(), ConfigError> {
        let Self { cache, breaker, counts, emitter, .. } = self.clone();
        registry.watch("seats", move || cache.stats())?;
        registry.watch("store", move || breaker.stats())?;
        registry.watch("store", move || counts.clone())?;
        registry.watch("events", move || emitter.stats())?;
        Ok(())
    }
}
