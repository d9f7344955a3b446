use std::error::Error;
use std::time::Duration;

use mtaio_runtime::Panic;
use thiserror::Error;

use crate::retryable::Retryable;
use crate::time::Elapsed;

/// Why a [`CacheNode`](super::CacheNode) did not do what it was asked for.
///
/// It does not say which node it was: who asks several says that with it.
///
/// Of a write that comes to [`Elapsed`](Self::Elapsed) or [`Unavailable`](Self::Unavailable) nobody
/// knows whether it took effect.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NodeError {
    /// It did not answer in time.
    #[error("the node did not answer: {0}")]
    Elapsed(#[from] Elapsed),
    /// It can't be reached, or the connection was lost before it answered.
    #[error("the node is not to be reached: {source}")]
    Unavailable {
        /// What was in the way.
        source: Box<dyn Error + Send + Sync>,
        /// When another attempt to reach it will be made, where that is known.
        retry_after: Option<Duration>,
    },
    /// It does not want this of whoever asks: a wrong password, no permission, a command that it
    /// does not know.
    #[error("the node refused: {reason}")]
    Refused {
        /// What it said.
        reason: Box<str>,
    },
    /// It has no room for more.
    #[error("the node is full: {reason}")]
    Full {
        /// What it said.
        reason: Box<str>,
    },
    /// The key and the value are larger than it takes. Nothing was sent.
    #[error("key and value have {size} bytes, the node takes {limit}")]
    TooLarge {
        /// How large they are, in bytes.
        size: usize,
        /// How large they may be.
        limit: usize,
    },
    /// Its code panicked.
    #[error("the node panicked: {0}")]
    Panicked(Panic),
    /// It answered what makes no sense, as somebody does who speaks another protocol. No answer on
    /// that connection is to be believed.
    #[error("the node answered what makes no sense: {reason}")]
    Protocol {
        /// What it was.
        reason: Box<str>,
    },
}

impl NodeError {
    /// It can't be reached because of `source`.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable { source: source.into(), retry_after: None }
    }

    /// It does not want this.
    pub fn refused(reason: impl Into<Box<str>>) -> Self {
        Self::Refused { reason: reason.into() }
    }

    /// It has no room.
    pub fn full(reason: impl Into<Box<str>>) -> Self {
        Self::Full { reason: reason.into() }
    }

    /// It makes no sense.
    pub fn protocol(reason: impl Into<Box<str>>) -> Self {
        Self::Protocol { reason: reason.into() }
    }

    /// Whether this tells of the node, and not of what was asked of it: it is down, hangs, or talks
    /// nonsense. This is what a breaker counts.
    pub const fn is_fault(&self) -> bool {
        match self {
            Self::Elapsed(elapsed) => !elapsed.is_inherited(),
            Self::Unavailable { .. } | Self::Panicked(_) | Self::Protocol { .. } => true,
            Self::Refused { .. } | Self::Full { .. } | Self::TooLarge { .. } => false,
        }
    }
}

impl Retryable for NodeError {
    /// If it is down, slow, or full, which may change. What it refused, it will refuse again.
    fn is_retryable(&self) -> bool {
        match self {
            Self::Elapsed(elapsed) => elapsed.is_retryable(),
            Self::Unavailable { .. } | Self::Full { .. } | Self::Protocol { .. } => true,
            Self::Refused { .. } | Self::TooLarge { .. } | Self::Panicked(_) => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
