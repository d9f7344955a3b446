use std::io;
use std::time::Duration;

use mtaio::Retryable;
use mtaio::policy::PolicyError;
use thiserror::Error;

/// Why one call to the service came to nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// The connection could not be opened, or broke.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    /// The service hung up without an answer.
    #[error("the service hung up")]
    Closed,
    /// The service refused or failed.
    #[error("the service answered with status {code}")]
    Status {
        /// The status of HTTP.
        code: u16,
        /// When to ask again, if the service said so.
        retry_after: Option<Duration>,
    },
    /// What came back is not an answer.
    #[error("the answer can't be understood: {0}")]
    Protocol(&'static str),
}

impl Retryable for CallError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Io(_) | Self::Closed => true,
            Self::Status { code, .. } => matches!(code, 429 | 500 | 502 | 503 | 504),
            Self::Protocol(_) => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Io(_) | Self::Closed | Self::Protocol(_) => None,
        }
    }
}

/// Why a question has no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// It is not the number of an aircraft.
    #[error("`tailnum` is `{0}`, allowed are 1 to 8 letters and digits")]
    Tailnum(String),
    /// All attempts failed, or the time was up.
    #[error("the seats of {tailnum} are not known: {error}")]
    Unanswered {
        /// The aircraft that was asked for.
        tailnum: String,
        /// What it came to.
        #[source]
        error: PolicyError<CallError>,
    },
}

impl Retryable for DirectoryError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Tailnum(_) => false,
            Self::Unanswered { error, .. } => error.is_retryable(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Tailnum(_) => None,
            Self::Unanswered { error, .. } => error.retry_after(),
        }
    }
}
