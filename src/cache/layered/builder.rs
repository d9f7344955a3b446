use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use super::claims::Claims;
use super::layered_cache::{Inner, LayeredCache};
use super::near::Near;
use crate::cache::distributed::DistributedCache;
use crate::cache::eviction::Eviction;
use crate::cache::node::Invalidations;
use crate::cache::ttl_cache::TtlCache;
use crate::config::{ConfigError, check_period};

/// What a [`LayeredCache`] is to be like; from [`LayeredCache::builder`].
///
/// | what | unless said |
/// | --- | --- |
/// | [local capacity](Self::local_capacity) | 10,000 entries |
/// | [local time to live](Self::local_ttl) | 60 s, or what is left of the nodes' |
/// | [absence](Self::absent_ttl) | is remembered for 5 s |
/// | [stale on error](Self::stale_on_error) | never |
/// | [invalidations](Self::invalidations) | none |
#[must_use = "a builder does nothing until `build`"]
pub struct LayeredCacheBuilder<K, V, R: Runtime = DynRuntime> {
    remote: DistributedCache<K, V, R>,
    capacity: usize,
    eviction: Eviction,
    local_ttl: Duration,
    absent_ttl: Option<Duration>,
    stale_on_error: Duration,
    invalidations: Vec<Invalidations>,
    keeps_writes: bool,
}

impl<K, V, R> LayeredCacheBuilder<K, V, R>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    R: Runtime,
{
    pub(super) fn new(remote: &DistributedCache<K, V, R>) -> Self {
        Self {
            remote: remote.clone(),
            capacity: 10_000,
            eviction: Eviction::default(),
            local_ttl: Duration::from_secs(60),
            absent_ttl: Some(Duration::from_secs(5)),
            stale_on_error: Duration::ZERO,
            invalidations: Vec::new(),
            keeps_writes: true,
        }
    }

    /// How many keys are kept in the process.
    pub const fn local_capacity(mut self, entries: usize) -> Self {
        self.capacity = entries;
        self
    }

    /// Who leaves the process when it is full.
    pub const fn local_eviction(mut self, eviction: Eviction) -> Self {
        self.eviction = eviction;
        self
    }

    /// How long a value holds in the process; never longer than the nodes say.
    pub const fn local_ttl(mut self, ttl: Duration) -> Self {
        self.local_ttl = ttl;
        self
    }

    /// How long it is remembered that a load found no value, in the process and by the nodes; `None`
    /// is not at all.
    pub fn absent_ttl(mut self, ttl: impl Into<Option<Duration>>) -> Self {
        self.absent_ttl = ttl.into();
        self
    }

    /// Answers with what has expired in the process for so long, where the nodes or the load fail.
    pub const fn stale_on_error(mut self, period: Duration) -> Self {
        self.stale_on_error = period;
        self
    }

    /// What tells of changes by others: of each key that is at the nodes, or at least of each that was
    /// read or written by this process. Several nodes are told by several.
    pub fn invalidations(mut self, invalidations: Invalidations) -> Self {
        self.invalidations.push(invalidations);
        self
    }

    /// As [`invalidations`](Self::invalidations), where a change is told only of what this process has
    /// *read* before. What it writes is then not kept in the process until it is read.
    pub fn invalidations_of_reads(mut self, invalidations: Invalidations) -> Self {
        self.keeps_writes = false;
        self.invalidations(invalidations)
    }

    /// Builds the cache.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a capacity or a time of zero, or one that is absurd.
    pub fn build(self) -> Result<LayeredCache<K, V, R>, ConfigError> {
        let Self { remote, capacity, eviction, local_ttl, absent_ttl, stale_on_error, .. } = self;
        if capacity == 0 {
            return Err(ConfigError::new("local_capacity", "0", "1 or more"));
        }
        check_period("local_ttl", local_ttl)?;
        if let Some(ttl) = absent_ttl {
            check_period("absent_ttl", ttl)?;
        }
        let local = TtlCache::<K, Near<V>>::builder(capacity)
            .eviction(eviction)
            .ttl_of(|_, near| Some(near.ttl))
            .stale_on_error(stale_on_error)
            .build_with_runtime(remote.runtime())?;
        Ok(LayeredCache(Arc::new(Inner {
            local,
            remote,
            invalidations: self.invalidations.into(),
            claims: Claims::default(),
            epoch: AtomicU64::new(0),
            invalidated: AtomicU64::new(0),
            unkept: AtomicU64::new(0),
            local_ttl,
            absent_ttl,
            keeps_writes: self.keeps_writes,
            is_stale_allowed: !stale_on_error.is_zero(),
        })))
    }
}

impl<K, V, R: Runtime> fmt::Debug for LayeredCacheBuilder<K, V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayeredCacheBuilder")
            .field("local_capacity", &self.capacity)
            .field("local_ttl", &self.local_ttl)
            .field("absent_ttl", &self.absent_ttl)
            .field("invalidations", &self.invalidations)
            .finish_non_exhaustive()
    }
}
