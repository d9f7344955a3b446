use std::sync::Arc;
use std::time::Duration;

use mtaio::policy::{BoxPolicy, BreakerConfig, CircuitBreaker, Policy, PolicyError, Retry};
use mtaio::time::Jitter;
use mtaio::{ConfigError, Runtime};

use crate::store::{Fault, Store};

/// Why the backend has no answer.
pub type BackendError = PolicyError<Fault>;

/// The store, behind what makes it bearable: a slow question is given up, a failed one asked again,
/// and a store that only fails is left in peace for a while.
#[derive(Clone)]
pub struct Backend {
    store: Arc<Store>,
    policy: BoxPolicy<Option<u32>, Fault>,
}

impl Backend {
    /// A backend on `rt`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if its settings make no sense, which would be a bug of this example.
    pub fn new<R: Runtime>(rt: &R, store: Store) -> Result<Self, ConfigError> {
        let retry = Retry::exponential(Duration::from_millis(2))
            .jitter(Jitter::Equal)
            .max_attempts(6)
            .only_retryable()
            .build()?;
        let breaker = CircuitBreaker::new(rt, BreakerConfig::new().failure_rate(0.8))?;
        let policy = Policy::new(rt)
            .deadline(Duration::from_millis(400))
            .retry(retry)
            .breaker(&breaker)
            .timeout(Duration::from_millis(50))
            .build()?;
        Ok(Self { store: Arc::new(store), policy: policy.boxed() })
    }

    /// The seats of an aircraft; `None` if the store doesn't know it.
    ///
    /// # Errors
    ///
    /// [`BackendError`] when all attempts failed or the time was up.
    pub async fn seats(&self, tailnum: &str) -> Result<Option<u32>, BackendError> {
        let store = &self.store;
        self.policy.run(async move |_| store.seats(tailnum).await).await
    }
}
