use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use super::builder::DistributedCacheBuilder;
use super::error::{DistributedError, QuorumError};
use super::read::Read;
use super::repair::Behind;
use super::replicas::Replicas;
use super::stats::{DistributedStats, NodeStats};
use super::write::Change;
use crate::cache::codec::{Codec, Envelope, Kind, Version, shown};
use crate::cache::node::NodeError;
use crate::policy::PolicyError;

/// One cache over several nodes, which machines share: each key is at some of the nodes, and nobody
/// keeps a list of which.
///
/// It is a handle: its clones are the same cache. Where a key is, [`Rendezvous`](super::Rendezvous)
/// says: the same in each process that names the same nodes. Each call to a node is behind a timeout,
/// a breaker and a limit of its own, so that a node which is down costs the time of a few calls, and
/// then nothing.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::cache::{DistributedCache, MemoryNode};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let node = || MemoryNode::new(&rt, 1 << 20);
/// let ages = DistributedCache::<String, u32>::builder()
///     .node("cache-1", node()?)
///     .node("cache-2", node()?)
///     .node("cache-3", node()?)
///     .replication(3)
///     .namespace("people")
///     .default_ttl(Duration::from_secs(60))
///     .build(&rt)?;
///
/// ages.insert(&"ada".into(), &36).await?;
/// assert_eq!(ages.get(&"ada".into()).await?, Some(36));
/// ages.remove(&"ada".into()).await?;
/// assert_eq!(ages.get(&"ada".into()).await?, None);
/// # ages.settled().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
///
/// # What is promised
///
/// A write is acknowledged when `write_quorum` of a key's `replication` nodes have it; a read answers
/// with the newest of what `read_quorum` of them have. Unless said each quorum is a majority, so that
/// every read meets every write that was acknowledged before it.
///
/// | what happens | what follows |
/// | --- | --- |
/// | fewer nodes are down than are left over by the quorum | nothing but time: another node is asked at once, after the timeout where it is silent, and without delay when its breaker is open |
/// | more are | [`QuorumError`], which names them and says why; what a failed write was to change may be changed or not |
/// | they are back | for as long as a breaker is open, which is 1 s unless said, calls may still fail |
/// | a write fails, or its future is dropped | some nodes may have it: a later read may find it, and repairs it to the others then, or not find it |
/// | a node comes back, with old values or with none | a read that meets it answers with the newest, and puts that there in the background |
/// | a node has something else under a key | it counts as one that has not answered, and is repaired; where no quorum is left, the error names the key and what it found |
/// | a node forgets a key (it is full, or it was restarted) | as if it was down for that key: with fewer copies than `write_quorum` left, the key may be missed, which for a cache is a miss |
///
/// # Which value is the newest
///
/// The one that was written last by the wall clocks of the writers; of two with one time, that of the
/// writer with the greater random number. A writer's own times always grow, whatever its clock does,
/// and are later than what it has read. So what clocks that differ by `d` can do is this: of two
/// writes by two processes, less than `d` apart, where the later one had not read the earlier, the
/// earlier may win for good. (A time more than a day ahead is believed, but not followed.)
///
/// Nodes do not compare versions, they put in what comes. So of writes to one key *at one time*
/// different nodes may have different ones, and reads may answer with either, in turns, until a
/// repair or the next write. A write that was given up may arrive late at a node; a read that meets
/// another node as well knows better.
///
/// Where quorums do not meet ([`allow_stale_reads`](DistributedCacheBuilder::allow_stale_reads)), a read may
/// answer with what was overwritten, until all nodes have the write (mostly as long as the slowest takes),
/// and with one that was down then, until it is repaired or the old value's time is up.
///
/// # Removals
///
/// A removal is written down at the nodes, for [`keep_removals`](DistributedCacheBuilder::keep_removals), or
/// one of them that had not heard of it would bring the value back, and who is just loading it would put
/// the old one in. A node that is away for longer than that does bring it back, for as long as the value
/// lives. [`clear`](Self::clear) leaves no such note: what is repaired at the same time may stay.
pub struct DistributedCache<K, V, R: Runtime = DynRuntime>(Arc<Core<K, V, R>>);

pub(super) struct Core<K, V, R: Runtime> {
    pub(super) replicas: Arc<Replicas<R>>,
    pub(super) keys: Arc<dyn Codec<K>>,
    pub(super) values: Arc<dyn Codec<V>>,
    /// What all keys begin with.
    pub(super) prefix: Box<[u8]>,
    pub(super) ttl: Option<Duration>,
    pub(super) removals: Duration,
    pub(super) largest: usize,
}

/// What the nodes have of a key, and for how long.
pub(in crate::cache) enum Fetched<V> {
    Value(V, Option<Duration>),
    /// It is known to have no value.
    Absent(Option<Duration>),
    Nothing(Gap),
}

