use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::retryable::Retryable;
use crate::time::Elapsed;

/// Why a value could not be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The load failed, this call's or the one that it waited for: all who wait for one load share
    /// its error.
    #[error("the value could not be loaded: {0}")]
    Failed(Arc<E>),
    /// The deadline of the caller's task came while it waited for another's load.
    #[error("another's load was {0}")]
    Elapsed(#[from] Elapsed),
}

impl<E> LoadError<E> {
    /// The error of the load, where it failed.
    pub fn failure(&self) -> Option<&E> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Elapsed(_) => None,
        }
    }
}

/// Clones share the error, which need not be `Clone`.
impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::Elapsed(elapsed) => Self::Elapsed(*elapsed),
        }
    }
}

impl<E: Retryable> Retryable for LoadError<E> {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Failed(error) => error.is_retryable(),
            Self::Elapsed(elapsed) => elapsed.is_retryable(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.failure().and_then(E::retry_after)
    }
}
