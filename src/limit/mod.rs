//! Limits: how often, how many at once, how much in all.

mod concurrency;
mod adaptive_rate;
mod error;
mod keyed;
mod limiter;
mod rate;
mod waiting;
mod window;

pub use self::concurrency::{
    AcquireOwnedPermit, AcquirePermit, ConcurrencyLimiter, ConcurrencyStats, OwnedPermit, Permit,
};
pub use self::adaptive_rate::{AdaptiveRateLimiter, AdaptiveRateStats, RateRule};
pub use self::error::{AcquireError, TryAcquireError, WeightError};
pub use self::keyed::{KeyedRateLimiter, KeyedStats};
pub use self::limiter::{Limiter, Outcome};
pub use self::rate::{Rate, RateAcquire, RateLimiter, RateStats};
pub use self::window::{Window, WindowAcquire, WindowLimiter, WindowPermit, WindowStats};