/// Where a value is missing: a lease for who loads it, which is void as soon as anybody puts a value
/// in, or takes one out.
pub(in crate::cache) struct Gap {
    key: Box<[u8]>,
    /// What is loaded from now on is as new as this.
    version: Version,
    had: Vec<Behind>,
}

impl<K, V> DistributedCache<K, V> {
    /// What there is to set.
    pub fn builder() -> DistributedCacheBuilder<K, V> {
        DistributedCacheBuilder::new()
    }
}

impl<K: 'static, V: 'static, R: Runtime> DistributedCache<K, V, R> {
    pub(super) fn with_core(core: Core<K, V, R>) -> Self {
        Self(Arc::new(core))
    }

    pub(in crate::cache) fn runtime(&self) -> &R {
        &self.0.replicas.rt
    }

    pub(in crate::cache) fn default_ttl(&self) -> Option<Duration> {
        self.0.ttl
    }

    pub(super) fn core(&self) -> &Core<K, V, R> {
        &self.0
    }

    /// The value of `key`.
    ///
    /// # Errors
    ///
    /// [`DistributedError`] if too few nodes have answered, or if what they have makes no value.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing but the answer.
    pub async fn get(&self, key: &K) -> Result<Option<V>, DistributedError> {
        Ok(self.fetch(key).await?.into_value())
    }

    /// Puts `value` in, for the default time to live.
    ///
    /// # Errors
    ///
    /// [`DistributedError`] if too few nodes have it, if it is too large, or if it makes no bytes.
    ///
    /// # Cancel safety
    ///
    /// Where it is dropped, some nodes may have it: see [above](Self#what-is-promised).
    pub async fn insert(&self, key: &K, value: &V) -> Result<(), DistributedError> {
        self.insert_with_ttl(key, value, self.0.ttl).await
    }

    /// As [`insert`](Self::insert), with a time to live of its own, or `None` for as long as the nodes
    /// keep it.
    ///
    /// # Errors
    ///
    /// Those of [`insert`](Self::insert).
    ///
    /// # Cancel safety
    ///
    /// That of [`insert`](Self::insert).
    pub async fn insert_with_ttl(
        &self,
        key: &K,
        value: &V,
        ttl: impl Into<Option<Duration>>,
    ) -> Result<(), DistributedError> {
        self.put("insertion", key, (Kind::Value, Some(value)), ttl.into()).await
    }

    /// Writes down that `key` has no value, for `ttl`: who [gets](Self::get) it finds none, as before,
    /// but a [`LayeredCache`](crate::cache::LayeredCache) need not load it to know.
    ///
    /// # Errors
    ///
    /// Those of [`insert`](Self::insert).
    ///
    /// # Cancel safety
    ///
    /// That of [`insert`](Self::insert).
    pub async fn insert_absent(&self, key: &K, ttl: Duration) -> Result<(), DistributedError> {
        self.put("insertion", key, (Kind::Absent, None), Some(ttl)).await
    }

    /// Takes out the value of `key`.
    ///
    /// # Errors
    ///
    /// [`DistributedError`] if too few nodes have done it.
    ///
    /// # Cancel safety
    ///
    /// Where it is dropped, some nodes may have done it.
    pub async fn remove(&self, key: &K) -> Result<(), DistributedError> {
        self.put("removal", key, (Kind::Removed, None), Some(self.0.removals)).await
    }

    /// Takes out all keys of this namespace and schema version, at all nodes.
    ///
    /// # Errors
    ///
    /// [`QuorumError`] if any node did not do it: what it holds is still there.
    ///
    /// # Cancel safety
    ///
    /// Where it is dropped, some nodes may have done it, and some in part.
    pub async fn clear(&self) -> Result<(), QuorumError> {
        self.0.replicas.clear(&self.0.prefix).await
    }

    /// Asks each node whether it answers, past its breaker: by their names, in the order in which they
    /// were named.
    pub async fn ping(&self) -> Vec<(&str, Result<(), PolicyError<NodeError>>)> {
        self.0.replicas.ping().await
    }

    /// Until no change and no repair goes on in the background. It need not be waited for: they do not
    /// depend on this handle.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing.
    pub async fn settled(&self) {
        self.0.replicas.background.idle().await;
    }

    /// The names of the nodes that have `key`, in the order in which they are asked.
    ///
    /// # Errors
    ///
    /// [`DistributedError::Encode`] if the key makes no bytes.
    pub fn nodes_of(&self, key: &K) -> Result<Vec<&str>, DistributedError> {
        let places = &self.0.replicas.places;
        let picked = places.pick(&self.key(key)?);
        Ok(picked.iter().map(|node| places.name(node)).collect())
    }

    /// What was done so far.
    pub fn stats(&self) -> DistributedStats {
        let replicas = &self.0.replicas;
        replicas.counts.stats(replicas.background.running())
    }

