use std::time::Duration;

use thiserror::Error;

use crate::retryable::Retryable;
use crate::time::Elapsed;

/// Why a call of a [`Bulk`](super::Bulk) has no value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BulkError<E> {
    /// Its own result is an error.
    #[error("{0}")]
    Failed(#[source] E),
    /// The inherited deadline was over. The function may have been called.
    #[error("{0}")]
    Elapsed(#[from] Elapsed),
    /// The function panicked, for all that are in the batch.
    #[error("the batch function panicked: {message}")]
    Panicked {
        /// What the panic said.
        message: String,
    },
    /// The function answered with another number of results than it got inputs: they can't be told
    /// apart, and nobody in the batch gets one.
    #[error("the batch function answered {inputs} inputs with {results} results")]
    Mismatched {
        /// How many inputs there were.
        inputs: usize,
        /// How many results.
        results: usize,
    },
    /// The runtime is gone.
    #[error("the runtime is gone")]
    RuntimeGone,
}

impl<E> BulkError<E> {
    /// The result's own error, if it was that.
    pub fn into_failed(self) -> Option<E> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

impl<E: Retryable> Retryable for BulkError<E> {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Failed(error) => error.is_retryable(),
            Self::Elapsed(elapsed) => elapsed.is_retryable(),
            Self::Panicked { .. } | Self::Mismatched { .. } | Self::RuntimeGone => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Failed(error) => error.retry_after(),
            _ => None,
        }
    }
}
