use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use mtaio_runtime::{DynRuntime, Runtime};

use super::error::LoadError;
use crate::cache::hasher::KeyedState;
use crate::cache::ttl_cache::TtlCache;
use crate::callback::Callback;

/// A function whose answers are kept in `cache`, under what `key` makes of its argument.
///
/// ```
/// use std::sync::Arc;
/// use mtaio::cache::{TtlCache, cached};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let lengths = Arc::new(TtlCache::new(&rt, 100)?);
/// let length = cached(&lengths, |word: &String| word.clone(), async |word: String| {
///     Ok::<_, std::io::Error>(word.len())
/// });
/// assert_eq!(length.call("hello".into()).await.unwrap(), 5);
/// assert_eq!(length.call("hello".into()).await.unwrap(), 5);
/// assert_eq!((lengths.stats().loads, lengths.stats().hits), (1, 1));
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub fn cached<K, V, R, S, A, Key, F>(
    cache: &Arc<TtlCache<K, V, R, S>>,
    key: Key,
    f: F,
) -> Cached<K, V, Key, F, R, S>
where
    R: Runtime,
    Key: Fn(&A) -> K,
    F: Callback<A>,
{
    Cached { cache: Arc::clone(cache), key, f }
}

/// A function in front of which there is a cache; from [`cached`].
pub struct Cached<K, V, Key, F, R: Runtime = DynRuntime, S = KeyedState> {
    cache: Arc<TtlCache<K, V, R, S>>,
    key: Key,
    f: F,
}

impl<K, V, Key, F, R, S> Cached<K, V, Key, F, R, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    R: Runtime,
    S: BuildHasher + Send + Sync + 'static,
{
    /// The answer that is kept for `arg`, or the function's. See
    /// [`get_or_refresh`](TtlCache::get_or_refresh), which this is.
    ///
    /// # Errors
    ///
    /// Those of [`get_or_load`](TtlCache::get_or_load).
    ///
    /// # Cancel safety
    ///
    /// That of [`get_or_refresh`](TtlCache::get_or_refresh).
    pub async fn call<A, E>(&self, arg: A) -> Result<V, LoadError<E>>
    where
        A: Send + 'static,
        E: Send + Sync + 'static,
        Key: Fn(&A) -> K,
        F: Callback<A, Output = Result<V, E>> + Send + 'static,
        F::Future: Future<Output = Result<V, E>> + Send + 'static,
    {
        let key = (self.key)(&arg);
        let f = self.f.clone();
        self.cache.get_or_refresh(&key, move || f.call(arg)).await
    }

    /// Where the answers are kept.
    pub const fn cache(&self) -> &Arc<TtlCache<K, V, R, S>> {
        &self.cache
    }
}

impl<K, V, Key: Clone, F: Clone, R: Runtime, S> Clone for Cached<K, V, Key, F, R, S> {
    fn clone(&self) -> Self {
        let Self { cache, key, f } = self;
        Self { cache: Arc::clone(cache), key: key.clone(), f: f.clone() }
    }
}

impl<K, V, Key, F, R: Runtime, S> fmt::Debug for Cached<K, V, Key, F, R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached").field("cache", &self.cache).finish_non_exhaustive()
    }
}