    /// How each node stands, in the order in which they were named.
    pub fn node_stats(&self) -> Vec<NodeStats<'_>> {
        let members = self.0.replicas.members.iter();
        let stats = members.map(|member| NodeStats {
            name: &member.name,
            breaker: member.breaker.stats(),
            calls: member.permits.stats(),
        });
        stats.collect()
    }

    pub(in crate::cache) async fn fetch(&self, key: &K) -> Result<Fetched<V>, DistributedError> {
        let key = self.key(key)?;
        let read = self.0.replicas.read(&key).await?;
        self.decode(&key, read)
    }

    /// Puts a value that was loaded in where it is missing, or that there is none to be had; whether
    /// it is there now. If not, somebody else has put one in, or taken one out, meanwhile.
    pub(in crate::cache) async fn fill(
        &self,
        gap: Gap,
        value: Option<&V>,
        ttl: Option<Duration>,
    ) -> Result<bool, DistributedError> {
        let Gap { key, version, had } = gap;
        let kind = if value.is_some() { Kind::Value } else { Kind::Absent };
        let envelope = Envelope { version, ..self.0.replicas.envelope(kind, ttl) };
        let bytes = self.seal(&envelope, &key, value)?;
        Ok(self.0.replicas.fill(Change { key, bytes, ttl }, had).await?)
    }

    /// What the nodes' answer means.
    pub(super) fn decode(&self, key: &[u8], read: Read) -> Result<Fetched<V>, DistributedError> {
        let replicas = &self.0.replicas;
        let newest = match read {
            Read::Newest(newest) => newest,
            Read::Nothing(had) => {
                // Of what is written at the same time it is the oldest.
                let version = replicas.clock.next(replicas.rt.wall_clock());
                let version = Version { writer: 0, ..version };
                return Ok(Fetched::Nothing(Gap { key: key.into(), version, had }));
            }
        };
        replicas.counts.hit();
        let left = newest.envelope.expires.left(replicas.rt.wall_clock());
        if newest.envelope.kind == Kind::Absent {
            return Ok(Fetched::Absent(left));
        }
        let decoded = self.0.values.decode(newest.payload());
        let value = decoded.map_err(|error| DistributedError::Decode {
            key: shown(key),
            source: error.into_inner(),
        })?;
        Ok(Fetched::Value(value, left))
    }

    /// The whole of what the nodes are to have.
    fn seal(
        &self,
        envelope: &Envelope,
        key: &[u8],
        value: Option<&V>,
    ) -> Result<Vec<u8>, DistributedError> {
        let mut bytes = envelope.open(key).ok_or_else(|| DistributedError::Encode {
            what: "the key".into(),
            source: "it has 4 GiB or more".into(),
        })?;
        let begin = bytes.len();
        if let Some(value) = value {
            let encoded = self.0.values.encode(value, &mut bytes);
            encoded.map_err(|error| DistributedError::Encode {
                what: format!("the value of `{}`", shown(key)).into(),
                source: error.into_inner(),
            })?;
        }
        let (size, limit) = (bytes.len().saturating_sub(begin), self.0.largest);
        if size > limit {
            return Err(DistributedError::TooLarge { key: shown(key), size, limit });
        }
        Ok(Envelope::seal(bytes))
    }

    async fn put(
        &self,
        operation: &'static str,
        key: &K,
        (kind, value): (Kind, Option<&V>),
        ttl: Option<Duration>,
    ) -> Result<(), DistributedError> {
        let key = self.key(key)?;
        let envelope = self.0.replicas.envelope(kind, ttl);
        let bytes = self.seal(&envelope, &key, value)?;
        Ok(self.0.replicas.write(operation, Change { key, bytes, ttl }).await?)
    }

    /// A key as the nodes have it.
    pub(in crate::cache) fn key(&self, key: &K) -> Result<Box<[u8]>, DistributedError> {
        let prefix = &self.0.prefix;
        let mut bytes = Vec::with_capacity(prefix.len() + 32);
        bytes.extend_from_slice(prefix);
        let encoded = self.0.keys.encode(key, &mut bytes);
        encoded.map_err(|error| DistributedError::Encode {
            what: "the key".into(),
            source: error.into_inner(),
        })?;
        Ok(bytes.into())
    }

    /// The key that the nodes have under `bytes`, if it is one of this cache.
    pub(in crate::cache) fn key_of(&self, bytes: &[u8]) -> Option<Result<K, ()>> {
        let encoded = bytes.strip_prefix(&*self.0.prefix)?;
        Some(self.0.keys.decode(encoded).map_err(drop))
    }
}

impl<V> Fetched<V> {
    pub(super) fn into_value(self) -> Option<V> {
        match self {
            Self::Value(value, _) => Some(value),
            Self::Absent(_) | Self::Nothing(_) => None,
        }
    }
}

impl<K, V, R: Runtime> Clone for DistributedCache<K, V, R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: 'static, V: 'static, R: Runtime> fmt::Debug for DistributedCache<K, V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DistributedCache")
            .field("prefix", &shown(&self.0.prefix))
            .field("places", &self.0.replicas.places)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
