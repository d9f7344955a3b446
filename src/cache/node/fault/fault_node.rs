use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime, RuntimeExt};
use parking_lot::Mutex;

use super::plan::{Fate, NodeFaults};
use crate::cache::node::cache_node::{CacheNode, NodeFuture};
use crate::cache::node::error::NodeError;
use crate::config::ConfigError;

/// A node in front of which things go wrong: to see in tests what becomes of a service then.
///
/// What goes wrong at random is said by [`NodeFaults`], and drawn from the runtime: in a simulation
/// the seed decides, and a failure can be replayed. The [link](Self::set_link) is cut and mended by hand.
///
/// It is a handle: its clones are the same node.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::cache::{CacheNode, FaultNode, Link, MemoryNode, NodeFaults};
/// use mtaio::time::timeout;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let [second, minute] = [1, 60].map(Duration::from_secs);
/// let faults = NodeFaults::new().latency(Duration::ZERO, second);
/// let node = FaultNode::new(&rt, MemoryNode::new(&rt, 1 << 20)?, faults)?;
/// timeout(&rt, second, node.insert(b"ada", b"36", None)).await??;
///
/// node.set_link(Link::Down);
/// assert!(node.get(b"ada").await.is_err());
/// node.set_link(Link::Silent);
/// assert!(timeout(&rt, minute, node.get(b"ada")).await.is_err());
/// node.set_link(Link::Up);
/// assert_eq!(node.get(b"ada").await?.as_deref(), Some(&b"36"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct FaultNode<N, R: Runtime = DynRuntime>(Arc<Inner<N, R>>);

struct Inner<N, R> {
    node: N,
    rt: R,
    faults: Mutex<NodeFaults>,
    link: AtomicU8,
    /// After how many more steps the link is cut, and how; a call has two, one on each way.
    cut: Mutex<Option<(u64, Link)>>,
    steps: AtomicU64,
    calls: AtomicU64,
    faulted: AtomicU64,
}

/// The way to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Link {
    /// It is there.
    Up,
    /// The node is not there, which is known at once: calls fail, also those that are under way,
    /// which may have been done.
    Down,
    /// Nothing comes through, in either direction: calls are never answered.
    Silent,
}

/// What a [`FaultNode`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultNodeStats {
    /// Calls that were begun.
    pub calls: u64,
    /// Those of them that were made to fail, or to have no answer.
    pub faults: u64,
    /// The ways that calls have gone, there and back: what [`FaultNode::cut_after`] counts.
    pub steps: u64,
}

impl<N: CacheNode> FaultNode<N> {
    /// `node` with faults, which does not show the runtime in its type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for parts that are not 0 to 1, and together no more than 1, and for a latency
    /// whose least is more than its most, which is at most 100 years.
    pub fn new<R: Runtime>(rt: &R, node: N, faults: NodeFaults) -> Result<Self, ConfigError> {
        Self::with_runtime(&DynRuntime::new(rt), node, faults)
    }
}

impl<N: CacheNode, R: Runtime> FaultNode<N, R> {
    /// As [`new`](FaultNode::new), on a runtime of known type.
    ///
    /// # Errors
    ///
    /// Those of [`new`](FaultNode::new).
    pub fn with_runtime(rt: &R, node: N, faults: NodeFaults) -> Result<Self, ConfigError> {
        faults.check()?;
        let counter = || AtomicU64::new(0);
        Ok(Self(Arc::new(Inner {
            node,
            rt: rt.clone(),
            faults: Mutex::new(faults),
            link: AtomicU8::new(Link::Up as u8),
            cut: Mutex::new(None),
            steps: counter(),
            calls: counter(),
            faulted: counter(),
        })))
    }

    /// The node itself, without faults: to see what it has.
    pub fn node(&self) -> &N {
        &self.0.node
    }

    /// Other faults, for calls that begin from now on.
    ///
    /// # Errors
    ///
    /// Those of [`new`](FaultNode::new).
    pub fn set_faults(&self, faults: NodeFaults) -> Result<(), ConfigError> {
        faults.check()?;
        *self.0.faults.lock() = faults;
        Ok(())
    }

    /// Cuts the link, or mends it; a cut that was [planned](Self::cut_after) is forgotten. What went
    /// under while it was silent stays so.
    pub fn set_link(&self, link: Link) {
        *self.0.cut.lock() = None;
        self.0.link.store(link as u8, Ordering::SeqCst);
    }

