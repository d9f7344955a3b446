use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::error::NodeError;

/// The future of a [`CacheNode`]'s method.
pub type NodeFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, NodeError>> + Send + 'a>>;

/// An engine that holds bytes under keys: in this process ([`MemoryNode`](super::MemoryNode)), or on
/// another machine. It is used as `Arc<dyn CacheNode>`, hence the boxed futures.
///
/// It is a cache: it may forget any key at any time, and none later than its time to live.
///
/// # What an implementation owes
///
/// - A future does nothing before its first poll.
/// - An answer belongs to its call: dropping a future at any poll gives no other call its reply.
///   Whether a write that was dropped or has failed takes effect is open; but if it does, then before
///   any call that begins later on the same handle.
/// - A call that can't be answered ends with an error. It need not be soon: who calls has a timeout.
/// - Keys and values are any bytes, also none at all.
///
/// # Examples
///
/// A node of your own, which here counts what it is asked:
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::Duration;
/// use mtaio::cache::{CacheNode, MemoryNode, NodeFuture};
///
/// struct Counted { node: MemoryNode, reads: AtomicU64 }
///
/// impl CacheNode for Counted {
///     fn get<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, Option<Vec<u8>>> {
///         self.reads.fetch_add(1, Ordering::Relaxed);
///         self.node.get(key)
///     }
///
///     fn insert<'a>(&'a self, key: &'a [u8], value: &'a [u8], ttl: Option<Duration>) -> NodeFuture<'a, ()> {
///         self.node.insert(key, value, ttl)
///     }
///
///     fn remove<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, bool> {
///         self.node.remove(key)
///     }
///
///     fn clear<'a>(&'a self, prefix: &'a [u8]) -> NodeFuture<'a, ()> {
///         self.node.clear(prefix)
///     }
///
///     fn ping(&self) -> NodeFuture<'_, ()> {
///         self.node.ping()
///     }
/// }
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let node = Counted { node: MemoryNode::new(&rt, 1 << 20)?, reads: AtomicU64::new(0) };
/// node.insert(b"ada", b"36", None).await?;
/// assert_eq!(node.get_many(&[b"ada", b"bob"]).await?, [Some(b"36".to_vec()), None]);
/// assert_eq!(node.reads.into_inner(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub trait CacheNode: Send + Sync + 'static {
    /// The value of `key`.
    ///
    /// # Errors
    ///
    /// [`NodeError`] if it is not known whether there is one.
    fn get<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, Option<Vec<u8>>>;

    /// The values of `keys`, in their order. Unless said, one get after the other.
    ///
    /// # Errors
    ///
    /// The first [`NodeError`] of any of them.
    fn get_many<'a>(&'a self, keys: &'a [&'a [u8]]) -> NodeFuture<'a, Vec<Option<Vec<u8>>>> {
        Box::pin(async move {
            let mut values = Vec::with_capacity(keys.len());
            for key in keys {
                values.push(self.get(key).await?);
            }
            Ok(values)
        })
    }

    /// Puts `value` in, in the place of the one that `key` has, for `ttl`, or for as long as the
    /// engine likes. What has no time to live left is not put in, and what `key` had is gone.
    ///
    /// # Errors
    ///
    /// [`NodeError`] if it is not known to have been put in.
    fn insert<'a>(
        &'a self,
        key: &'a [u8],
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> NodeFuture<'a, ()>;

    /// Puts `value` in if what `key` has is `expected`, or if it has nothing and `None` is: whether it
    /// did. Repairs are made so.
    ///
    /// Unless said it looks, and then puts in: what another puts in between is overwritten. Where the
    /// engine can do both at once, let it.
    ///
    /// # Errors
    ///
    /// [`NodeError`] if it is not known what became of it.
    fn insert_if<'a>(
        &'a self,
        key: &'a [u8],
        expected: Option<&'a [u8]>,
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> NodeFuture<'a, bool> {
        Box::pin(async move {
            if self.get(key).await?.as_deref() != expected {
                return Ok(false);
            }
            self.insert(key, value, ttl).await?;
            Ok(true)
        })
    }

    /// Takes out the value of `key`: whether there was one.
    ///
    /// # Errors
    ///
    /// [`NodeError`] if it is not known to have been taken out.
    fn remove<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, bool>;

    /// Takes out all keys that begin with `prefix`; with an empty one, everything.
    ///
    /// # Errors
    ///
    /// [`NodeError`] if they are not all known to have been taken out.
    fn clear<'a>(&'a self, prefix: &'a [u8]) -> NodeFuture<'a, ()>;

    /// Whether it answers. It is a barrier too: an engine that tells of
    /// [invalidations](super::Invalidations) has told of all that was before.
    ///
    /// # Errors
    ///
    /// [`NodeError`] if it does not.
    fn ping(&self) -> NodeFuture<'_, ()>;
}

impl<N: CacheNode + ?Sized> CacheNode for Arc<N> {
    fn get<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, Option<Vec<u8>>> {
        (**self).get(key)
    }

    fn get_many<'a>(&'a self, keys: &'a [&'a [u8]]) -> NodeFuture<'a, Vec<Option<Vec<u8>>>> {
        (**self).get_many(keys)
    }

    fn insert<'a>(
        &'a self,
        key: &'a [u8],
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> NodeFuture<'a, ()> {
        (**self).insert(key, value, ttl)
    }

    fn insert_if<'a>(
        &'a self,
        key: &'a [u8],
        expected: Option<&'a [u8]>,
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> NodeFuture<'a, bool> {
        (**self).insert_if(key, expected, value, ttl)
    }

    fn remove<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, bool> {
        (**self).remove(key)
    }

    fn clear<'a>(&'a self, prefix: &'a [u8]) -> NodeFuture<'a, ()> {
        (**self).clear(prefix)
    }

    fn ping(&self) -> NodeFuture<'_, ()> {
        (**self).ping()
    }
}
