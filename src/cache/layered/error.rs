use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::cache::distributed::DistributedError;
use crate::cache::loading::LoadError;
use crate::retryable::Retryable;
use crate::time::Elapsed;

/// Why a [`LayeredCache`](super::LayeredCache) has no value to give. Who waits for one load shares
/// its error.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LayeredError<E = Infallible> {
    /// The nodes did not answer, or not with a value.
    #[error("{0}")]
    Remote(Arc<DistributedError>),
    /// They had no value, or did not answer, and the load failed.
    #[error("the value could not be loaded: {0}")]
    Failed(Arc<E>),
    /// The deadline of the caller's task came while it waited for another's load.
    #[error("another's load was {0}")]
    Elapsed(#[from] Elapsed),
}

/// What a load came to that has no value.
pub(super) enum Unfilled<E> {
    Remote(Arc<DistributedError>),
    Failed(Arc<E>),
}

impl<E> LayeredError<E> {
    /// The error of the load, where it failed.
    pub fn failure(&self) -> Option<&E> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Remote(_) | Self::Elapsed(_) => None,
        }
    }
}

impl<E> From<DistributedError> for LayeredError<E> {
    fn from(error: DistributedError) -> Self {
        Self::Remote(Arc::new(error))
    }
}

impl<E> From<LoadError<Unfilled<E>>> for LayeredError<E> {
    fn from(error: LoadError<Unfilled<E>>) -> Self {
        match error {
            LoadError::Elapsed(elapsed) => Self::Elapsed(elapsed),
            LoadError::Failed(error) => match &*error {
                Unfilled::Remote(error) => Self::Remote(Arc::clone(error)),
                Unfilled::Failed(error) => Self::Failed(Arc::clone(error)),
            },
        }
    }
}

/// Clones share the error, which need not be `Clone`.
impl<E> Clone for LayeredError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Remote(error) => Self::Remote(Arc::clone(error)),
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::Elapsed(elapsed) => Self::Elapsed(*elapsed),
        }
    }
}

impl<E: Retryable> Retryable for LayeredError<E> {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Remote(error) => error.is_retryable(),
            Self::Failed(error) => error.is_retryable(),
            Self::Elapsed(elapsed) => elapsed.is_retryable(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Remote(error) => error.retry_after(),
            Self::Failed(error) => error.retry_after(),
            Self::Elapsed(_) => None,
        }
    }
}
