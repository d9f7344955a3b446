use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use super::background::Background;
use super::clock::Clock;
use super::counts::Counts;
use super::distributed_cache::{Core, DistributedCache};
use super::member::Member;
use super::rendezvous::Rendezvous;
use super::replicas::Replicas;
use crate::cache::codec::{Codec, Plain};
use crate::cache::node::CacheNode;
use crate::config::{ConfigError, check_period};
use crate::limit::ConcurrencyLimiter;
use crate::policy::{BreakerConfig, CircuitBreaker};

/// What a [`DistributedCache`] is to be like; from [`DistributedCache::builder`].
///
/// | what | unless said |
/// | --- | --- |
/// | [replication](Self::replication) | 1 |
/// | [read](Self::read_quorum) and [write quorum](Self::write_quorum) | a majority of the replication |
/// | [namespace](Self::namespace), [schema](Self::schema) | `mtaio`, 1 |
/// | [codec](Self::codec), [key codec](Self::key_codec) | [`Plain`] |
/// | [default time to live](Self::default_ttl) | 300 s |
/// | [largest value](Self::largest_value) | 1 MiB |
/// | [node timeout](Self::node_timeout) | 1 s |
/// | [node breaker](Self::node_breaker) | the last 20 calls, from 5 on, half of them failed; 1 s; one probe |
/// | [node calls](Self::node_calls) | 256 at once, and 1024 that wait, a node |
/// | [removals](Self::keep_removals) | are kept for 60 s |
#[must_use = "a builder does nothing until `build`"]
pub struct DistributedCacheBuilder<K, V, KC = Plain, VC = Plain> {
    nodes: Vec<(Arc<str>, Arc<dyn CacheNode>)>,
    settings: Settings,
    keys: KC,
    values: VC,
    of: std::marker::PhantomData<fn(K) -> V>,
}

struct Settings {
    replication: usize,
    read_quorum: Option<usize>,
    write_quorum: Option<usize>,
    allows_stale_reads: bool,
    namespace: String,
    schema: u32,
    ttl: Option<Duration>,
    largest: usize,
    timeout: Duration,
    breaker: BreakerConfig,
    calls: u32,
    removals: Duration,
}

/// So many wait for a node, for each that is asked at once.
const WAITING: usize = 4;

/// So many repairs go on at once.
const REPAIRS: u32 = 64;

const MOST_NAMESPACE: usize = 64;

impl<K, V> DistributedCacheBuilder<K, V> {
    pub(super) fn new() -> Self {
        let breaker =
            BreakerConfig::new().window(20).min_calls(5).open_for(Duration::from_secs(1)).probes(1);
        let settings = Settings {
            replication: 1,
            read_quorum: None,
            write_quorum: None,
            allows_stale_reads: false,
            namespace: "mtaio".into(),
            schema: 1,
            ttl: Some(Duration::from_secs(300)),
            largest: 1 << 20,
            timeout: Duration::from_secs(1),
            breaker,
            calls: 256,
            removals: Duration::from_secs(60),
        };
        Self { nodes: Vec::new(), settings, keys: Plain, values: Plain, of: Default::default() }
    }
}

impl<K: 'static, V: 'static, KC, VC> DistributedCacheBuilder<K, V, KC, VC> {
    /// One more node. Its name says which keys it has: who shares the cache gives it the same, and a
    /// machine that takes its place has it too.
    pub fn node(mut self, name: impl Into<Arc<str>>, node: impl CacheNode) -> Self {
        self.nodes.push((name.into(), Arc::new(node)));
        self
    }

    /// At how many nodes each key is: 1 to 8.
    pub const fn replication(mut self, nodes: usize) -> Self {
        self.settings.replication = nodes;
        self
    }

    /// How many of a key's nodes have to answer a read.
    pub const fn read_quorum(mut self, nodes: usize) -> Self {
        self.settings.read_quorum = Some(nodes);
        self
    }

    /// How many of a key's nodes have to have made a change.
    pub const fn write_quorum(mut self, nodes: usize) -> Self {
        self.settings.write_quorum = Some(nodes);
        self
    }

    /// Accepts quorums that together are no more than the replication: then a read may meet none of
    /// the nodes that the last write did.
    pub const fn allow_stale_reads(mut self) -> Self {
        self.settings.allows_stale_reads = true;
        self
    }

