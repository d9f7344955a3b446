//! Caches: values that were dear to get, kept for a while.

mod access;
mod builder;
mod change;
mod eviction;
mod hasher;
mod order;
mod outbox;
mod reentry;
mod shard;
mod spans;
mod stats;
mod ttl_cache;

pub use self::builder::TtlCacheBuilder;
pub use self::eviction::{Cause, Eviction};
pub use self::hasher::{KeyedHasher, KeyedState};
pub use self::stats::CacheStats;
pub use self::ttl_cache::TtlCache;
