//! Limits: how often, how many at once, how much in all.

mod concurrency;
mod error;
mod limiter;
mod rate;
mod waiting;

pub use self::concurrency::{
    AcquireOwnedPermit, AcquirePermit, ConcurrencyLimiter, ConcurrencyStats, OwnedPermit, Permit,
};
pub use self::error::{AcquireError, TryAcquireError, WeightError};
pub use self::limiter::{Limiter, Outcome};
pub use self::rate::{Rate, RateAcquire, RateLimiter, RateStats};
