use std::fmt;
use std::hash::BuildHasher;
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use super::eviction::{Cause, Eviction};
use super::hasher::KeyedState;
use super::outbox::Listener;
use super::spans::{Spans, TtlOf, fixed};
use super::ttl_cache::TtlCache;
use crate::config::{ConfigError, check_period};

/// Tells what an entry weighs.
pub(crate) type Weigher<K, V> = Box<dyn Fn(&K, &V) -> u32 + Send + Sync>;

/// What a [`TtlCache`] is to be like; from [`TtlCache::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct TtlCacheBuilder<K, V, S = KeyedState> {
    capacity: u64,
    shards: Option<usize>,
    eviction: Eviction,
    weigher: Option<Weigher<K, V>>,
    listener: Option<Listener<K, V>>,
    ttl: Option<Duration>,
    ttl_of: Option<TtlOf<K, V>>,
    idle: Option<Duration>,
    jitter: f64,
    refresh_ahead: Option<f64>,
    stale_while_revalidate: Duration,
    stale_on_error: Duration,
    patience: Option<Duration>,
    hasher: Option<S>,
}

/// What a cache is made of, once it is known to make sense.
pub(crate) struct Settings<K, V> {
    pub(crate) capacity: u64,
    pub(crate) shards: usize,
    pub(crate) eviction: Eviction,
    pub(crate) weigher: Option<Weigher<K, V>>,
    pub(crate) listener: Option<Listener<K, V>>,
    pub(crate) spans: Spans<K, V>,
}

/// How long an entry lives where nothing is said.
const DEFAULT_TTL: Duration = Duration::from_secs(300);

/// How long another's load is waited for where nothing is said.
const DEFAULT_PATIENCE: Duration = Duration::from_secs(60);

/// Beyond this, entries of a shard could not be numbered.
const MOST_SHARDS: usize = 1 << 16;

impl<K, V> TtlCacheBuilder<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity as u64,
            shards: None,
            eviction: Eviction::default(),
            weigher: None,
            listener: None,
            ttl: Some(DEFAULT_TTL),
            ttl_of: None,
            idle: None,
            jitter: 0.0,
            refresh_ahead: None,
            stale_while_revalidate: Duration::ZERO,
            stale_on_error: Duration::ZERO,
            patience: Some(DEFAULT_PATIENCE),
            hasher: None,
        }
    }

    /// Builds a cache that does not show the runtime in its type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a setting that makes no sense.
    pub fn build<R: Runtime>(self, rt: &R) -> Result<TtlCache<K, V>, ConfigError> {
        self.build_with_runtime(&DynRuntime::new(rt))
    }

    /// Builds a cache on a runtime of known type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a setting that makes no sense.
    pub fn build_with_runtime<R: Runtime>(self, rt: &R) -> Result<TtlCache<K, V, R>, ConfigError> {
        let hasher = KeyedState::new(rt);
        self.hasher(hasher).build_with_hasher(rt)
    }
}

impl<K, V, S> TtlCacheBuilder<K, V, S> {
    /// Weighs entries: the capacity is then what they may weigh together, and no longer how many
    /// there may be. An entry that is said to weigh nothing weighs 1.
    ///
    /// The capacity is shared out evenly among the [shards](Self::shards), of which there are at
    /// most 16 unless said, and what is heavier than a shard's share never gets in. The function is
    /// called with the cache locked only for a value that was changed or made in place.
    pub fn weigher(mut self, weigher: impl Fn(&K, &V) -> u32 + Send + Sync + 'static) -> Self {
        self.weigher = Some(Box::new(weigher));
        self
    }

    /// Who leaves when the cache is full; [`Eviction::S3Fifo`] unless said.
    pub const fn eviction(mut self, eviction: Eviction) -> Self {
        self.eviction = eviction;
        self
    }

