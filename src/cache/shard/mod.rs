//! One of the parts that a cache is divided into: its entries, behind a lock of their own.

mod core;
mod departed;
mod index;
mod times;

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

pub(crate) use self::core::{Core, New};
pub(crate) use self::departed::{Departed, Gone};
pub(crate) use self::times::{Span, Timing};
use super::loading::Flights;
use super::stats::CacheStats;

/// A shard. It begins a cache line, so that its lock and its counters share that with no other.
#[repr(C, align(64))]
pub(crate) struct Shard<K, V> {
    pub(crate) core: RwLock<Core<K, V>>,
    pub(crate) flights: Flights<K, V>,
    /// Those that were counted under a share of the lock.
    hits: AtomicU64,
    misses: AtomicU64,
}

impl<K, V> Shard<K, V> {
    pub(crate) fn new(core: Core<K, V>) -> Self {
        let (hits, misses) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { core: RwLock::new(core), hits, misses, flights: Flights::new() }
    }

    #[inline]
    pub(crate) fn count_hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn count_miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self) -> CacheStats {
        let core = self.core.read();
        let tally = core.tally;
        CacheStats {
            hits: core.hits + self.hits.load(Ordering::Relaxed),
            misses: core.misses + self.misses.load(Ordering::Relaxed),
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
