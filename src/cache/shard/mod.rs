//! One of the parts that a cache is divided into: its entries, behind a lock of their own.

mod core;
mod departed;
mod index;
mod lock;
mod times;

pub(crate) use self::core::{Core, New};
pub(crate) use self::departed::{Departed, Gone};
pub(crate) use self::lock::{Held, Lock};
pub(crate) use self::times::{Span, Timing};
use super::loading::Flights;
use super::stats::CacheStats;

/// A shard. It begins a cache line, so that what is written with each get is in as few as can be,
/// and shared with no other.
#[repr(C, align(64))]
pub(crate) struct Shard<K, V> {
    pub(crate) core: Lock<Core<K, V>>,
    pub(crate) flights: Flights<K, V>,
}

impl<K, V> Shard<K, V> {
    pub(crate) fn new(core: Core<K, V>) -> Self {
        Self { core: Lock::new(core), flights: Flights::new() }
    }

    pub(crate) fn stats(&self) -> CacheStats {
        let core = self.core.lock();
        let tally = core.tally;
        CacheStats {
            hits: core.hits,
            misses: core.misses,
            insertions: tally.insertions,
            evictions: tally.evictions,
            expirations: tally.expirations,
            replacements: tally.replacements,
            removals: tally.removals,
            rejections: tally.rejections,
            loads: self.flights.loads(),
            load_failures: self.flights.failures(),
            len: core.len(),
            weight: core.weight(),
            ..CacheStats::default()
        }
    }
}
