use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};
use parking_lot::Mutex;

use super::cache_node::{CacheNode, NodeFuture};
use super::error::NodeError;
use super::invalidation::{Invalidation, Invalidations, Invalidator};
use crate::cache::stats::CacheStats;
use crate::cache::ttl_cache::TtlCache;
use crate::config::ConfigError;
use crate::contain::contain;

/// A node in this process, over a [`TtlCache`]: what a service starts with, and tests run on.
///
/// It is a handle of a *client*: its clones are the same client, and [`client`](Self::client) makes
/// another one of the same engine. A client is [told](Self::invalidations) of what the others change,
/// and not of what it changes itself.
///
/// # Examples
///
/// ```
/// use mtaio::cache::{CacheNode, Invalidation, MemoryNode};
/// # use futures::StreamExt as _;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let node = MemoryNode::new(&rt, 64 << 20)?;
/// node.insert(b"ada", b"36", None).await?;
/// assert_eq!(node.get(b"ada").await?.as_deref(), Some(&b"36"[..]));
///
/// let other = node.client();
/// let mut changed = other.invalidations(1_000)?;
/// node.remove(b"ada").await?;
/// assert_eq!(changed.next().await, Some(Invalidation::Key((*b"ada").into())));
/// assert_eq!(other.get(b"ada").await?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct MemoryNode<R: Runtime = DynRuntime> {
    engine: Arc<Engine<R>>,
    client: u64,
}

struct Engine<R: Runtime> {
    entries: TtlCache<Box<[u8]>, Arc<[u8]>, R>,
    /// What a key and its value may weigh.
    heaviest: usize,
    clients: AtomicU64,
    listeners: Mutex<Vec<Listener>>,
}

#[derive(Clone)]
struct Listener {
    client: u64,
    invalidator: Invalidator,
}

/// What an entry weighs beside its key and its value.
const ENTRY: usize = 64;

/// A part of the engine with a lock of its own has at least so much room, as that bounds a value.
const SHARE: usize = 1 << 20;

impl MemoryNode {
    /// An engine that holds as many bytes as `capacity`, and its first client, which do not show the
    /// runtime in their type. An entry counts its key, its value, and 64 bytes besides.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `capacity` is zero, or more than 2^48.
    pub fn new<R: Runtime>(rt: &R, capacity: usize) -> Result<Self, ConfigError> {
        Self::with_runtime(&DynRuntime::new(rt), capacity)
    }
}

impl<R: Runtime> MemoryNode<R> {
    /// As [`new`](MemoryNode::new), on a runtime of known type.
    ///
    /// # Errors
    ///
    /// Those of [`new`](MemoryNode::new).
    pub fn with_runtime(rt: &R, capacity: usize) -> Result<Self, ConfigError> {
        let shards = 1 << (capacity / SHARE).clamp(1, 16).ilog2();
        let entries = TtlCache::<Box<[u8]>, Arc<[u8]>>::builder(capacity)
            .weigher(|key, value| {
                u32::try_from(key.len() + value.len() + ENTRY).unwrap_or(u32::MAX)
            })
            .shards(shards)
            .default_ttl(None)
            .build_with_runtime(rt)?;
        let engine = Engine {
            entries,
            heaviest: (capacity / shards).min(u32::MAX as usize),
            clients: AtomicU64::new(1),
            listeners: Mutex::new(Vec::new()),
        };
        Ok(Self { engine: Arc::new(engine), client: 0 })
    }

    /// Another client of the same engine.
    pub fn client(&self) -> Self {
        let client = self.engine.clients.fetch_add(1, Ordering::Relaxed);
        Self { engine: Arc::clone(&self.engine), client }
    }

    /// What other clients change from now on: at most so many keys as `capacity` wait to be taken.
    /// What expires or has to make room is not told.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `capacity` is zero.
    pub fn invalidations(&self, capacity: usize) -> Result<Invalidations, ConfigError> {
        let (invalidator, invalidations) = Invalidations::channel(capacity)?;
        let listener = Listener { client: self.client, invalidator };
        let mut listeners = self.engine.listeners.lock();
        let gone = listeners.extract_if(.., |listener| listener.invalidator.is_closed()).collect();
        listeners.push(listener);
        drop(listeners);
        drop::<Vec<_>>(gone);
        Ok(invalidations)
    }