    /// The link is `link` after so many more steps as `steps`: a call is a step there and a step back. So
    /// with 1, the next call is done, and its answer does not come back. To see what becomes of a failure at any point,
    /// try each number in turn.
    pub fn cut_after(&self, steps: u64, link: Link) {
        *self.0.cut.lock() = Some((steps, link));
    }

    /// How the link is.
    pub fn link(&self) -> Link {
        match self.0.link.load(Ordering::SeqCst) {
            link if link == Link::Up as u8 => Link::Up,
            link if link == Link::Down as u8 => Link::Down,
            _ => Link::Silent,
        }
    }

    /// What was done so far.
    pub fn stats(&self) -> FaultNodeStats {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        FaultNodeStats {
            calls: read(&self.0.calls),
            faults: read(&self.0.faulted),
            steps: read(&self.0.steps),
        }
    }

    fn call<'a, T: Send + 'a>(
        &'a self,
        call: impl FnOnce(&'a N) -> NodeFuture<'a, T> + Send + 'a,
    ) -> NodeFuture<'a, T> {
        Box::pin(async move {
            let inner = &*self.0;
            inner.calls.fetch_add(1, Ordering::Relaxed);
            let faults = *inner.faults.lock();
            let (fate, there, back) = faults.draw(&inner.rt);
            self.way(there).await?;
            match fate {
                Fate::Error { is_done: false } => return Err(self.fault()),
                Fate::LostRequest => return self.lost().await,
                _ => {}
            }
            let answer = call(&inner.node).await?;
            match fate {
                Fate::Error { .. } => return Err(self.fault()),
                Fate::LostReply => return self.lost().await,
                _ => {}
            }
            self.way(back).await?;
            Ok(answer)
        })
    }

    /// One way, which may be cut in the middle of it.
    async fn way(&self, latency: Duration) -> Result<(), NodeError> {
        if !latency.is_zero() {
            self.0.rt.sleep(latency).await;
        }
        match self.step() {
            Link::Up => Ok(()),
            Link::Down => Err(self.fault()),
            Link::Silent => self.lost().await,
        }
    }

    /// Counts a step, and how the link is at it.
    fn step(&self) -> Link {
        self.0.steps.fetch_add(1, Ordering::Relaxed);
        let mut cut = self.0.cut.lock();
        match &mut *cut {
            Some((0, link)) => {
                self.0.link.store(*link as u8, Ordering::SeqCst);
                *cut = None;
            }
            Some((steps, _)) => *steps -= 1,
            None => {}
        }
        drop(cut);
        self.link()
    }

    fn fault(&self) -> NodeError {
        self.0.faulted.fetch_add(1, Ordering::Relaxed);
        NodeError::unavailable("a fault, on purpose")
    }

    /// Waits for what never comes.
    async fn lost<T: Send>(&self) -> Result<T, NodeError> {
        self.0.faulted.fetch_add(1, Ordering::Relaxed);
        pending().await
    }
}

impl<N: CacheNode, R: Runtime> CacheNode for FaultNode<N, R> {
    fn get<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, Option<Vec<u8>>> {
        self.call(move |node| node.get(key))
    }

    fn get_many<'a>(&'a self, keys: &'a [&'a [u8]]) -> NodeFuture<'a, Vec<Option<Vec<u8>>>> {
        self.call(move |node| node.get_many(keys))
    }

    fn insert<'a>(
        &'a self,
        key: &'a [u8],
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> NodeFuture<'a, ()> {
        self.call(move |node| node.insert(key, value, ttl))
    }

    fn insert_if<'a>(
        &'a self,
        key: &'a [u8],
        expected: Option<&'a [u8]>,
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> NodeFuture<'a, bool> {
        self.call(move |node| node.insert_if(key, expected, value, ttl))
    }

    fn remove<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, bool> {
        self.call(move |node| node.remove(key))
    }

    fn clear<'a>(&'a self, prefix: &'a [u8]) -> NodeFuture<'a, ()> {
        self.call(move |node| node.clear(prefix))
    }

    fn ping(&self) -> NodeFuture<'_, ()> {
        self.call(|node| node.ping())
    }
}

impl<N, R: Runtime> Clone for FaultNode<N, R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<N: CacheNode, R: Runtime> fmt::Debug for FaultNode<N, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultNode")
            .field("link", &self.link())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
