use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mtaio_runtime::{DynRuntime, Instant, Runtime};

use super::builder::{Settings, TtlCacheBuilder, Weigher};
use super::eviction::{Cause, Eviction};
use super::hasher::KeyedState;
use super::outbox::Outbox;
use super::reentry;
use super::shard::{Core, Departed, Gone, Held, Shard};
use super::spans::Spans;
use super::stats::CacheStats;
use crate::config::ConfigError;
use crate::contain::discard;

/// A cache in the process: bounded, with a time to live, and quick.
///
/// Its methods take `&self`; how it is shared is yours to say: by reference, in an `Arc`, as a
/// `static`. What waits for nothing is no `async`; only what loads is.
///
/// - **Bounded**: by a number of entries or by their weight. It never holds more, and who leaves is
///   said by [`Eviction`].
/// - **Time**: an entry lives as long as it is told to, by the runtime's clock and to its tick:
///   300 s unless said. An expired value is never returned. It is freed when it is come across, a
///   few at each change, and by [`run_maintenance`](Self::run_maintenance).
/// - **Locks**: a key's shard is locked while its value is cloned, and keys are compared. Neither
///   may use the cache. Keep values that are large in an `Arc`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::RuntimeExt;
/// use mtaio::cache::TtlCache;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let ages = TtlCache::new(&rt, 1_000)?;
/// ages.insert("ada", 36);
/// ages.insert_with_ttl("bob", 41, Duration::from_secs(1));
///
/// rt.sleep(Duration::from_secs(1)).await;
/// assert_eq!(ages.get("ada"), Some(36));
/// assert_eq!(ages.get("bob"), None);
/// assert_eq!((ages.stats().hits, ages.stats().misses), (1, 1));
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub struct TtlCache<K, V, R: Runtime = DynRuntime, S = KeyedState> {
    pub(super) shards: Box<[Shard<K, V>]>,
    pub(super) hasher: S,
    pub(super) rt: R,
    /// Whether any entry may have a time: if not, nobody asks the clock.
    pub(super) is_timed: AtomicBool,
    pub(super) spans: Spans<K, V>,
    pub(super) weigher: Option<Weigher<K, V>>,
    pub(super) outbox: Option<Outbox<K, V>>,
    pub(super) capacity: u64,
    pub(super) eviction: Eviction,
}

impl<K: Hash + Eq, V> TtlCache<K, V> {
    /// A cache for as many entries as `capacity` that does not show the runtime in its type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `capacity` is zero.
    pub fn new<R: Runtime>(rt: &R, capacity: usize) -> Result<Self, ConfigError> {
        TtlCacheBuilder::new(capacity).build(rt)
    }

    /// What there is to set. The capacity counts entries, unless they are
    /// [weighed](TtlCacheBuilder::weigher).
    ///
    /// ```
    /// use std::time::Duration;
    /// use mtaio::cache::{Eviction, TtlCache};
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let pages = TtlCache::<String, String>::builder(1 << 20)
    ///     .weigher(|_url, page| page.len() as u32)
    ///     .eviction(Eviction::Lru)
    ///     .default_ttl(Duration::from_secs(60))
    ///     .on_evicted(|url, _page, cause| println!("{url} left: {cause:?}"))
    ///     .build(&rt)?;
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn builder(capacity: usize) -> TtlCacheBuilder<K, V> {
        TtlCacheBuilder::new(capacity)
    }
}

impl<K: Hash + Eq, V, R: Runtime> TtlCache<K, V, R> {
    /// A cache for as many entries as `capacity` on a runtime of known type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `capacity` is zero.
    pub fn with_runtime(rt: &R, capacity: usize) -> Result<Self, ConfigError> {
        TtlCacheBuilder::new(capacity).build_with_runtime(rt)
    }
}

impl<K, V, R: Runtime, S> TtlCache<K, V, R, S> {
    pub(super) fn with_settings(rt: &R, settings: Settings<K, V>, hasher: S) -> Self {
        let Settings { capacity, shards, eviction, weigher, listener, spans } = settings;
        let mut cache = Self {
            shards: Box::new([]),
            hasher,
            rt: rt.clone(),
            is_timed: AtomicBool::new(spans.are_timed()),
            spans,
            weigher,
            outbox: listener.map(Outbox::new),
            capacity,
            eviction,
        };
        cache.shards = (0..shards).map(|number| Shard::new(cache.core(number, shards))).collect();
        cache
    }

    /// An empty shard: the `number`th, of as many as `shards`.
    pub(super) fn core(&self, number: usize, shards: usize) -> Core<K, V> {
        let (count, number) = (shards as u64, number as u64);
        let share = self.capacity / count + u64::from(number < self.capacity % count);
        Core::new(share, self.eviction, self.weigher.is_some(), self.spans.timing())
    }

