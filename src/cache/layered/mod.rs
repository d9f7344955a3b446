//! A cache in the process, in front of one that is shared.

mod builder;
mod claims;
mod coherence;
mod error;
mod layered_cache;
mod local;
mod near;
mod read;
mod stats;
mod write;

pub use self::builder::LayeredCacheBuilder;
pub use self::error::LayeredError;
pub use self::layered_cache::LayeredCache;
pub use self::stats::LayeredStats;
