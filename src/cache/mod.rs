//! Caches: values that were dear to get, kept for a while.
//!
//! A [`TtlCache`] is in the process: bounded by a number of entries or by their weight, with a time
//! to live, by the clock of a runtime. What waits for nothing is no `async`; only what loads is:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use mtaio::cache::{Eviction, TtlCache};
//!
//! # mtaio_sim::Sim::run(0, |rt| async move {
//! # #[derive(Clone)] struct Db;
//! # impl Db { async fn age(&self, _: &str) -> Result<u32, std::io::Error> { Ok(36) } }
//! # let db = Db;
//! let ages = TtlCache::<String, u32>::builder(10_000)
//!     .eviction(Eviction::Lru)
//!     .default_ttl(Duration::from_secs(60))
//!     .build(&rt)?;
//!
//! // Who asks for one name at a time waits for one look at the database.
//! let age = ages.get_or_load("ada", || db.age("ada")).await.unwrap();
//! assert_eq!((age, ages.get("ada")), (36, Some(36)));
//! ages.remove("ada");
//! assert_eq!(ages.get("ada"), None);
//! # Ok::<(), mtaio::ConfigError>(())
//! # }).unwrap();
//! ```
//!
//! # When what is cached changes
//!
//! Change the origin first, and then the cache: [`remove`](TtlCache::remove), or
//! [`insert`](TtlCache::insert) the new value. What is being loaded at that time does not get into
//! the cache any more, as it may be older than the change.
//!
//! Where somebody else changes it, an event can say so:
//! [`invalidate_on`](TtlCache::invalidate_on). What is not loaded by the cache itself, or written by
//! several, goes in by a [`lease`](TtlCache::lease), which a change voids.
//!
//! # Around a function, and in a policy
//!
//! [`cached`] puts a cache in front of a function. Where that is to be retried, limited and so on, a
//! cache is one of the stages of a [`Policy`](crate::policy::Policy), which is then run for a key:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use mtaio::cache::TtlCache;
//! use mtaio::policy::{Fallback, Policy, Retry};
//!
//! # mtaio_sim::Sim::run(0, |rt| async move {
//! # async fn seats(_: &str) -> Result<u32, String> { Ok(149) }
//! let cache = Arc::new(TtlCache::<String, u32>::new(&rt, 512)?);
//! let policy = Policy::new(&rt)
//!     .fallback(Fallback::value(0)) // For each caller, and not kept.
//!     .cache(&cache)
//!     .retry(Retry::exponential(Duration::from_millis(10)).max_attempts(3).build()?)
//!     .timeout(Duration::from_secs(1))
//!     .build()?;
//! assert_eq!(policy.run_for("N14228", async |_| seats("N14228").await).await, Ok(149));
//! # Ok::<(), mtaio::ConfigError>(())
//! # }).unwrap();
//! ```
//!
//! # When the origin is slow, or down
//!
//! | what is wanted | the setting |
//! | --- | --- |
//! | nobody waits for a value that is asked for often | [`refresh_ahead`](TtlCacheBuilder::refresh_ahead) |
//! | an old value at once rather than a new one later | [`stale_while_revalidate`](TtlCacheBuilder::stale_while_revalidate) |
//! | an old value rather than an error | [`stale_on_error`](TtlCacheBuilder::stale_on_error) |
//! | that something does not exist is remembered, but not for long | [`ttl_of`](TtlCacheBuilder::ttl_of) |
//! | a load that hangs keeps nobody waiting for ever | [`load_patience`](TtlCacheBuilder::load_patience) |
//! | what came together does not expire together | [`ttl_jitter`](TtlCacheBuilder::ttl_jitter) |
//!
//! # When several processes share what they cache
//!
//! | type | what it is |
//! | --- | --- |
//! | [`LayeredCache`] | a cache in the process in front of one that is shared, coherent by [`Invalidations`] |
//! | [`DistributedCache`] | one cache over several nodes: where keys are ([`Rendezvous`]), copies, quorums, repair |
//! | [`CacheNode`] | an engine: [`MemoryNode`] in the process; one of your own; the crate `mtaio-redis` |
//! | [`FaultNode`] | one that fails on purpose, for tests |
//! | [`Codec`] | makes bytes of keys and values: [`Plain`], or with feature `serde` `Postcard` |
//!
//! Start with the layers over a node in the process; another process, or another machine, is then
//! another node, and nothing else changes:
//!
//! ```
//! use mtaio::cache::{DistributedCache, LayeredCache, MemoryNode};
//!
//! # mtaio_sim::Sim::run(0, |rt| async move {
//! # async fn age(_: &str) -> Result<Option<u32>, std::io::Error> { Ok(Some(36)) }
//! let node = MemoryNode::new(&rt, 64 << 20)?;
//! let shared = DistributedCache::<String, u32>::builder().node("cache-1", node).build(&rt)?;
//! let ages = LayeredCache::builder(&shared).build()?;
//!
//! let ada = "ada".to_string();
//! assert_eq!(ages.get_or_load(&ada, || age("ada")).await?, Some(36));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod access;
mod builder;
mod change;
mod codec;
mod distributed;
mod eviction;
mod hasher;
mod invalidation;
mod layered;
mod loading;
mod maintenance;
mod node;
mod order;
mod outbox;
mod reentry;
mod shard;
mod spans;
mod stage;
mod stats;
mod ttl_cache;

pub use self::builder::TtlCacheBuilder;
#[cfg(feature = "serde")]
pub use self::codec::Postcard;
pub use self::codec::{Codec, CodecError, EnvelopeError, Plain};
pub use self::distributed::{
    DistributedCache, DistributedCacheBuilder, DistributedError, DistributedStats, NodeStats,
    Picked, QuorumError, Rendezvous, ReplicaError, ReplicaFailure,
};
pub use self::eviction::{Cause, Eviction};
pub use self::hasher::{KeyedHasher, KeyedState};
pub use self::invalidation::Invalidate;
pub use self::layered::{LayeredCache, LayeredCacheBuilder, LayeredError, LayeredStats};
pub use self::loading::{Cached, Lease, LoadError, cached};
pub use self::node::{
    CacheNode, FaultNode, FaultNodeStats, Invalidation, Invalidations, Invalidator, Link,
    MemoryNode, NodeError, NodeFaults, NodeFuture,
};
pub use self::stage::{CacheStage, EarlierStage, LastStage, StageFor};
pub use self::stats::CacheStats;
pub use self::ttl_cache::TtlCache;
