use std::borrow::Borrow;
use std::future::Future;
use std::hash::{BuildHasher, Hash};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::Runtime;

use super::arrival::Arrival;
use super::error::LoadError;
use super::flights::{AnyError, Flights, Landed};
use super::seat::Seat;
use crate::cache::ttl_cache::TtlCache;

/// What a cache has of a key.
pub(super) enum Found<V> {
    /// A value that holds, and whether it is worth a refresh.
    Fresh {
        value: V,
        wants_refresh: bool,
    },
    /// An expired value, and for how long it has been that.
    Stale(V, Duration),
    Nothing,
}

impl<K, V, R, S> TtlCache<K, V, R, S>
where
    K: Hash + Eq + Clone,
    V: Clone + Send + Sync + 'static,
    R: Runtime,
    S: BuildHasher,
{
    /// The value of `key`, or the one that `load` comes to, which is then put in.
    ///
    /// Those who ask for one key at a time wait for one load. When it fails they share its error,
    /// which is not kept: who asks next loads again. (Where absence or failure is to be remembered,
    /// make it a value, and give it [a time of its own](crate::cache::TtlCacheBuilder::ttl_of).)
    ///
    /// Where `key` is changed or taken out while it is loaded, the loaded value is for those who
    /// waited already, and does not get into the cache: it may be older than the change. So change
    /// the origin first, and then the cache.
    ///
    /// ```
    /// use mtaio::cache::TtlCache;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// # async fn look_up(_name: &str) -> Result<u32, std::io::Error> { Ok(36) }
    /// let ages = TtlCache::<String, u32>::new(&rt, 1_000)?;
    /// let age = ages.get_or_load("ada", || look_up("ada")).await;
    /// assert_eq!((age.unwrap(), ages.get("ada")), (36, Some(36)));
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`LoadError::Failed`] if the load failed, nobody put a value in meanwhile, and nothing stale
    /// [may be had](crate::cache::TtlCacheBuilder::stale_on_error) instead;
    /// [`LoadError::Elapsed`] if the deadline of the caller's task comes while it waits for
    /// another's load. (Its own ends when it ends: give it a
    /// [`timeout`](crate::time::timeout).)
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the load that it runs; the first of those who wait for it then
    /// runs its own. So it is when the load panics. A future that is forgotten
    /// ([`std::mem::forget`]) while it loads keeps the others waiting until the
    /// [patience](crate::cache::TtlCacheBuilder::load_patience) is over. Two of them watch for that:
    /// where both of these are forgotten as well, the others wait until their deadlines, and who
    /// asks after `key` was put in or taken out loads anew.
    pub async fn get_or_load<Q, F, Fut, E>(&self, key: &Q, load: F) -> Result<V, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: Send + Sync + 'static,
    {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        self.load(key.to_owned(), load).await
    }

    /// Waits for the load of `key`, or runs it.
    pub(super) async fn load<F, Fut, E>(&self, key: K, load: F) -> Result<V, LoadError<E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: Send + Sync + 'static,
    {
        loop {
            let (shard, hash) = self.locate(&key);
            let mut seat = Seat::board(&shard.flights, hash, &key).await;
            let Some(landed) = seat.turn(&self.rt, self.spans.patience).await? else {
                return self.lead(seat, key, load, false).await;
            };
            match &*landed {
                Ok(value) => return Ok(value.clone()),
                Err(error) => {
                    // Of another type where another kind of load is asked for: load it ourselves.
                    if let Ok(error) = Arc::clone(error).downcast::<E>() {
                        return self.stale_or(&key, error);
                    }
                }
            }
        }
    }

    /// Runs the load, tells all who wait, and keeps the value.
    pub(super) async fn lead<P, F, Fut, E>(
        &self,
        mut seat: Seat<K, V, P>,
        key: K,
        load: F,
        is_refresh: bool,
    ) -> Result<V, LoadError<E>>
    where
        P: Deref<Target = Flights<K, V>>,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: Send + Sync + 'static,
    {
        // It may have landed between the look into the cache and the one at the flights.
        if let Found::Fresh { value, wants_refresh } = self.find(&key)
            && !(is_refresh && wants_refresh)
        {
            seat.land(Arc::new(Ok(value.clone())), || {});
            return Ok(value);
        }
        seat.begin();
        match load().await {
            Ok(value) => {
                self.land(seat, key, value.clone());
                Ok(value)
            }
            Err(error) => {
                let error = Arc::new(error);
                seat.land(Arc::new(Err(Arc::clone(&error) as AnyError)), || {});
                self.stale_or(&key, error)
            }
        }
    }

    fn land<P>(&self, seat: Seat<K, V, P>, key: K, value: V)
    where
        P: Deref<Target = Flights<K, V>>,
    {
        let landed: Landed<V> = Arc::new(Ok(value.clone()));
        let ttl = self.spans.ttl_of(&key, &value);
        let mut arrival = Arrival::new(self, key, value, ttl);
        seat.land(landed, || arrival.store());
        arrival.finish();
    }

    /// What is there of `key`, without counting it.
    pub(super) fn find(&self, key: &K) -> Found<V> {
        self.refuse_reentry();
        let (shard, hash) = self.locate(key);
        let now = self.now();
        let core = shard.core.lock();
        let now = self.corrected(now, &core);
        let Some(slot) = core.find(hash, key) else { return Found::Nothing };
        let value = core.value(slot).clone();
        if core.times().is_expired(slot, now) {
            return Found::Stale(value, Duration::from_nanos(core.times().staleness(slot, now)));
        }
        Found::Fresh { value, wants_refresh: core.times().wants_refresh(slot, now) }
    }

    /// What is stale and may be had instead of an error, or that.
    fn stale_or<E>(&self, key: &K, error: Arc<E>) -> Result<V, LoadError<E>> {
        match self.find(key) {
            Found::Fresh { value, .. } => Ok(value),
            Found::Stale(value, since) if since < self.spans.stale_on_error => Ok(value),
            _ => Err(LoadError::Failed(error)),
        }
    }
}