    /// What the engine has done, and what it holds.
    pub fn stats(&self) -> CacheStats {
        self.engine.entries.stats()
    }

    /// After a change, and before it is answered.
    fn tell(&self, changed: &Invalidation) {
        // Who is woken may use this node: the list is not locked meanwhile.
        let listeners: Vec<Listener> = {
            let listeners = self.engine.listeners.lock();
            listeners.iter().filter(|listener| listener.client != self.client).cloned().collect()
        };
        let mut told = None;
        for listener in listeners {
            // What one of them panics with keeps none of the others from being told.
            let woken = contain(|| listener.invalidator.tell(changed.clone()));
            told = told.or(woken.err());
        }
        if let Some(panic) = told {
            panic.resume();
        }
    }

    fn tell_key(&self, key: &[u8]) {
        if !self.engine.listeners.lock().is_empty() {
            self.tell(&Invalidation::Key(key.into()));
        }
    }
}

impl<R: Runtime> Engine<R> {
    fn check_size(&self, key: &[u8], value: &[u8]) -> Result<(), NodeError> {
        let (size, limit) = (key.len() + value.len(), self.heaviest);
        if size + ENTRY > limit {
            return Err(NodeError::TooLarge { size, limit: limit.saturating_sub(ENTRY) });
        }
        Ok(())
    }

    fn insert_if(
        &self,
        key: &[u8],
        expected: Option<&[u8]>,
        value: &[u8],
        ttl: Option<Duration>,
    ) -> bool {
        let value: Arc<[u8]> = value.into();
        let is_put = match expected {
            Some(expected) => {
                let put = |current: &mut Arc<[u8]>| {
                    let is_expected = **current == *expected;
                    if is_expected {
                        current.clone_from(&value);
                    }
                    is_expected
                };
                self.entries.update(key, put).unwrap_or(false)
            }
            None => {
                let found = self.entries.get_or_insert_with(key.into(), || Arc::clone(&value));
                Arc::ptr_eq(&found, &value)
            }
        };
        if is_put {
            self.entries.touch_with_ttl(key, ttl);
        }
        is_put
    }
}

impl<R: Runtime> CacheNode for MemoryNode<R> {
    fn get<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move { Ok(self.engine.entries.get(key).map(|value| value.to_vec())) })
    }

    fn get_many<'a>(&'a self, keys: &'a [&'a [u8]]) -> NodeFuture<'a, Vec<Option<Vec<u8>>>> {
        Box::pin(async move {
            let values = self.engine.entries.get_many(keys.iter().copied());
            Ok(values.into_iter().map(|value| value.map(|value| value.to_vec())).collect())
        })
    }

    fn insert<'a>(
        &'a self,
        key: &'a [u8],
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> NodeFuture<'a, ()> {
        Box::pin(async move {
            self.engine.check_size(key, value)?;
            if ttl.is_some_and(|ttl| ttl.is_zero()) {
                self.engine.entries.invalidate(key);
            } else {
                self.engine.entries.insert_with_ttl(key.into(), value.into(), ttl);
            }
            self.tell_key(key);
            Ok(())
        })
    }

    fn insert_if<'a>(
        &'a self,
        key: &'a [u8],
        expected: Option<&'a [u8]>,
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> NodeFuture<'a, bool> {
        Box::pin(async move {
            self.engine.check_size(key, value)?;
            let is_put = self.engine.insert_if(key, expected, value, ttl);
            if is_put {
                self.tell_key(key);
            }
            Ok(is_put)
        })
    }

    fn remove<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, bool> {
        Box::pin(async move {
            let was_there = self.engine.entries.invalidate(key);
            self.tell_key(key);
            Ok(was_there)
        })
    }

    fn clear<'a>(&'a self, prefix: &'a [u8]) -> NodeFuture<'a, ()> {
        Box::pin(async move {
            if prefix.is_empty() {
                self.engine.entries.clear();
            } else {
                self.engine.entries.retain(|key, _| !key.starts_with(prefix));
            }
            self.tell(&Invalidation::All);
            Ok(())
        })
    }

    fn ping(&self) -> NodeFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

impl<R: Runtime> Clone for MemoryNode<R> {
    fn clone(&self) -> Self {
        Self { engine: Arc::clone(&self.engine), client: self.client }
    }
}

impl<R: Runtime> fmt::Debug for MemoryNode<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryNode")
            .field("client", &self.client)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
