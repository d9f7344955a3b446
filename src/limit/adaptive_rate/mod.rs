//! Rates that follow the load of what they protect.

mod limiter;
mod resources;
mod rule;

pub use self::limiter::{AdaptiveRateLimiter, AdaptiveRateStats};
pub use self::rule::RateRule;
