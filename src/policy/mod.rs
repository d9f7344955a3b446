//! Policies: what happens when a call fails, or takes long. Try again, but not for ever and not all
//! at once; stop asking who does not answer; answer with something else.
//!
//! ```
//! use std::time::Duration;
//! use mtaio::limit::{ConcurrencyLimiter, Rate, RateLimiter};
//! use mtaio::policy::{Attempt, BreakerConfig, CircuitBreaker, Policy, Retry};
//!
//! # mtaio_sim::Sim::run(0, |rt| async move {
//! let breaker = CircuitBreaker::new(&rt, BreakerConfig::new())?;
//! let permits = ConcurrencyLimiter::new(&rt, 8)?;
//! let rate = RateLimiter::new(&rt, Rate::per_second(100)?, 10)?;
//! let policy = Policy::new(&rt)
//!     .deadline(Duration::from_secs(5))
//!     .retry(Retry::exponential(Duration::from_millis(100)).max_attempts(3).build()?)
//!     .breaker(&breaker)
//!     .permit(&permits)
//!     .rate(&rate)
//!     .timeout(Duration::from_secs(1))
//!     .build()?;
//!
//! let answer = policy.run(async move |attempt: Attempt| {
//!     if attempt.number() < 3 { Err("busy") } else { Ok(42) }
//! });
//! assert_eq!(answer.await, Ok(42));
//! # Ok::<(), mtaio::ConfigError>(())
//! # }).unwrap();
//! ```
//!
//! # The parts
//!
//! Each stands alone too, around a future or a function (`run`, `wrap`):
//!
//! | the type | what it does |
//! | --- | --- |
//! | [`Retry`], [`RetryBudget`] | tries again; bounds how often all callers together do |
//! | [`CircuitBreaker`] | does not ask who does not answer |
//! | [`Fallback`] | answers with a value, with what a function makes of the error, or with the last good answer |
//! | [`Hedge`] | calls once more where the first call takes long |
//! | [`Bulk`] | makes one call of many |
//! | [`Policy`], [`BoxPolicy`] | any of them but `Bulk`, with limits and times, in one |
//! | [`Limit`], [`Stage`] | what a limiter is told; stages of your own |
//!
//! With feature `tower`, policies and their parts are layers too: module `tower`.

mod boxed;
mod breaker;
mod budget;
mod builder;
mod bulk;
mod error;
mod fallback;
mod handle;
mod hedge;
mod listener;
mod plan;
#[expect(clippy::module_inception, reason = "the type that the module is about")]
mod policy;
mod retry;
mod stage;
mod stages;
#[cfg(feature = "tower")]
pub mod tower;

pub use self::boxed::{BoxPolicy, BoxRun};
pub use self::breaker::{
    BreakerConfig, BreakerError, BreakerRun, BreakerState, BreakerStats, Call, CircuitBreaker, Open,
};
pub use self::budget::{RetryBudget, RetryBudgetBuilder, RetryBudgetStats};
pub use self::builder::Builder;
pub use self::bulk::{Bulk, BulkBuilder, BulkCall, BulkError, BulkStats};
pub use self::error::PolicyError;
pub use self::fallback::{Answer, Fallback, Function, LastGood, Value};
pub use self::hedge::Hedge;
pub use self::listener::{Listener, PolicyEvent};
pub(crate) use self::plan::Kind;
pub use self::plan::Plan;
pub use self::policy::Policy;
pub use self::retry::{
    Always, Attempt, Classify, GaveUp, OnlyRetryable, Retry, RetryBuilder, RetryError, RetryRun,
    Verdict,
};
pub(crate) use self::stage::Inside;
pub use self::stage::{Again, Around, Bare, Calls, Next, Once, Stage, Stageable};
pub use self::stages::{
    BreakerStage, DeadlineStage, FallbackStage, HedgeStage, IsFailure, Judge, Limit, RetryStage,
    TimeoutStage,
};
