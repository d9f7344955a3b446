//! Policies: what happens when a call fails. Try again, but not for ever and not all at once; stop
//! asking who does not answer.
//!
//! ```
//! use std::time::Duration;
//! use mtaio::policy::{Attempt, Retry};
//!
//! # mtaio_sim::Sim::run(0, |rt| async move {
//! let retry = Retry::exponential(Duration::from_millis(100)).max_attempts(3).build()?;
//! let answer = retry.run(&rt, async move |attempt: Attempt| {
//!     if attempt.number() < 3 { Err("busy") } else { Ok(42) }
//! });
//! assert_eq!(answer.await.unwrap(), 42);
//! # Ok::<(), mtaio::ConfigError>(())
//! # }).unwrap();
//! ```

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

pub use self::boxed::BoxPolicy;
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
pub use self::plan::Plan;
pub use self::policy::Policy;
pub use self::retry::{
    Always, Attempt, Classify, GaveUp, OnlyRetryable, Retry, RetryBuilder, RetryError, RetryRun,
    Verdict,
};
pub use self::stage::{Again, Around, Bare, Calls, Next, Once, Stage, Stageable};
pub use self::stages::{
    Both, BreakerStage, DeadlineStage, FallbackStage, HedgeStage, IsFailure, Judge, Limit,
    RetryStage, TimeoutStage,
};
