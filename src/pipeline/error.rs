use std::time::Duration;

use mtaio_runtime::Panic;
use thiserror::Error;

use crate::contain::contain;
use crate::retryable::Retryable;

/// What ended the work on an item, or on all of them: which stage, and how.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PipelineError<E> {
    /// A stage answered with an error.
    #[error("`{stage}`: {error}")]
    Failed {
        /// The stage's name.
        stage: String,
        /// Its error.
        #[source]
        error: E,
    },
    /// A stage panicked.
    #[error("`{stage}` panicked: {panic}")]
    Panicked {
        /// The stage's name.
        stage: String,
        /// What it panicked with.
        panic: Panic,
    },
    /// The runtime is gone, and with it the task that sets up the stages.
    #[error("the runtime is gone")]
    RuntimeGone,
}

/// What went wrong in a stage.
#[derive(Debug)]
pub enum Fault<Err> {
    /// It answered with this error.
    Error(Err),
    /// It panicked.
    Panic(Panic),
}

impl<Err> Fault<Err> {
    /// The same as what went wrong in the pipeline.
    pub(super) fn of<E>(self, stage: &str) -> PipelineError<E>
    where
        Err: Into<E>,
    {
        let stage = stage.to_owned();
        match self {
            // The conversion is foreign code.
            Self::Error(error) => match contain(|| error.into()) {
                Ok(error) => PipelineError::Failed { stage, error },
                Err(panic) => PipelineError::Panicked { stage, panic },
            },
            Self::Panic(panic) => PipelineError::Panicked { stage, panic },
        }
    }
}

impl<E> PipelineError<E> {
    /// The name of the stage, where it was one.
    pub fn stage(&self) -> Option<&str> {
        match self {
            Self::Failed { stage, .. } | Self::Panicked { stage, .. } => Some(stage),
            Self::RuntimeGone => None,
        }
    }

    /// The stage's own error, if it was that.
    pub fn into_failed(self) -> Option<E> {
        match self {
            Self::Failed { error, .. } => Some(error),
            Self::Panicked { .. } | Self::RuntimeGone => None,
        }
    }
}

impl<E: Retryable> Retryable for PipelineError<E> {
    /// If the stage's error is.
    fn is_retryable(&self) -> bool {
        match self {
            Self::Failed { error, .. } => error.is_retryable(),
            Self::Panicked { .. } | Self::RuntimeGone => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Failed { error, .. } => error.retry_after(),
            Self::Panicked { .. } | Self::RuntimeGone => None,
        }
    }
}