    /// How many parts the cache is divided into, each with a lock of its own, an equal share of the
    /// capacity and its own order of leaving: a power of two. Unless said there is one for each 512
    /// entries, up to 64, and more from a million on. With one the order is exact over all entries.
    pub const fn shards(mut self, shards: usize) -> Self {
        self.shards = Some(shards);
        self
    }

    /// How long an entry lives for which nothing else is said, or `None` for ever; 300 s unless
    /// set.
    pub fn default_ttl(mut self, ttl: impl Into<Option<Duration>>) -> Self {
        self.ttl = ttl.into();
        self
    }

    /// Gives values times of their own: `None` is the default one. A value that says that something
    /// does not exist, or could not be had, is best forgotten soon:
    ///
    /// ```
    /// use std::time::Duration;
    /// use mtaio::cache::TtlCache;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let planes = TtlCache::<String, Option<u32>>::builder(100)
    ///     .ttl_of(|_tailnum, plane| plane.is_none().then_some(Duration::from_secs(5)))
    ///     .build(&rt)?;
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn ttl_of(
        mut self,
        ttl_of: impl Fn(&K, &V) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.ttl_of = Some(Box::new(ttl_of));
        self
    }

    /// How long an entry lives that nobody uses, whatever its time to live; without end unless said.
    pub fn time_to_idle(mut self, idle: impl Into<Option<Duration>>) -> Self {
        self.idle = idle.into();
        self
    }

    /// Shortens each time to live by anything up to this part of it, so that what came together
    /// does not expire together: from 0, which it is unless said, to 1.
    pub const fn ttl_jitter(mut self, fraction: f64) -> Self {
        self.jitter = fraction;
        self
    }

    /// Loads a value anew when this part of its time is over and it is asked for: more than 0, less
    /// than 1. See [`TtlCache::get_or_refresh`].
    pub const fn refresh_ahead(mut self, fraction: f64) -> Self {
        self.refresh_ahead = Some(fraction);
        self
    }

    /// Answers with an expired value for so long while it is loaded anew. See
    /// [`TtlCache::get_or_refresh`].
    pub const fn stale_while_revalidate(mut self, period: Duration) -> Self {
        self.stale_while_revalidate = period;
        self
    }

    /// Answers with an expired value for so long where loading it anew failed.
    pub const fn stale_on_error(mut self, period: Duration) -> Self {
        self.stale_on_error = period;
        self
    }

    /// How long one load of a key may take until one of those who wait for it begins another beside
    /// it, or `None` for ever; 60 s unless set. The first of them that succeeds is for all who wait.
    ///
    /// This is for loads that hang, and for those whose future was [forgotten](std::mem::forget).
    /// What gives each load a time is a [`timeout`](crate::time::timeout) in it. It counts from when
    /// somebody waits: where nobody does, nothing is kept waiting.
    pub fn load_patience(mut self, patience: impl Into<Option<Duration>>) -> Self {
        self.patience = patience.into();
        self
    }

    /// Tells of each entry that left, and why, with the cache unlocked and before the call that
    /// made it leave returns; of one key's values in their order.
    ///
    /// One thread tells at a time, and those who made other entries leave wait for it: be quick. It
    /// may use the cache; what it makes leave is told when it has returned. It must not wait
    /// for somebody who changes the cache, nor for a lock that one holds who does. Where it panics, that is
    /// [counted](super::CacheStats::listener_panics), and nobody else is concerned.
    pub fn on_evicted(mut self, listener: impl Fn(&K, &V, Cause) + Send + Sync + 'static) -> Self {
        self.listener = Some(Box::new(listener));
        self
    }

    /// Hashes keys with `hasher` instead of a [`KeyedState`].
    pub fn hasher<H: BuildHasher>(self, hasher: H) -> TtlCacheBuilder<K, V, H> {
        TtlCacheBuilder {
            capacity: self.capacity,
            shards: self.shards,
            eviction: self.eviction,
            weigher: self.weigher,
            listener: self.listener,
            ttl: self.ttl,
            ttl_of: self.ttl_of,
            idle: self.idle,
            jitter: self.jitter,
            refresh_ahead: self.refresh_ahead,
            stale_while_revalidate: self.stale_while_revalidate,
            stale_on_error: self.stale_on_error,
            patience: self.patience,
            hasher: Some(hasher),
        }
    }

