use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mtaio::ConfigError;
use mtaio::cache::{CacheNode, Invalidations, NodeError, NodeFuture};
use mtaio_runtime::{DynRuntime, Runtime};

use crate::builder::RedisBuilder;
use crate::endpoint::Endpoint;
use crate::link::Link;
use crate::reply;
use crate::resp::Frame;
use crate::script;
use crate::stats::RedisStats;

/// A server of Redis (6 or newer) or Valkey, as a [`CacheNode`].
///
/// It is a handle: clones are the same node, with one connection for all of them, over which many
/// calls are under way at once. The first call makes the connection, on a task of its own, and after
/// it was lost the next one makes another; [`ping`](CacheNode::ping) at the start tells whether the
/// settings are right. When connections fail in a row, calls fail at once until it is time for the
/// next attempt, and say when that is.
///
/// # Cancel safety
///
/// A call that is dropped may take effect if it had begun. No other call gets its answer. (When a
/// connection is lost with commands on it that have no answer, the next one has the server close it
/// first: what was asked before happens before what is asked later, or never. That takes the
/// permission for `CLIENT KILL`, and Redis 6.2.)
///
/// # Compare and set
///
/// [`insert_if`](#method.insert_if) is atomic on the server. Replacing a value takes the permission
/// for `EVAL`; without it the call is refused, as others are that the user may not make.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::cache::{CacheNode, NodeError};
/// use mtaio_redis::{Address, RedisNode};
/// use smol::net::TcpStream;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # mtaio_smol::block_on(async |rt| {
/// let connect = async |to: Address| TcpStream::connect((to.host(), to.port())).await;
/// let node = RedisNode::builder("redis://127.0.0.1:1".parse()?)
///     .timeout(Duration::from_millis(500))
///     .build(&rt, connect)?;
///
/// // Nobody listens there.
/// let refused = node.insert(b"ada", b"36", Some(Duration::from_secs(60))).await.unwrap_err();
/// assert!(matches!(refused, NodeError::Unavailable { .. }));
/// # Ok(())
/// # })?
/// # }
/// ```
pub struct RedisNode<R: Runtime = DynRuntime>(Arc<Handle<R>>);

/// Of all clones: when the last one goes, so does the connection.
struct Handle<R: Runtime>(Arc<Link<R>>);

/// So many keys are asked for by one command, or taken out by one: what runs on the server for
/// longer holds up all of its clients.
const KEYS_AT_ONCE: usize = 512;

impl RedisNode {
    /// A node that is at `endpoint`, to be built.
    pub fn builder(endpoint: Endpoint) -> RedisBuilder {
        RedisBuilder::new(endpoint)
    }
}

impl<R: Runtime> RedisNode<R> {
    pub(crate) fn new(link: Link<R>) -> Self {
        Self(Arc::new(Handle(Arc::new(link))))
    }

    /// What others change of the keys that are [tracked](RedisBuilder::track), from now on: at most
    /// so many keys as `capacity` wait to be taken. What this node changes itself is not told, but for
    /// a value that [`insert_if`](#method.insert_if) replaces: servers take its script for another
    /// client.
    ///
    /// When the connection is lost, it says [`Lost`](mtaio::cache::Invalidation::Lost), and once more
    /// when there is another. A connection that died without a word is noticed when it is next used,
    /// or after the time of [`keepalive`](RedisBuilder::keepalive) and a
    /// [`timeout`](RedisBuilder::timeout).
    ///
    /// A [`ping`](CacheNode::ping) that is answered is a barrier: all that was changed and
    /// acknowledged before has been told.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if nothing is tracked, or if `capacity` is zero.
    pub fn invalidations(&self, capacity: usize) -> Result<Invalidations, ConfigError> {
        let tracking = self.link().tracking();
        if !tracking.is_on() {
            return Err(ConfigError::new("track", "nothing", "a prefix of keys, or an empty one"));
        }
        let (invalidator, invalidations) = Invalidations::channel(capacity)?;
        tracking.add(invalidator);
        Ok(invalidations)
    }