    /// How many entries there may be, or what they may weigh.
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// How many entries there are, with those that have expired and are not freed yet.
    pub fn len(&self) -> usize {
        self.refuse_reentry();
        self.shards.iter().map(|shard| shard.core.lock().len()).sum()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the entries weigh together: where nothing else is said, 1 each.
    pub fn weight(&self) -> u64 {
        self.refuse_reentry();
        self.shards.iter().map(|shard| shard.core.lock().weight()).sum()
    }

    /// What was done so far.
    pub fn stats(&self) -> CacheStats {
        self.refuse_reentry();
        let mut stats = CacheStats::default();
        for shard in &self.shards {
            stats += shard.stats();
        }
        stats.listener_panics = self.outbox.as_ref().map_or(0, Outbox::panics);
        stats
    }

    /// What time it is, or the beginning of it while no entry has one.
    #[inline]
    pub(super) fn now(&self) -> Instant {
        if self.is_timed.load(Ordering::Relaxed) { self.rt.now() } else { Instant::ZERO }
    }

    /// Corrects a `now` that was asked for before the first entry had a time.
    #[inline]
    pub(super) fn corrected(&self, now: Instant, core: &Core<K, V>) -> Instant {
        if now == Instant::ZERO && core.has_times() { self.rt.now() } else { now }
    }

    pub(super) fn weight_of(&self, key: &K, value: &V) -> u32 {
        self.weigher.as_ref().map_or(1, |weigher| weigher(key, value).max(1))
    }

    #[inline]
    pub(super) fn refuse_reentry(&self) {
        reentry::refuse(self.address());
    }

    /// What tells this cache from others.
    pub(super) fn address(&self) -> usize {
        self.shards.as_ptr().addr()
    }

    /// Nothing, for what will leave to be put into.
    pub(super) fn departed(&self) -> Departed<K, V> {
        let is_heard = self.outbox.is_some() || mem::needs_drop::<(K, V)>();
        if is_heard { Departed::new() } else { Departed::unheard() }
    }

    /// Unlocks, and then tells of what left and drops it.
    #[inline]
    pub(super) fn finish(
        &self,
        core: Held<'_, Core<K, V>>,
        gone: Departed<K, V>,
    ) -> Option<Arc<Gone<K, V>>> {
        if gone.is_empty() {
            return None;
        }
        if self.outbox.is_none() {
            drop(core);
            drop_each(gone);
            return None;
        }
        let farewell = self.part(core, gone);
        self.say(farewell)
    }

    /// Lists what left for the listener, and unlocks.
    pub(super) fn part(&self, core: Held<'_, Core<K, V>>, gone: Departed<K, V>) -> Farewell<K, V> {
        let farewell = match &self.outbox {
            Some(outbox) => {
                let (number, last) = outbox.list(gone);
                Farewell { listed: Some(number), last, gone: Departed::new() }
            }
            None => Farewell { listed: None, last: None, gone },
        };
        drop(core);
        farewell
    }

    /// Tells of what left, or drops it. Of what was told, the answer is the last.
    pub(super) fn say(&self, farewell: Farewell<K, V>) -> Option<Arc<Gone<K, V>>> {
        if let (Some(outbox), Some(number)) = (&self.outbox, farewell.listed) {
            outbox.tell(number);
        }
        drop_each(farewell.gone);
        farewell.last
    }
}

/// What left, when the lock is open again.
pub(super) struct Farewell<K, V> {
    /// What to tell, where there is a listener.
    listed: Option<u64>,
    last: Option<Arc<Gone<K, V>>>,
    /// What to drop, where there is none.
    gone: Departed<K, V>,
}

impl<K, V> Default for Farewell<K, V> {
    fn default() -> Self {
        Self { listed: None, last: None, gone: Departed::new() }
    }
}

/// One whose destructor panics is no business of who made room for another.
fn drop_each<K, V>(gone: Departed<K, V>) {
    if mem::needs_drop::<(K, V)>() {
        gone.into_iter().for_each(discard);
    }
}

impl<K: Hash + Eq, V, R: Runtime, S: BuildHasher> TtlCache<K, V, R, S> {
    /// Where a key is: its shard, and its hash there.
    #[inline]
    pub(super) fn locate<Q>(&self, key: &Q) -> (&Shard<K, V>, u32)
    where
        K: Borrow<Q>,
        Q: Hash + ?Sized,
    {
        let (shard, hash) = self.place(key);
        (&self.shards[shard], hash)
    }

    /// As [`locate`](Self::locate), with the number of the shard.
    #[inline]
    pub(super) fn place<Q>(&self, key: &Q) -> (usize, u32)
    where
        K: Borrow<Q>,
        Q: Hash + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        // The shard comes of the bits that the hash in it does not have.
        ((hash >> 32) as usize & (self.shards.len() - 1), hash as u32)
    }

    /// Frees what was found to be over, with some of the rest that is.
    #[cold]
    pub(super) fn free<Q>(&self, mut core: Held<'_, Core<K, V>>, hash: u32, key: &Q, now: Instant)
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let mut gone = self.departed();
        core.settle(now, &mut gone);
        if let Some(slot) = core.find(hash, key) {
            core.remove(slot, Cause::Expired, &mut gone);
        }
        self.finish(core, gone);
    }
}

impl<K, V, R: Runtime, S> fmt::Debug for TtlCache<K, V, R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TtlCache")
            .field("capacity", &self.capacity)
            .field("eviction", &self.eviction)
            .field("shards", &self.shards.len())
            .finish_non_exhaustive()
    }
}
