use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::member::Failure;
use crate::cache::codec::EnvelopeError;
use crate::cache::node::NodeError;
use crate::policy::PolicyError;
use crate::retryable::Retryable;

/// Why a [`DistributedCache`](super::DistributedCache) did not do what it was asked for. Keys are
/// shown as text, with what is not printable escaped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DistributedError {
    /// Too few of a key's nodes did it.
    #[error("{0}")]
    Quorum(#[from] QuorumError),
    /// The bytes of a value make no value.
    #[error("what `{key}` has makes no value: {source}")]
    Decode {
        /// Whose value it was to be.
        key: Box<str>,
        /// What the codec said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A key or a value makes no bytes.
    #[error("{what} makes no bytes: {source}")]
    Encode {
        /// The key, or the value of which key.
        what: Box<str>,
        /// What the codec said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A value has more bytes than is allowed. Nothing was sent.
    #[error("the value of `{key}` has {size} bytes, allowed are {limit}")]
    TooLarge {
        /// Whose value it is.
        key: Box<str>,
        /// How many bytes it has.
        size: usize,
        /// How many it may have.
        limit: usize,
    },
}

/// Too few nodes did what was asked for.
#[derive(Debug)]
pub struct QuorumError {
    pub(super) operation: &'static str,
    pub(super) key: Option<Box<str>>,
    pub(super) done: usize,
    pub(super) needed: usize,
    pub(super) failures: Vec<ReplicaError>,
}

/// What kept one node from doing it.
#[derive(Debug, Error)]
#[error("`{node}`: {reason}")]
pub struct ReplicaError {
    pub(super) node: Arc<str>,
    #[source]
    pub(super) reason: ReplicaFailure,
}

/// Why a node was of no use.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplicaFailure {
    /// It did not do what it was asked for: by its own error, or because it was too late, or not
    /// asked, as its breaker is open or too many calls to it are under way.
    #[error("{0}")]
    Node(#[source] PolicyError<NodeError>),
    /// What it has under the key is not what was put there.
    #[error("{0}")]
    Value(#[from] EnvelopeError),
}

impl From<Failure> for ReplicaFailure {
    fn from(failure: Failure) -> Self {
        Self::Node(failure)
    }
}

impl QuorumError {
    /// How many nodes did it.
    pub const fn done(&self) -> usize {
        self.done
    }

    /// How many had to.
    pub const fn needed(&self) -> usize {
        self.needed
    }

    /// Whose value it was about, as text, where it was about one key.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// What kept the others from it.
    pub fn failures(&self) -> &[ReplicaError] {
        &self.failures
    }

    /// The first value that is not what was put there, if there was one.
    pub fn damage(&self) -> Option<&EnvelopeError> {
        self.failures.iter().find_map(|failure| match &failure.reason {
            ReplicaFailure::Value(error) => Some(error),
            ReplicaFailure::Node(_) => None,
        })
    }
}

impl ReplicaError {
    /// The name of the node.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// What it was.
    pub const fn reason(&self) -> &ReplicaFailure {
        &self.reason
    }
}

impl fmt::Display for QuorumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, key, done, needed, failures } = self;
        f.write_str(operation)?;
        if let Some(key) = key {
            write!(f, " of `{key}`")?;
        }
        write!(f, ": {done} of {needed} nodes answered")?;
        for (number, failure) in failures.iter().enumerate() {
            write!(f, "{}{failure}", if number == 0 { "; " } else { ", " })?;
        }
        Ok(())
    }
}

impl Error for QuorumError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.failures.first().map(|failure| failure as _)
    }
}

impl Retryable for QuorumError {
    /// If as many nodes may do it the next time as have to.
    fn is_retryable(&self) -> bool {
        let hopeful = self.failures.iter().filter(|failure| failure.is_retryable()).count();
        self.done + hopeful >= self.needed
    }

    /// When the first of them may do it.
    fn retry_after(&self) -> Option<Duration> {
        self.failures.iter().filter_map(Retryable::retry_after).min()
    }
}

impl Retryable for ReplicaError {
    fn is_retryable(&self) -> bool {
        match &self.reason {
            ReplicaFailure::Node(failure) => failure.is_retryable(),
            ReplicaFailure::Value(error) => error.is_retryable(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match &self.reason {
            ReplicaFailure::Node(failure) => failure.retry_after(),
            ReplicaFailure::Value(_) => None,
        }
    }
}

impl Retryable for DistributedError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Quorum(error) => error.is_retryable(),
            Self::Decode { .. } | Self::Encode { .. } | Self::TooLarge { .. } => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Quorum(error) => error.retry_after(),
            _ => None,
        }
    }
}
