use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use super::arrival::Arrival;
use super::flight::Ticket;
use super::flights::Flights;
use crate::cache::hasher::KeyedState;
use crate::cache::ttl_cache::TtlCache;

impl<K: Hash + Eq + Clone, V, R: Runtime, S: BuildHasher> TtlCache<K, V, R, S> {
    /// The right to put in a value of `key` that is still to be had, unless the key is changed
    /// before that.
    ///
    /// Each [load](Self::get_or_load) holds one, so this is for what is loaded or written otherwise:
    /// many values with one request, or a value that is about to be written to its origin. Whatever
    /// changes the key after this call voids the lease: an insert, a removal, a
    /// [`clear`](Self::clear), an [invalidation](Self::invalidate_on), another's load or lease. It
    /// keeps nobody from anything.
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio::cache::TtlCache;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// # async fn prices(_: [&str; 2]) -> [u32; 2] { [30, 45] }
    /// let cache = TtlCache::<String, u32>::new(&rt, 100)?;
    /// let names = ["tea", "coffee"];
    ///
    /// let leases = names.map(|name| cache.lease(name));
    /// let prices = prices(names);
    /// cache.remove("tea"); // Somebody says that it has changed.
    /// for (lease, price) in leases.into_iter().zip(prices.await) {
    ///     lease.fill(price);
    /// }
    /// assert_eq!((cache.get("tea"), cache.get("coffee")), (None, Some(45)));
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn lease<Q>(&self, key: &Q) -> Lease<'_, K, V, R, S>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.refuse_reentry();
        let key = key.to_owned();
        let (shard, hash) = self.place(key.borrow());
        let ticket = self.shards[shard].flights.enlist(hash, &key);
        Lease { cache: self, shard, ticket, key }
    }
}

/// The right to put in a value, as long as its key is not changed; from [`TtlCache::lease`].
///
/// Dropping it gives it up. One that is forgotten costs its memory.
#[must_use = "a lease is for a `fill`"]
pub struct Lease<'a, K, V, R: Runtime = DynRuntime, S = KeyedState> {
    cache: &'a TtlCache<K, V, R, S>,
    shard: usize,
    ticket: Ticket,
    key: K,
}

impl<K: Hash + Eq + Clone, V, R: Runtime, S: BuildHasher> Lease<'_, K, V, R, S> {
    /// Puts `value` in, with the time to live that the cache gives, unless the key was changed
    /// meanwhile; whether it did. What is being loaded at that time does not get in any more.
    ///
    /// Who has written `value` to its origin and is refused takes the key
    /// [out](TtlCache::invalidate): what is there may be older.
    pub fn fill(self, value: V) -> bool {
        let ttl = self.cache.spans.ttl_of(&self.key, &value);
        self.fill_with_ttl(value, ttl)
    }

    /// As [`fill`](Self::fill), with a time to live of its own, or `None` for ever.
    pub fn fill_with_ttl(self, value: V, ttl: impl Into<Option<Duration>>) -> bool {
        let mut arrival = Arrival::new(self.cache, self.key.clone(), value, ttl.into());
        let is_filled = self.flights().fill(&self.ticket, || arrival.store());
        arrival.finish();
        is_filled
    }
}

impl<'a, K, V, R: Runtime, S> Lease<'a, K, V, R, S> {
    /// The key that it is for.
    pub const fn key(&self) -> &K {
        &self.key
    }

    /// Whether the key is as it was: a [`fill`](Self::fill) at this moment would put its value in.
    pub fn is_valid(&self) -> bool {
        self.flights().is_listed(&self.ticket)
    }

    fn flights(&self) -> &'a Flights<K, V> {
        &self.cache.shards[self.shard].flights
    }
}

impl<K, V, R: Runtime, S> Drop for Lease<'_, K, V, R, S> {
    fn drop(&mut self) {
        self.flights().leave(&mut self.ticket);
    }
}

impl<K, V, R: Runtime, S> fmt::Debug for Lease<'_, K, V, R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("is_valid", &self.is_valid()).finish_non_exhaustive()
    }
}
