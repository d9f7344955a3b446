use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use super::builder::LayeredCacheBuilder;
use super::claims::Claims;
use super::near::Near;
use super::stats::LayeredStats;
use crate::cache::distributed::DistributedCache;
use crate::cache::node::Invalidations;
use crate::cache::ttl_cache::TtlCache;

/// A cache in the process in front of one that is shared: what was asked for lately is answered
/// without asking a node.
///
/// It is a handle: its clones are the same cache.
///
/// - **Reads** go through: what the process does not have is asked of the nodes, and with
///   [`get_or_load`](Self::get_or_load) of its origin after that. Those who ask for one key at a time
///   wait for one answer.
/// - **Writes** go through: to the nodes first, and when a quorum has them into the process.
/// - **Absence** that a load found out is remembered, by the nodes too, for [a time of its
///   own](LayeredCacheBuilder::absent_ttl).
/// - **When the nodes are down**, what has expired in the process may be [answered
///   instead](LayeredCacheBuilder::stale_on_error), and loads go to the origin; what they come to is
///   not kept then, as nobody would tell when it changes.
///
/// # Coherence
///
/// What another process changes is noticed by [`Invalidations`], of which a cache [takes any
/// number](LayeredCacheBuilder::invalidations). Each operation acts first on all that was told
/// before it began. So when a change was told, no read that begins after that answers with what was
/// there before, and what was being read or written at that time does not get into the process any
/// more. A connection that was lost makes all that is known doubtful: each key is asked for anew, and
/// the old value is at most better than an error.
///
/// Without invalidations a value that others changed is answered for as long as
/// [`local_ttl`](LayeredCacheBuilder::local_ttl).
///
/// A load whose key is changed meanwhile, by whomever, does not put its value into the nodes either:
/// it may be older than the change. So change the origin first, and then [`remove`](Self::remove) the key,
/// or [`insert`](Self::insert) the new value.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::cache::{DistributedCache, LayeredCache, MemoryNode};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// # async fn age_in_database(_: &str) -> Result<Option<u32>, std::io::Error> { Ok(Some(36)) }
/// let node = MemoryNode::new(&rt, 1 << 20)?;
/// let remote = DistributedCache::builder().node("cache-1", node.client()).build(&rt)?;
/// let ages = LayeredCache::<String, u32>::builder(&remote)
///     .local_ttl(Duration::from_secs(60))
///     .invalidations(node.invalidations(1_000)?)
///     .build()?;
///
/// let ada = "ada".to_string();
/// let age = ages.get_or_load(&ada, || age_in_database("ada")).await?;
/// assert_eq!(age, Some(36));
///
/// remote.insert(&ada, &37).await?; // Somebody else.
/// assert_eq!(ages.get(&ada).await?, Some(37));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct LayeredCache<K, V, R: Runtime = DynRuntime>(pub(super) Arc<Inner<K, V, R>>);

pub(super) struct Inner<K, V, R: Runtime> {
    pub(super) local: TtlCache<K, Near<V>, R>,
    pub(super) remote: DistributedCache<K, V, R>,
    pub(super) invalidations: Box<[Invalidations]>,
    pub(super) claims: Claims,
    pub(super) epoch: AtomicU64,
    pub(super) invalidated: AtomicU64,
    pub(super) unkept: AtomicU64,
    pub(super) local_ttl: Duration,
    pub(super) absent_ttl: Option<Duration>,
    pub(super) keeps_writes: bool,
    pub(super) is_stale_allowed: bool,
}

impl<K, V, R> LayeredCache<K, V, R>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    R: Runtime,
{
    /// What there is to set for a cache in front of `remote`, on its runtime.
    pub fn builder(remote: &DistributedCache<K, V, R>) -> LayeredCacheBuilder<K, V, R> {
        LayeredCacheBuilder::new(remote)
    }

    /// The cache that is shared.
    pub fn remote(&self) -> &DistributedCache<K, V, R> {
        &self.0.remote
    }

    /// What was done so far.
    pub fn stats(&self) -> LayeredStats {
        LayeredStats {
            local: self.0.local.stats(),
            remote: self.0.remote.stats(),
            invalidations: self.0.invalidated.load(Ordering::Relaxed),
            unkept: self.0.unkept.load(Ordering::Relaxed),
            losses: self.0.epoch(),
        }
    }
}

impl<K, V, R: Runtime> Clone for LayeredCache<K, V, R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: 'static, V: 'static, R: Runtime> fmt::Debug for LayeredCache<K, V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayeredCache")
            .field("local", &self.0.local)
            .field("remote", &self.0.remote)
            .finish_non_exhaustive()
    }
}
