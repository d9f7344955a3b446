use std::time::Duration;

use mtaio_runtime::Runtime;

use super::layer::PolicyLayer;
use crate::config::ConfigError;
use crate::limit::Limiter;
use crate::policy::breaker::CircuitBreaker;
use crate::policy::fallback::Fallback;
use crate::policy::hedge::Hedge;
use crate::policy::listener::Listener;
use crate::policy::retry::Retry;
use crate::policy::stages::{
    BreakerStage, DeadlineStage, FallbackStage, HedgeStage, Limit, RetryStage, TimeoutStage,
};

/// Answers with something else where the service fails.
pub fn fallback<A: Send + Sync>(fallback: Fallback<A>) -> PolicyLayer<FallbackStage<A>> {
    PolicyLayer::new(FallbackStage::new(fallback))
}

/// Gives each call a deadline, which what it calls inherits.
///
/// # Errors
///
/// [`ConfigError`] if `limit` is zero or more than 100 years.
pub fn deadline<R: Runtime>(
    rt: &R,
    limit: Duration,
) -> Result<PolicyLayer<DeadlineStage<R>>, ConfigError> {
    PolicyLayer::checked(DeadlineStage::new(rt, limit, ()))
}

/// Tries a call again where it fails. The request is `Clone`.
pub fn retry<R, C, L>(rt: &R, retry: Retry<C, L>) -> PolicyLayer<RetryStage<R, C, L>>
where
    R: Runtime,
    C: Send + Sync,
    L: Listener,
{
    PolicyLayer::new(RetryStage::new(rt, retry, ()))
}

/// Calls once more where a call takes long. The request is `Clone`.
pub fn hedge<R: Runtime>(rt: &R, hedge: Hedge) -> PolicyLayer<HedgeStage<R>> {
    PolicyLayer::new(HedgeStage::new(rt, hedge))
}

/// Asks `breaker` before each call, and tells it how that went.
pub fn breaker<R: Runtime>(breaker: &CircuitBreaker<R>) -> PolicyLayer<BreakerStage<R>> {
    PolicyLayer::new(BreakerStage::new(breaker, (), ()))
}

/// Admits calls as a limiter does.
///
/// # Errors
///
/// [`ConfigError`] for a weight of zero.
pub fn limit<P, K>(limit: Limit<P, K>) -> Result<PolicyLayer<Limit<P, K>>, ConfigError>
where
    P: Limiter,
    K: Send + Sync,
{
    PolicyLayer::checked(limit)
}

/// Gives each call a time.
///
/// # Errors
///
/// [`ConfigError`] if `limit` is zero or more than 100 years.
pub fn timeout<R: Runtime>(
    rt: &R,
    limit: Duration,
) -> Result<PolicyLayer<TimeoutStage<R>>, ConfigError> {
    PolicyLayer::checked(TimeoutStage::new(rt, limit, ()))
}