    /// Where it is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.link().settings().endpoint
    }

    /// How it stands.
    pub fn stats(&self) -> RedisStats {
        self.link().stats()
    }

    fn link(&self) -> &Arc<Link<R>> {
        &self.0.0
    }

    async fn ask<T>(
        &self,
        parts: &[&[u8]],
        meaning: impl FnOnce(Frame) -> Result<T, NodeError>,
    ) -> Result<T, NodeError> {
        let (answer, epoch) = self.link().call(parts).await?;
        let meant = meaning(reply::accepted(answer)?);
        if let Err(NodeError::Protocol { reason }) = &meant {
            self.link().distrust(epoch, reason);
        }
        meant
    }

    /// Whether there was nothing, and what is put in is there now. It takes no script.
    async fn insert_new(
        &self,
        key: &[u8],
        value: &[u8],
        millis: Option<&str>,
    ) -> Result<bool, NodeError> {
        let mut set: Vec<&[u8]> = vec![b"SET", key, value, b"NX"];
        match millis {
            None => {}
            // Nothing would be there afterwards either.
            Some("0") => {
                return self
                    .ask(&[b"EXISTS", key], |answer| reply::count(&answer))
                    .await
                    .map(|n| n == 0);
            }
            Some(millis) => set.extend([b"PX", millis.as_bytes()]),
        }
        self.ask(&set, |answer| reply::done_or_not(&answer)).await
    }

    fn check_size(&self, key: &[u8], value: &[u8]) -> Result<(), NodeError> {
        let (size, limit) = (key.len().saturating_add(value.len()), self.max_size());
        if size > limit { Err(NodeError::TooLarge { size, limit }) } else { Ok(()) }
    }

    fn max_size(&self) -> usize {
        self.link().settings().max_size
    }

    async fn remove_all(&self, prefix: &[u8]) -> Result<(), NodeError> {
        let pattern = beginning_with(prefix);
        let count = KEYS_AT_ONCE.to_string();
        let mut cursor = b"0".to_vec();
        loop {
            let scan: [&[u8]; 6] =
                [b"SCAN", &cursor, b"MATCH", &pattern, b"COUNT", count.as_bytes()];
            let scanned = self.ask(&scan, |answer| reply::scanned(answer, self.max_size()));
            let (next, keys) = scanned.await?;
            for keys in keys.chunks(KEYS_AT_ONCE) {
                let mut unlink: Vec<&[u8]> = vec![b"UNLINK"];
                unlink.extend(keys.iter().map(Vec::as_slice));
                self.ask(&unlink, |answer| reply::count(&answer)).await?;
            }
            if next == b"0" {
                return Ok(());
            }
            cursor = next;
        }
    }
}

