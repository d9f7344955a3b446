use std::hash::Hash;
use std::time::Duration;

use mtaio_runtime::Runtime;

use super::claims::Writing;
use super::layered_cache::{Inner, LayeredCache};
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
        let ttl = ttl.into();
        let change = Change::begin(&self.0, key);
        let epoch = self.0.epoch();
        self.0.remote.insert_with_ttl(key, value, ttl).await?;
        if self.0.keeps_writes {
            let local_ttl = self.0.local_ttl;
            let ttl = ttl.map_or(local_ttl, |ttl| ttl.min(local_ttl));
            change.keep(Near { known: Known::Value(value.clone()), ttl, epoch });
        }
        Ok(())
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
        let mut change = Change::begin(&self.0, key);
        change.is_removal = true;
        self.0.local.invalidate(key);
        self.0.remote.remove(key).await
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
        let _change = ChangeOfAll::begin(&self.0);
        self.0.remote.clear().await
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

/// A key that is being changed. Until that has ended, in whatever way, nothing that is known of it is
/// relied upon, and nothing that was read of it meanwhile after that: it may be from before.
struct Change<'a, K, V, R>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    R: Runtime,
{
    inner: &'a Inner<K, V, R>,
    key: &'a K,
    writing: Writing<'a>,
    is_kept: bool,
    /// What is taken out is not better than nothing.
    is_removal: bool,
}

impl<'a, K, V, R> Change<'a, K, V, R>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    R: Runtime,
{
    fn begin(inner: &'a Inner<K, V, R>, key: &'a K) -> Self {
        let writing = inner.claims.begin(inner.local.hash(key));
        inner.settle();
        inner.doubt(key);
        Self { inner, key, writing, is_kept: false, is_removal: false }
    }

    /// The nodes have it: the process too, unless another changed it meanwhile.
    fn keep(mut self, near: Near<V>) {
        let local = &self.inner.local;
        self.inner.settle();
        self.inner.doubt(self.key);
        let (key, ttl) = (self.key.clone(), near.ttl);
        let farewell = self.writing.keep(|| local.put(key, near, ttl));
        self.is_kept = farewell.is_some();
        // The destructor of what left may write this key.
        drop(self);
        local.say(farewell.unwrap_or_default());
    }
}

impl<K, V, R> Drop for Change<'_, K, V, R>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    R: Runtime,
{
    fn drop(&mut self) {
        if self.is_removal {
            self.inner.local.invalidate(self.key);
        } else if !self.is_kept {
            self.inner.doubt(self.key);
        }
    }
}

/// As [`Change`], of all keys.
struct ChangeOfAll<'a, K, V, R>(&'a Inner<K, V, R>)
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    R: Runtime;

impl<'a, K, V, R> ChangeOfAll<'a, K, V, R>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    R: Runtime,
{
    fn begin(inner: &'a Inner<K, V, R>) -> Self {
        inner.forget_all();
        Self(inner)
    }
}

impl<K, V, R> Drop for ChangeOfAll<'_, K, V, R>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    R: Runtime,
{
    fn drop(&mut self) {
        self.0.forget_all();
    }
}
