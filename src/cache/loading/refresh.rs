use std::borrow::Borrow;
use std::future::Future;
use std::hash::{BuildHasher, Hash};
use std::ops::Deref;
use std::sync::Arc;

use mtaio_runtime::{Runtime, TaskName};

use super::error::LoadError;
use super::flights::Flights;
use super::load::Found;
use super::seat::Seat;
use crate::cache::ttl_cache::TtlCache;

impl<K, V, R, S> TtlCache<K, V, R, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    R: Runtime,
    S: BuildHasher + Send + Sync + 'static,
{
    /// As [`get_or_load`](Self::get_or_load), and a value that will expire soon, or has expired not
    /// long ago, is answered at once and loaded anew by a task: once, however many ask.
    ///
    /// What is soon is said by [`refresh_ahead`](crate::cache::TtlCacheBuilder::refresh_ahead), and
    /// what is not long by
    /// [`stale_while_revalidate`](crate::cache::TtlCacheBuilder::stale_while_revalidate): without
    /// these it is `get_or_load`. An expired value counts as a miss. Where the task fails, that is
    /// [counted](crate::cache::CacheStats::load_failures), the value stays as long as it would have,
    /// and who asks next tries again.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use mtaio::RuntimeExt;
    /// use mtaio::cache::TtlCache;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// # async fn rate() -> Result<f64, std::io::Error> { Ok(1.08) }
    /// let rates = TtlCache::<String, f64>::builder(100)
    ///     .default_ttl(Duration::from_secs(60))
    ///     .refresh_ahead(0.8)
    ///     .build(&rt)?;
    /// let rates = Arc::new(rates);
    ///
    /// rates.get_or_refresh("EUR/USD", rate).await.unwrap();
    /// rt.sleep(Duration::from_secs(50)).await;
    /// rates.get_or_refresh("EUR/USD", rate).await.unwrap(); // At once, and loads it anew.
    /// rt.sleep(Duration::from_secs(50)).await;
    /// assert!(rates.contains("EUR/USD"));
    /// assert_eq!(rates.stats().loads, 2);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`get_or_load`](Self::get_or_load).
    ///
    /// # Cancel safety
    ///
    /// That of [`get_or_load`](Self::get_or_load). The task runs on, detached from who caused it,
    /// and keeps the cache until it ends.
    pub async fn get_or_refresh<Q, F, Fut, E>(
        self: &Arc<Self>,
        key: &Q,
        load: F,
    ) -> Result<V, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
        E: Send + Sync + 'static,
    {
        if self.spans.refresh_ahead.is_none() && self.spans.stale_while_revalidate.is_zero() {
            return self.get_or_load(key, load).await;
        }
        let got = self.get(key);
        let owned: K = key.to_owned();
        let answer = match (got, self.find(&owned)) {
            (Some(value), Found::Fresh { wants_refresh: false, .. }) => return Ok(value),
            (Some(value), _) => value,
            (None, Found::Stale(value, since)) if since < self.spans.stale_while_revalidate => {
                value
            }
            (None, _) => return self.load(owned, load).await,
        };
        let (shard, hash) = self.place(key);
        let flights = ShardOf { cache: Arc::clone(self), shard };
        if let Some(seat) = Seat::lead(flights, hash, &owned) {
            let cache = Arc::clone(self);
            self.rt.spawn_detached(TaskName::from("cache refresh"), async move {
                // Nobody waits for it; that it failed is counted.
                let _ = cache.lead(seat, owned, load, true).await;
            });
        }
        Ok(answer)
    }
}

/// The flights of a shard, and what keeps them: for who outlives the call.
struct ShardOf<K, V, R: Runtime, S> {
    cache: Arc<TtlCache<K, V, R, S>>,
    shard: usize,
}

impl<K, V, R: Runtime, S> Deref for ShardOf<K, V, R, S> {
    type Target = Flights<K, V>;

    fn deref(&self) -> &Flights<K, V> {
        &self.cache.shards[self.shard].flights
    }
}