    /// What keeps this cache's keys apart from those of others at the same nodes: ASCII letters,
    /// digits, `-`, `_` and `.`, up to 64.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.settings.namespace = name.into();
        self
    }

    /// The version of what values look like. Those of other versions are as of another namespace, so
    /// that an old release and a new one can share the nodes: count it up when the type of the values, or the
    /// codec, changes.
    pub const fn schema(mut self, version: u32) -> Self {
        self.settings.schema = version;
        self
    }

    /// How long a value lives for which nothing else is said, or `None` for as long as the nodes keep
    /// it.
    pub fn default_ttl(mut self, ttl: impl Into<Option<Duration>>) -> Self {
        self.settings.ttl = ttl.into();
        self
    }

    /// How many bytes a value may have, as its codec makes them.
    pub const fn largest_value(mut self, bytes: usize) -> Self {
        self.settings.largest = bytes;
        self
    }

    /// How long a node may take for one call, and how long a call may wait for its turn.
    pub const fn node_timeout(mut self, limit: Duration) -> Self {
        self.settings.timeout = limit;
        self
    }

    /// When a node is not asked any more, and for how long; each has a breaker of its own. What counts as a
    /// failure is what [tells of the node](crate::cache::NodeError::is_fault).
    pub const fn node_breaker(mut self, breaker: BreakerConfig) -> Self {
        self.settings.breaker = breaker;
        self
    }

    /// How many calls may be made to a node at once; four times as many may wait.
    pub const fn node_calls(mut self, most: u32) -> Self {
        self.settings.calls = most;
        self
    }

    /// How long it is remembered that a key was removed: longer than a node is away, if it can be.
    pub const fn keep_removals(mut self, period: Duration) -> Self {
        self.settings.removals = period;
        self
    }

    /// Makes bytes of values.
    pub fn codec<C: Codec<V>>(self, codec: C) -> DistributedCacheBuilder<K, V, KC, C> {
        let Self { nodes, settings, keys, of, .. } = self;
        DistributedCacheBuilder { nodes, settings, keys, values: codec, of }
    }

    /// Makes bytes of keys.
    pub fn key_codec<C: Codec<K>>(self, codec: C) -> DistributedCacheBuilder<K, V, C, VC> {
        let Self { nodes, settings, values, of, .. } = self;
        DistributedCacheBuilder { nodes, settings, keys: codec, values, of }
    }

    /// Builds a cache that does not show the runtime in its type. No node is asked for anything.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a setting that makes no sense.
    pub fn build<R: Runtime>(self, rt: &R) -> Result<DistributedCache<K, V>, ConfigError>
    where
        KC: Codec<K>,
        VC: Codec<V>,
    {
        self.build_with_runtime(&DynRuntime::new(rt))
    }

    /// Builds a cache on a runtime of known type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a setting that makes no sense.
    pub fn build_with_runtime<R: Runtime>(
        self,
        rt: &R,
    ) -> Result<DistributedCache<K, V, R>, ConfigError>
    where
        KC: Codec<K>,
        VC: Codec<V>,
    {
        let Self { nodes, settings, keys, values, .. } = self;
        let names = nodes.iter().map(|(name, _)| Arc::clone(name));
        let places = Rendezvous::new(names, settings.replication)?;
        let (read_quorum, write_quorum) = settings.quorums()?;
        settings.check()?;
        let members = nodes.into_iter().map(|(name, node)| settings.member(rt, name, node));
        let members = members.collect::<Result<_, _>>()?;
        let replicas = Replicas {
            rt: rt.clone(),
            members,
            places,
            read_quorum,
            write_quorum,
            schema: settings.schema,
            clock: Clock::new(rt.entropy() | 1),
            counts: Counts::default(),
            background: Arc::new(Background::default()),
            repairs: ConcurrencyLimiter::with_runtime(rt, REPAIRS)?,
        };
        Ok(DistributedCache::with_core(Core {
            replicas: Arc::new(replicas),
            keys: Arc::new(keys),
            values: Arc::new(values),
            prefix: format!("{}:v{}:", settings.namespace, settings.schema).into_bytes().into(),
            ttl: settings.ttl,
            removals: settings.removals,
            largest: settings.largest,
        }))
    }
}

impl<K, V, KC, VC> fmt::Debug for DistributedCacheBuilder<K, V, KC, VC> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes: Vec<_> = self.nodes.iter().map(|(name, _)| name).collect();
        f.debug_struct("DistributedCacheBuilder")
            .field("nodes", &nodes)
            .field("replication", &self.settings.replication)
            .field("namespace", &self.settings.namespace)
            .field("schema", &self.settings.schema)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// That of reads, and that of writes.
    fn quorums(&self) -> Result<(usize, usize), ConfigError> {
        let majority = self.replication / 2 + 1;
        let quorum = |field, set: Option<usize>| match set.unwrap_or(majority) {
            quorum if (1..=self.replication).contains(&quorum) => Ok(quorum),
            quorum => {
                let allowed = "1 or more, and at most `replication`";
                Err(ConfigError::new(field, quorum.to_string(), allowed))
            }
        };
        let read = quorum("read_quorum", self.read_quorum)?;
        let write = quorum("write_quorum", self.write_quorum)?;
        if read + write <= self.replication && !self.allows_stale_reads {
            let value = format!("{read} beside a `write_quorum` of {write}");
            let allowed =
                "more than `replication` together with `write_quorum`, or `allow_stale_reads`";
            return Err(ConfigError::new("read_quorum", value, allowed));
        }
        Ok((read, write))
    }

    fn check(&self) -> Result<(), ConfigError> {
        let name = &self.namespace;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.len() > MOST_NAMESPACE || !name.bytes().all(is_plain) {
            let allowed = "1 to 64 of ASCII letters, digits, `-`, `_` and `.`";
            return Err(ConfigError::new("namespace", format!("{name:?}"), allowed));
        }
        if let Some(ttl) = self.ttl {
            check_period("default_ttl", ttl)?;
        }
        if self.largest == 0 {
            return Err(ConfigError::new("largest_value", "0", "1 or more"));
        }
        check_period("node_timeout", self.timeout)?;
        check_period("keep_removals", self.removals)
    }

    fn member<R: Runtime>(
        &self,
        rt: &R,
        name: Arc<str>,
        node: Arc<dyn CacheNode>,
    ) -> Result<Arc<Member<R>>, ConfigError> {
        if self.calls == 0 {
            return Err(ConfigError::new("node_calls", "0", "1 or more"));
        }
        let permits = ConcurrencyLimiter::with_runtime(rt, self.calls)?
            .waiting_room((self.calls as usize).saturating_mul(WAITING))
            .longest_wait(self.timeout)?;
        let breaker = CircuitBreaker::with_runtime(rt, self.breaker)?;
        let (timeout, rt) = (self.timeout, rt.clone());
        Ok(Arc::new(Member { name, node, breaker, permits, timeout, rt }))
    }
}
