//! A rate for each of many keys.

mod limiter;
mod shard;

pub use self::limiter::{KeyedRateLimiter, KeyedStats};
