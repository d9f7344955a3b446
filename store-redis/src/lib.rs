//! Redis and Valkey as a [`CacheNode`](mtaio::cache::CacheNode) of mtaio, on any runtime.
//!
//! ```
//! use std::time::Duration;
//! use mtaio::cache::CacheNode;
//! use mtaio_redis::{Address, RedisNode};
//! use mtaio::Runtime;
//! use smol::net::TcpStream;
//!
//! async fn remember<R: Runtime>(rt: &R, url: &str) -> Result<(), Box<dyn std::error::Error>> {
//!     let connect = async |to: Address| TcpStream::connect((to.host(), to.port())).await;
//!     let node = RedisNode::builder(url.parse()?).track("users:").build(rt, connect)?;
//!
//!     node.insert(b"users:ada", b"36", Some(Duration::from_secs(60))).await?;
//!     assert_eq!(node.get(b"users:ada").await?.as_deref(), Some(&b"36"[..]));
//!     Ok(())
//! }
//! ```
//!
//! It names no runtime: the caller says how a connection is opened ([`Connector`] has that for tokio
//! and for smol, in a few lines each), and all that runs beside the calls runs on the runtime that it
//! is built with.
//!
//! # One connection
//!
//! All calls share one connection, and many are under way on it at once: commands are written as
//! they come, all that wait at a time, and the answers come in the same order. It is made by the
//! first call, and after it was lost by the next: calls that were under way then fail, as nobody
//! knows what became of them, and none is repeated. What is sent and what is expected is bounded
//! ([`max_in_flight`](RedisBuilder::max_in_flight), [`max_size`](RedisBuilder::max_size)), and each
//! call ends within its [`timeout`](RedisBuilder::timeout).
//!
//! # Near caches
//!
//! With [`track`](RedisBuilder::track), the server tells of the keys that others change, on the same
//! connection and therefore in order with the answers;
//! [`invalidations`](RedisNode::invalidations) hands that to a cache in the process. It is done by
//! `CLIENT TRACKING` in its broadcasting mode without our own changes (`BCAST NOLOOP`): a cache keeps
//! what it has written itself, and hears when another overwrites it. What it costs is that changes
//! of keys are told which nobody here has read: choose the prefix accordingly. (One kind of our own
//! changes is told all the same: those by [`insert_if`](RedisNode#method.insert_if) that replace a
//! value, as servers take the script for another client. A cache then asks once more.)

mod builder;
mod connector;
mod endpoint;
mod error;
mod link;
mod node;
mod reply;
mod resp;
mod script;
mod stats;

pub use self::builder::RedisBuilder;
pub use self::connector::Connector;
pub use self::endpoint::{Address, Endpoint};
pub use self::error::ConnectionError;
pub use self::node::RedisNode;
pub use self::stats::RedisStats;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
