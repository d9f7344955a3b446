use std::convert::Infallible;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::try_join_all;
use mtaio_runtime::Runtime;

use super::error::{LayeredError, Unfilled};
use super::layered_cache::{Inner, LayeredCache};
use super::near::{Known, Near};
use crate::cache::distributed::{DistributedError, Fetched, Gap};

impl<K, V, R> LayeredCache<K, V, R>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    R: Runtime,
{
    /// The value of `key`: the process's, or else the nodes'.
    ///
    /// # Errors
    ///
    /// [`LayeredError::Remote`] if the nodes did not answer, and nothing stale [may be
    /// had](super::LayeredCacheBuilder::stale_on_error) instead; [`LayeredError::Elapsed`] if the
    /// deadline of the caller's task comes while it waits for another's read.
    ///
    /// # Cancel safety
    ///
    /// That of [`get_or_load`](Self::get_or_load).
    #[inline]
    pub async fn get(&self, key: &K) -> Result<Option<V>, LayeredError> {
        if let Some(near) = self.0.near(key) {
            return Ok(near.into_value());
        }
        let read = || async { self.0.read(key).await };
        let near = self.0.local.get_or_load(key, read).await?;
        Ok(near.into_value())
    }

    /// The value of `key`: the process's, or else the nodes', or else the one that `load` comes to,
    /// which is then put in everywhere. `None` is that there is none to be had, which is
    /// [remembered](super::LayeredCacheBuilder::absent_ttl) for a while.
    ///
    /// Those who ask for one key at a time wait for one answer, and so for one load. Where the nodes do not
    /// answer it is loaded all the same, and not kept.
    ///
    /// # Errors
    ///
    /// [`LayeredError::Failed`] if the load failed, and nothing stale [may be
    /// had](super::LayeredCacheBuilder::stale_on_error) instead. That is not remembered.
    /// [`LayeredError::Elapsed`] if the deadline of the caller's task comes while it waits for
    /// another's load.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the load that it runs; the first of those who wait for it then runs
    /// its own. One that is forgotten ([`std::mem::forget`]) while it loads keeps the others waiting
    /// until `key` is changed.
    pub async fn get_or_load<F, Fut, E>(
        &self,
        key: &K,
        load: F,
    ) -> Result<Option<V>, LayeredError<E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Option<V>, E>>,
        E: Send + Sync + 'static,
    {
        if let Some(near) = self.0.near(key) {
            return Ok(near.into_value());
        }
        let mut load = Some(load);
        loop {
            let own = &mut load;
            let fill = move || async move {
                match own.take() {
                    Some(load) => self.0.fill(key, load).await,
                    // It has run, and whoever it was for has gone.
                    None => self.0.read(key).await,
                }
            };
            let near = self.0.local.get_or_load(key, fill).await?;
            // Who waited for one that only asked the nodes may know nothing yet.
            if !near.is_nothing() || load.is_none() {
                return Ok(near.into_value());
            }
        }
    }

    /// The values of `keys`, in their order: as many single gets, at once.
    ///
    /// # Errors
    ///
    /// The first of [`get`](Self::get)'s to be known.
    ///
    /// # Cancel safety
    ///
    /// That of [`get`](Self::get).
    pub async fn get_many(&self, keys: &[K]) -> Result<Vec<Option<V>>, LayeredError> {
        try_join_all(keys.iter().map(|key| self.get(key))).await
    }
}

impl<K, V, R> Inner<K, V, R>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    R: Runtime,
{
    /// What the process has, and may be answered.
    #[inline]
    fn near(&self, key: &K) -> Option<Near<V>> {
        self.settle();
        let near = self.local.get(key)?;
        if near.epoch == self.epoch() {
            return Some(near);
        }
        self.doubt(key);
        None
    }

    /// What the nodes have.
    async fn read<E>(&self, key: &K) -> Result<Near<V>, Unfilled<E>> {
        let (near, _) = self.ask(key).await?;
        Ok(self.kept(key, near))
    }

    /// Before it lands: what does not hold does not get in, not even as something stale.
    fn kept(&self, key: &K, near: Near<V>) -> Near<V> {
        if near.ttl.is_zero() {
            self.local.void(key);
        }
        near
    }

    /// What the nodes have, as the process may keep it, and the lease of who loads what they have not.
    async fn ask<E>(&self, key: &K) -> Result<(Near<V>, Option<Gap>), Unfilled<E>> {
        let epoch = self.epoch();
        let fetched = self.remote.fetch(key).await;
        self.settle();
        let fetched = fetched.map_err(|error| Unfilled::Remote(Arc::new(error)))?;
        let within = |left: Option<Duration>, ttl: Duration| left.map_or(ttl, |left| left.min(ttl));
        let (known, ttl, gap) = match fetched {
            Fetched::Value(value, left) => {
                (Known::Value(value), within(left, self.local_ttl), None)
            }
            Fetched::Absent(left) => {
                let ttl = self.absent_ttl.map_or(Duration::ZERO, |ttl| within(left, ttl));
                (Known::Absent, ttl, None)
            }
            // It is not kept.
            Fetched::Nothing(gap) => (Known::Nothing, Duration::ZERO, Some(gap)),
        };
        Ok((Near { known, ttl, epoch }, gap))
    }

    /// What the nodes have, or else what `load` comes to.
    async fn fill<F, Fut, E>(&self, key: &K, load: F) -> Result<Near<V>, Unfilled<E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Option<V>, E>>,
    {
        let epoch = self.epoch();
        let gap = match self.ask::<Infallible>(key).await {
            Ok((near, None)) => return Ok(self.kept(key, near)),
            Ok((_, gap)) => gap,
            Err(_down) => None,
        };
        let loaded = load().await.map_err(|error| Unfilled::Failed(Arc::new(error)))?;
        let ttl = match gap {
            Some(gap) => self.offer(gap, loaded.as_ref()).await.unwrap_or(None),
            None => None,
        };
        self.settle();
        if ttl.is_none() && loaded.is_some() {
            self.unkept.fetch_add(1, Ordering::Relaxed);
        }
        let known = loaded.map_or(Known::Absent, Known::Value);
        Ok(self.kept(key, Near { known, ttl: ttl.unwrap_or(Duration::ZERO), epoch }))
    }

    /// Puts what was loaded into the nodes: how long it may be kept in the process, if at all.
    async fn offer(
        &self,
        gap: Gap,
        loaded: Option<&V>,
    ) -> Result<Option<Duration>, DistributedError> {
        let (local, remote) = match (loaded, self.absent_ttl) {
            (Some(_), _) => (self.local_ttl, self.remote.default_ttl()),
            (None, Some(ttl)) => (ttl, Some(ttl)),
            (None, None) => return Ok(None),
        };
        let is_there = self.remote.fill(gap, loaded, remote).await?;
        Ok(is_there.then(|| remote.map_or(local, |remote| remote.min(local))))
    }
}
