//! The cache as a stage of a [`Policy`].

use std::borrow::Borrow;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;
use std::sync::Arc;

use mtaio_runtime::{DynRuntime, Runtime};

use super::hasher::KeyedState;
use super::loading::LoadError;
use super::ttl_cache::TtlCache;
use crate::callback::Callback;
use crate::policy::{
    Around, Attempt, Builder, Inside, Kind, Listener, Next, Once, Plan, Policy, PolicyError, Stage,
    Stageable,
};

/// The stage of [`Builder::cache`]. It wants a key, so that a policy with it is
/// [run for one](Policy::run_for).
pub struct CacheStage<K, V, R: Runtime = DynRuntime, S = KeyedState> {
    cache: Arc<TtlCache<K, V, R, S>>,
}

impl<S, R: Runtime, L: Listener + Clone> Builder<S, R, L> {
    /// Answers with what `cache` has under the key that the policy is
    /// [run for](Policy::run_for), or else does what is inside, once for all who ask for the key at
    /// a time, and keeps its answer. What is outside is done for each caller.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use mtaio::cache::TtlCache;
    /// use mtaio::policy::{Policy, Retry};
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// # async fn seats(tailnum: &str) -> Result<u32, String> { Ok(tailnum.len() as u32) }
    /// let cache = Arc::new(TtlCache::<String, u32>::new(&rt, 512)?);
    /// let policy = Policy::new(&rt)
    ///     .deadline(Duration::from_secs(5))
    ///     .cache(&cache)
    ///     .retry(Retry::exponential(Duration::from_millis(10)).max_attempts(3).build()?)
    ///     .timeout(Duration::from_secs(1))
    ///     .build()?;
    ///
    /// for _ in 0..2 {
    ///     let seats = policy.run_for("N14228", async |_| seats("N14228").await);
    ///     assert_eq!(seats.await, Ok(6));
    /// }
    /// assert_eq!((cache.stats().loads, cache.stats().hits), (1, 1));
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    #[expect(clippy::type_complexity, reason = "it is long, and named nowhere")]
    pub fn cache<K, V, C, H>(
        self,
        cache: &Arc<TtlCache<K, V, C, H>>,
    ) -> Builder<Around<S, CacheStage<K, V, C, H>>, R, L>
    where
        C: Runtime,
    {
        self.stage(CacheStage { cache: Arc::clone(cache) })
    }
}

impl<S> Policy<S> {
    /// As [`run`](Self::run), for a policy with a [`cache`](Builder::cache), in which the answer
    /// stands under `key`. A hit allocates nothing.
    ///
    /// # Errors
    ///
    /// [`PolicyError`]: its own error, or what a stage made of it. Those who waited for one call
    /// each get a clone of its error, which is not kept.
    ///
    /// # Panics
    ///
    /// If `f` does: see [`run`](Self::run). One of those who wait then calls its own.
    ///
    /// # Cancel safety
    ///
    /// That of [`run`](Self::run) and [`TtlCache::get_or_load`]: dropping the future drops the call,
    /// and one of those who wait for it makes its own.
    #[inline]
    pub fn run_for<'a, Q, T, E, F, At>(
        &'a self,
        key: &'a Q,
        f: F,
    ) -> impl Future<Output = Result<T, PolicyError<E>>> + Send + use<'a, S, Q, T, E, F, At>
    where
        S: StageFor<Q, T, E, At>,
        Q: ?Sized,
        F: Callback<Attempt, Output = Result<T, E>, Future: Send> + Send,
        T: Send,
        E: Send,
    {
        let (stage, call) = self.call_of(f);
        stage.call_for(key, Attempt::FIRST, call)
    }
}

