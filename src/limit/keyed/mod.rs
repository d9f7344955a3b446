//! A rate for each of many keys.

mod limiter;
mod shard;
mod wait;

pub use self::limiter::{KeyedRateLimiter, KeyedStats};