    /// Refuses what makes no sense.
    fn settle(self) -> Result<(Settings<K, V>, Option<S>), ConfigError> {
        if self.capacity == 0 || self.capacity > MOST_CAPACITY {
            let allowed = "1 to 2^48";
            return Err(ConfigError::new("capacity", self.capacity.to_string(), allowed));
        }
        let shards = self.shards.unwrap_or_else(|| shards_for(self.capacity, &self.weigher));
        let is_share = shards.is_power_of_two() && shards as u64 <= self.capacity;
        if !is_share || shards > MOST_SHARDS {
            let allowed = "a power of two, at most `capacity` and at most 65536";
            return Err(ConfigError::new("shards", shards.to_string(), allowed));
        }
        if let Some(ttl) = self.ttl {
            check_period("default_ttl", ttl)?;
        }
        if let Some(idle) = self.idle {
            check_period("time_to_idle", idle)?;
        }
        if let Some(patience) = self.patience {
            check_period("load_patience", patience)?;
        }
        if !(0.0..=1.0).contains(&self.jitter) {
            return Err(ConfigError::new("ttl_jitter", self.jitter.to_string(), "0 to 1"));
        }
        if let Some(part) = self.refresh_ahead
            && !(part > 0.0 && part < 1.0)
        {
            let allowed = "more than 0 and less than 1";
            return Err(ConfigError::new("refresh_ahead", part.to_string(), allowed));
        }
        for (field, period) in [
            ("stale_while_revalidate", self.stale_while_revalidate),
            ("stale_on_error", self.stale_on_error),
        ] {
            if !period.is_zero() {
                check_period(field, period)?;
            }
        }
        let spans = Spans {
            ttl: self.ttl,
            ttl_of: self.ttl_of,
            idle: self.idle,
            jitter: fixed(self.jitter),
            refresh_ahead: self.refresh_ahead.map(fixed),
            stale_while_revalidate: self.stale_while_revalidate,
            stale_on_error: self.stale_on_error,
            patience: self.patience,
        };
        let Self { capacity, eviction, weigher, listener, hasher, .. } = self;
        Ok((Settings { capacity, shards, eviction, weigher, listener, spans }, hasher))
    }
}

impl<K, V, S: BuildHasher> TtlCacheBuilder<K, V, S> {
    /// As [`build_with_runtime`](TtlCacheBuilder::build_with_runtime), with the
    /// [hasher](Self::hasher) that was given.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a setting that makes no sense, and without a hasher.
    pub fn build_with_hasher<R: Runtime>(
        self,
        rt: &R,
    ) -> Result<TtlCache<K, V, R, S>, ConfigError> {
        let (settings, hasher) = self.settle()?;
        let hasher = hasher.ok_or_else(|| ConfigError::new("hasher", "not set", "a hasher"))?;
        Ok(TtlCache::with_settings(rt, settings, hasher))
    }
}

impl<K, V, S> fmt::Debug for TtlCacheBuilder<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TtlCacheBuilder")
            .field("capacity", &self.capacity)
            .field("eviction", &self.eviction)
            .field("default_ttl", &self.ttl)
            .field("time_to_idle", &self.idle)
            .finish_non_exhaustive()
    }
}

/// Sums of weights stay far from the end of 64 bits.
const MOST_CAPACITY: u64 = 1 << 48;

/// Few entries are kept in one order; many are divided, so that their users are.
fn shards_for<T>(capacity: u64, weigher: &Option<T>) -> usize {
    let most = if weigher.is_some() { 16 } else { (capacity / 16_384).clamp(64, 1_024) };
    let shards = (capacity / 512).clamp(1, most);
    // At most 1024, which fits.
    1 << shards.ilog2()
}
