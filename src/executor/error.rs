use std::time::Duration;

use mtaio_runtime::{JoinError, Panic};
use thiserror::Error;

use crate::retryable::Retryable;
use crate::time::Elapsed;

/// Why a piece of work did not run to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// It panicked.
    #[error("the work panicked: {0}")]
    Panicked(Panic),
    /// It was cancelled: by `cancel_all`, by a shutdown, or with its executor.
    #[error("the work was cancelled")]
    Cancelled,
    /// Its time was up.
    #[error(transparent)]
    Elapsed(#[from] Elapsed),
    /// The runtime is gone.
    #[error("the runtime is gone")]
    RuntimeGone,
    /// The executor was shut down before the work began.
    #[error("the executor has been shut down")]
    Closed,
}

impl Retryable for RunError {
    /// After a timeout.
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Elapsed(_))
    }
}

impl From<JoinError> for RunError {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Cancelled => Self::Cancelled,
            JoinError::Panicked(panic) => Self::Panicked(panic),
            JoinError::RuntimeGone => Self::RuntimeGone,
        }
    }
}

/// What ended a `gather` or a `map`: the first item that failed, and how.
///
/// The other items have been cancelled, and have ended.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GatherError<E> {
    /// The item's future answered with an error.
    #[error("item {index}: {error}")]
    Failed {
        /// The item's place among the items, from zero.
        index: usize,
        /// The error.
        #[source]
        error: E,
    },
    /// The item's future did not run to its end.
    #[error("item {index}: {error}")]
    Unfinished {
        /// The item's place among the items, from zero.
        index: usize,
        /// Why not.
        #[source]
        error: RunError,
    },
}

impl<E> GatherError<E> {
    /// The failed item's place among the items, from zero.
    pub const fn index(&self) -> usize {
        match self {
            Self::Failed { index, .. } | Self::Unfinished { index, .. } => *index,
        }
    }

    /// The item's own error, if it was that.
    pub fn into_failed(self) -> Option<E> {
        match self {
            Self::Failed { error, .. } => Some(error),
            Self::Unfinished { .. } => None,
        }
    }
}

impl<E: Retryable> Retryable for GatherError<E> {
    /// If what ended it is.
    fn is_retryable(&self) -> bool {
        match self {
            Self::Failed { error, .. } => error.is_retryable(),
            Self::Unfinished { error, .. } => error.is_retryable(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Failed { error, .. } => error.retry_after(),
            Self::Unfinished { error, .. } => error.retry_after(),
        }
    }
}
