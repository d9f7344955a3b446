use std::hash::Hash;
use std::time::Duration;

use mtaio_runtime::Runtime;

use super::layered_cache::LayeredCache;
use super::near::{Known, Near};
use crate::cache::distributed::{DistributedError, QuorumError};

impl<K, V, R> LayeredCache<K, V, R>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    R: Runtime,
{
    /// Puts `value` in, into the nodes and then into the process, for the nodes' default time to
    /// live.
    ///
    /// # Errors
    ///
    /// Those of [`DistributedCache::insert`](crate::cache::DistributedCache::insert). Then the process
    /// relies on nothing that it knew of `key`.
    ///
    /// # Cancel safety
    ///
    /// Where it is dropped, some nodes may have it. The process relies on nothing that it knew of `key`.
    pub async fn insert(&self, key: &K, value: &V) -> Result<(), DistributedError> {
        self.insert_with_ttl(key, value, self.0.remote.default_ttl()).await
    }

    /// As [`insert`](Self::insert), with a time to live of its own at the nodes, or `None` for as long
    /// as they keep it.
    ///
    /// # Errors
    ///
    /// Those of [`insert`](Self::insert).
    ///
    /// # Cancel safety
    ///
    /// That of [`insert`](Self::insert).
    pub async fn insert_with_ttl(
        &self,
        key: &K,
        value: &V,
        ttl: impl Into<Option<Duration>>,
    ) -> Result<(), DistributedError> {
        let (inner, ttl) = (&*self.0, ttl.into());
        let writing = inner.claims.begin(inner.local.hash(key));
        inner.settle();
        // Until it is known which value it has.
        inner.doubt(key);
        let epoch = inner.epoch();
        let written = inner.remote.insert_with_ttl(key, value, ttl).await;
        inner.settle();
        // What was read meanwhile may be the older one.
        inner.local.void(key);
        if written.is_ok() && inner.keeps_writes {
            let ttl = ttl.map_or(inner.local_ttl, |ttl| ttl.min(inner.local_ttl));
            let near = Near { known: Known::Value(value.clone()), ttl, epoch };
            let key = key.clone();
            let farewell = writing.keep(|| inner.local.put(key, near, ttl));
            drop(writing);
            inner.local.say(farewell.unwrap_or_default());
        }
        written
    }

    /// Takes out the value of `key`, of the process and of the nodes.
    ///
    /// # Errors
    ///
    /// Those of [`DistributedCache::remove`](crate::cache::DistributedCache::remove). It is not in the
    /// process any more.
    ///
    /// # Cancel safety
    ///
    /// Where it is dropped, some nodes may have done it, and the process has.
    pub async fn remove(&self, key: &K) -> Result<(), DistributedError> {
        let inner = &*self.0;
        let _writing = inner.claims.begin(inner.local.hash(key));
        inner.local.invalidate(key);
        let removed = inner.remote.remove(key).await;
        // What was read meanwhile may be what is gone.
        inner.local.invalidate(key);
        removed
    }

    /// Takes out all keys, of the process and of the nodes.
    ///
    /// # Errors
    ///
    /// Those of [`DistributedCache::clear`](crate::cache::DistributedCache::clear). The process has
    /// none any more.
    ///
    /// # Cancel safety
    ///
    /// Where it is dropped, some nodes may have done it, and the process has.
    pub async fn clear(&self) -> Result<(), QuorumError> {
        self.0.forget_all();
        let cleared = self.0.remote.clear().await;
        self.0.forget_all();
        cleared
    }

    /// Forgets what the process has of `key`, and of what is under way of it: for who hears of changes in
    /// another way than by [`invalidations`](super::LayeredCacheBuilder::invalidations).
    pub fn invalidate(&self, key: &K) {
        self.0.forget(key);
    }

    /// As [`invalidate`](Self::invalidate), for all keys.
    pub fn invalidate_all(&self) {
        self.0.forget_all();
    }
}