/// Stages with one among them that wants a key: those of a policy with a cache.
///
/// `At` says where that one stands, and is for the compiler to find.
#[diagnostic::on_unimplemented(
    message = "a policy with the stages `{Self}` can't be run for a key `{Q}` with answers `{T}` and errors `{E}`",
    label = "this needs one `cache` among its stages, for such keys and answers",
    note = "its keys are owned by the cache and borrowed as `{Q}`; the errors are `Clone + Send + Sync + 'static`, since all who wait for one call get them"
)]
pub trait StageFor<Q: ?Sized, T, E, At> {
    /// Does `next` for `key`, or does without it.
    fn call_for<N: Next<T, E>>(
        &self,
        key: &Q,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, PolicyError<E>>> + Send;
}

/// The last stage is the one that wants the key.
#[derive(Clone, Copy, Debug)]
pub struct LastStage;

/// One of the stages before the last is.
#[derive(Clone, Copy, Debug)]
pub struct EarlierStage<At>(PhantomData<At>);

impl<O, Q, K, T, E, R, H> StageFor<Q, T, E, LastStage> for Around<O, CacheStage<K, T, R, H>>
where
    O: Stage<T, E>,
    Q: Hash + Eq + ToOwned<Owned = K> + Sync + ?Sized,
    K: Hash + Eq + Clone + Borrow<Q> + Send + Sync,
    T: Clone + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
    R: Runtime,
    H: BuildHasher + Send + Sync,
{
    #[inline]
    fn call_for<N: Next<T, E>>(
        &self,
        key: &Q,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, PolicyError<E>>> + Send {
        let (outer, inner) = self.parts();
        outer.call(attempt, Kept { cache: &inner.cache, key, next })
    }
}

impl<O, I, Q, T, E, At> StageFor<Q, T, E, EarlierStage<At>> for Around<O, I>
where
    O: StageFor<Q, T, E, At>,
    I: Stage<T, E>,
    Q: ?Sized,
{
    #[inline]
    fn call_for<N: Next<T, E>>(
        &self,
        key: &Q,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, PolicyError<E>>> + Send {
        let (outer, inner) = self.parts();
        outer.call_for(key, attempt, Inside::new(inner, next))
    }
}

/// What is kept, or else what is inside.
struct Kept<'c, 'k, Q: ?Sized, K, V, R: Runtime, S, N> {
    cache: &'c TtlCache<K, V, R, S>,
    key: &'k Q,
    next: N,
}

impl<Q: ?Sized, K, V, R: Runtime, S, N: Clone> Clone for Kept<'_, '_, Q, K, V, R, S, N> {
    fn clone(&self) -> Self {
        Self { cache: self.cache, key: self.key, next: self.next.clone() }
    }
}

impl<T, E, Q, K, R, S, N> Next<T, E> for Kept<'_, '_, Q, K, T, R, S, N>
where
    Q: Hash + Eq + ToOwned<Owned = K> + Sync + ?Sized,
    K: Hash + Eq + Clone + Borrow<Q> + Send + Sync,
    T: Clone + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
    R: Runtime,
    S: BuildHasher + Send + Sync,
    N: Next<T, E>,
{
    #[inline]
    async fn call(self, attempt: Attempt) -> Result<T, PolicyError<E>> {
        let Self { cache, key, next } = self;
        cache.get_or_load(key, || next.call(attempt)).await.map_err(|error| match error {
            LoadError::Failed(error) => Arc::unwrap_or_clone(error),
            LoadError::Elapsed(elapsed) => PolicyError::Elapsed(elapsed),
        })
    }
}

impl<K, V, R, S> Stageable for CacheStage<K, V, R, S>
where
    K: Send + Sync,
    V: Send + Sync,
    R: Runtime,
    S: Send + Sync,
{
    type Calls = Once;

    fn describe(&self, plan: &mut Plan) {
        plan.note(Kind::Cache);
    }
}

impl<K, V, R: Runtime, S> Clone for CacheStage<K, V, R, S> {
    fn clone(&self) -> Self {
        Self { cache: Arc::clone(&self.cache) }
    }
}

impl<K, V, R: Runtime, S> fmt::Debug for CacheStage<K, V, R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheStage").field("cache", &self.cache).finish()
    }
}
