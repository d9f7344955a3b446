//! The caches that meet, behind one trait.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::Mutex;

use mtaio::cache::{Eviction, TtlCache};
use mtaio_sim::Sim;

/// A cache of numbers, without a time to live.
pub(super) trait Subject<K>: Send + Sync + Sized + 'static {
    fn with_capacity(capacity: usize) -> Self;

    fn get(&self, key: &K) -> Option<u64>;

    fn insert(&self, key: K, value: u64);
}

/// What a key has to be for all of them.
pub(super) trait Key: Hash + Eq + Clone + Send + Sync + 'static {}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Key for K {}

/// Ours needs a runtime for its clock, which it does not ask here. A simulation's costs nothing.
pub(super) type Ours<K> = TtlCache<K, u64, Sim>;

pub(super) fn ours<K: Key>(capacity: usize, eviction: Eviction) -> Ours<K> {
    Sim::run(0, |rt| async move {
        let cache = TtlCache::builder(capacity).default_ttl(None).eviction(eviction);
        cache.build_with_runtime(&rt)
    })
    .unwrap_or_else(|refused| panic!("{refused}"))
}

impl<K: Key> Subject<K> for Ours<K> {
    fn with_capacity(capacity: usize) -> Self {
        ours(capacity, Eviction::S3Fifo)
    }

    fn get(&self, key: &K) -> Option<u64> {
        self.get(key)
    }

    fn insert(&self, key: K, value: u64) {
        self.insert(key, value);
    }
}

/// Ours in the order of the last use.
pub(super) struct OurLru<K>(Ours<K>);

impl<K: Key> Subject<K> for OurLru<K> {
    fn with_capacity(capacity: usize) -> Self {
        Self(ours(capacity, Eviction::Lru))
    }

    fn get(&self, key: &K) -> Option<u64> {
        self.0.get(key)
    }

    fn insert(&self, key: K, value: u64) {
        self.0.insert(key, value);
    }
}

/// As many shards as we have.
pub(super) struct QuickAtEqualShards<K>(quick_cache::sync::Cache<K, u64>);

impl<K: Key> Subject<K> for QuickAtEqualShards<K> {
    fn with_capacity(capacity: usize) -> Self {
        let options = quick_cache::OptionsBuilder::new()
            .shards(64)
            .estimated_items_capacity(capacity)
            .weight_capacity(capacity as u64)
            .build()
            .unwrap_or_else(|refused| panic!("{refused:?}"));
        Self(quick_cache::sync::Cache::with_options(
            options,
            quick_cache::UnitWeighter,
            quick_cache::DefaultHashBuilder::default(),
            quick_cache::sync::DefaultLifecycle::default(),
        ))
    }

    fn get(&self, key: &K) -> Option<u64> {
        self.0.get(key)
    }

    fn insert(&self, key: K, value: u64) {
        self.0.insert(key, value);
    }
}

impl<K: Key> Subject<K> for quick_cache::sync::Cache<K, u64> {
    fn with_capacity(capacity: usize) -> Self {
        Self::new(capacity)
    }

    fn get(&self, key: &K) -> Option<u64> {
        self.get(key)
    }

    fn insert(&self, key: K, value: u64) {
        self.insert(key, value);
    }
}

impl<K: Key> Subject<K> for moka::sync::Cache<K, u64> {
    fn with_capacity(capacity: usize) -> Self {
        Self::new(capacity as u64)
    }

    fn get(&self, key: &K) -> Option<u64> {
        self.get(key)
    }

    fn insert(&self, key: K, value: u64) {
        self.insert(key, value);
    }
}

impl<K: Key> Subject<K> for mini_moka::sync::Cache<K, u64> {
    fn with_capacity(capacity: usize) -> Self {
        Self::new(capacity as u64)
    }

    fn get(&self, key: &K) -> Option<u64> {
        self.get(key)
    }

    fn insert(&self, key: K, value: u64) {
        self.insert(key, value);
    }
}

impl<K: Key> Subject<K> for foyer_memory::Cache<K, u64> {
    fn with_capacity(capacity: usize) -> Self {
        foyer_memory::CacheBuilder::new(capacity).build()
    }

    fn get(&self, key: &K) -> Option<u64> {
        self.get(key).map(|entry| *entry.value())
    }

    fn insert(&self, key: K, value: u64) {
        self.insert(key, value);
    }
}

/// It takes insertions in by a thread of its own, and drops those for which that is late.
impl<K: Key> Subject<K> for stretto::Cache<K, u64> {
    fn with_capacity(capacity: usize) -> Self {
        Self::new(capacity * 10, capacity as i64).unwrap_or_else(|refused| panic!("{refused}"))
    }

    fn get(&self, key: &K) -> Option<u64> {
        self.get(key).map(|value| *value.value())
    }

    fn insert(&self, key: K, value: u64) {
        self.insert(key, value, 1);
    }
}

pub(super) struct LockedLru<K>(Mutex<lru::LruCache<K, u64>>);

impl<K: Key> Subject<K> for LockedLru<K> {
    fn with_capacity(capacity: usize) -> Self {
        Self(Mutex::new(lru::LruCache::new(
            NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN),
        )))
    }

    fn get(&self, key: &K) -> Option<u64> {
        lock(&self.0).get(key).copied()
    }

    fn insert(&self, key: K, value: u64) {
        lock(&self.0).put(key, value);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
