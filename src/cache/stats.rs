use std::ops::AddAssign;

/// What a cache has done since it was built, and what it holds.
///
/// Every number is exact. While others use the cache it is a sum over shards that were looked at one
/// after the other.
///
/// `insertions` is what is in the cache and what has left it: `len + evictions + expirations +
/// replacements + removals + rejections`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Gets that found a value.
    pub hits: u64,
    /// Gets that found none, or one that had expired.
    pub misses: u64,
    /// Values that were put in.
    pub insertions: u64,
    /// Entries that left because the cache was full.
    pub evictions: u64,
    /// Entries that left because their time was up.
    pub expirations: u64,
    /// Values in whose place another one was put.
    pub replacements: u64,
    /// Entries that were taken out.
    pub removals: u64,
    /// Values that weigh more than a shard may hold.
    pub rejections: u64,
    /// Loads that gave a value.
    pub loads: u64,
    /// Loads that failed, panicked or were dropped.
    pub load_failures: u64,
    /// Calls of the eviction listener that panicked.
    pub listener_panics: u64,
    /// Entries, with those that have expired and are not freed yet.
    pub len: usize,
    /// What they weigh: where nothing else is said, 1 each.
    pub weight: u64,
}

impl CacheStats {
    /// Gets: hits and misses.
    pub const fn gets(&self) -> u64 {
        self.hits + self.misses
    }

    /// Which part of the gets found a value, from 0 to 1; 0 before the first.
    pub fn hit_rate(&self) -> f64 {
        if self.gets() == 0 { 0.0 } else { self.hits as f64 / self.gets() as f64 }
    }
}

impl AddAssign for CacheStats {
    fn add_assign(&mut self, other: Self) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.insertions += other.insertions;
        self.evictions += other.evictions;
        self.expirations += other.expirations;
        self.replacements += other.replacements;
        self.removals += other.removals;
        self.rejections += other.rejections;
        self.loads += other.loads;
        self.load_failures += other.load_failures;
        self.listener_panics += other.listener_panics;
        self.len += other.len;
        self.weight += other.weight;
    }
}