impl<R: Runtime> CacheNode for RedisNode<R> {
    /// A value that is larger than [`max_size`](RedisBuilder::max_size) is refused, and not received.
    fn get<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            self.check_size(key, b"")?;
            self.ask(&[b"GET", key], |answer| reply::value(answer, self.max_size())).await
        })
    }

    /// In commands of up to 512 keys and [`max_size`](RedisBuilder::max_size), one after the other.
    fn get_many<'a>(&'a self, keys: &'a [&'a [u8]]) -> NodeFuture<'a, Vec<Option<Vec<u8>>>> {
        Box::pin(async move {
            let limit = self.max_size();
            let mut values = Vec::with_capacity(keys.len());
            while values.len() < keys.len() {
                let mut parts: Vec<&[u8]> = vec![b"MGET"];
                let mut size = 0;
                for key in keys[values.len()..].iter().take(KEYS_AT_ONCE) {
                    self.check_size(key, b"")?;
                    size += key.len();
                    if size > limit {
                        break;
                    }
                    parts.push(key);
                }
                let count = parts.len() - 1;
                let some = self.ask(&parts, |answer| reply::values(answer, count, limit));
                values.append(&mut some.await?);
            }
            Ok(values)
        })
    }

    /// The time to live counts in whole milliseconds, and at most 100 years.
    fn insert<'a>(
        &'a self,
        key: &'a [u8],
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> NodeFuture<'a, ()> {
        Box::pin(async move {
            self.check_size(key, value)?;
            match ttl.map(whole_millis) {
                None => self.ask(&[b"SET", key, value], |answer| reply::done(&answer)).await,
                Some(0) => self.remove(key).await.map(drop),
                Some(millis) => {
                    let millis = millis.to_string();
                    let set: [&[u8]; 5] = [b"SET", key, value, b"PX", millis.as_bytes()];
                    self.ask(&set, |answer| reply::done(&answer)).await
                }
            }
        })
    }

    /// In one step on the server: nothing comes between the look and the change.
    ///
    /// Where nothing is `expected` it is a `SET` with `NX`. Otherwise it is a script (`EVAL`), which the
    /// user needs the permission for, as well as for `GET`, `SET` and `UNLINK`; and where keys are
    /// [tracked](RedisBuilder::track) this node is told of the change too, as if it were another's: the
    /// server does not see whose script it is.
    ///
    /// The time to live is as for an insert. `expected` is bound by
    /// [`max_size`](RedisBuilder::max_size) as `value` is; what the key has is not, as it is not
    /// received.
    fn insert_if<'a>(
        &'a self,
        key: &'a [u8],
        expected: Option<&'a [u8]>,
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> NodeFuture<'a, bool> {
        Box::pin(async move {
            self.check_size(key, value)?;
            let millis = ttl.map(|ttl| whole_millis(ttl).to_string());
            let Some(expected) = expected else {
                return self.insert_new(key, value, millis.as_deref()).await;
            };
            self.check_size(key, expected)?;
            let mut eval: Vec<&[u8]> = vec![b"EVAL", script::CHANGE_IF, b"1", key, expected];
            match millis.as_deref() {
                None => eval.extend([b"SET", value]),
                Some("0") => eval.push(b"UNLINK"),
                Some(millis) => eval.extend([b"SET", value, b"PX", millis.as_bytes()]),
            }
            self.ask(&eval, |answer| reply::count(&answer)).await.map(|count| count > 0)
        })
    }

    fn remove<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, bool> {
        Box::pin(async move {
            self.check_size(key, b"")?;
            self.ask(&[b"UNLINK", key], |answer| reply::count(&answer)).await.map(|count| count > 0)
        })
    }

    /// With an empty prefix it empties the database, at once. Otherwise it goes through all keys of
    /// the database, in steps, each of which has the time of a call; keys that are put in meanwhile
    /// may stay.
    fn clear<'a>(&'a self, prefix: &'a [u8]) -> NodeFuture<'a, ()> {
        Box::pin(async move {
            self.check_size(prefix, b"")?;
            if prefix.is_empty() {
                return self.ask(&[b"FLUSHDB", b"ASYNC"], |answer| reply::done(&answer)).await;
            }
            self.remove_all(prefix).await
        })
    }

    fn ping(&self) -> NodeFuture<'_, ()> {
        Box::pin(self.ask(&[b"PING"], |answer| reply::pong(&answer)))
    }
}

fn whole_millis(ttl: Duration) -> u128 {
    const LONGEST: u128 = 100 * 365 * 24 * 60 * 60 * 1_000;

    ttl.as_millis().min(LONGEST)
}

/// A pattern for all keys that begin with `prefix`, whatever is in it.
fn beginning_with(prefix: &[u8]) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(prefix.len() + 1);
    for &byte in prefix {
        if b"*?[]\\^-".contains(&byte) {
            pattern.push(b'\\');
        }
        pattern.push(byte);
    }
    pattern.push(b'*');
    pattern
}

impl<R: Runtime> Clone for RedisNode<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: Runtime> Drop for Handle<R> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<R: Runtime> fmt::Debug for RedisNode<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisNode")
            .field("endpoint", self.endpoint())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
