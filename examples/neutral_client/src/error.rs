use std::io;
use std::time::Duration;

use mtaio::Retryable;
use mtaio::cache::LoadError;
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

impl CallError {
    /// Whether it tells against the service: one that refuses is busy, and not down.
    pub(crate) const fn is_failure(&self) -> bool {
        !matches!(self, Self::Status { code: 400..=499, .. })
    }
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
    /// All attempts failed, or the time was up, and no answer from before is there.
    #[error("the seats of {tailnum} are not known: {error}")]
    Unanswered {
        /// The aircraft that was asked for.
        tailnum: String,
        /// What it came to, for all who waited for the one call.
        #[source]
        error: LoadError<PolicyError<CallError>>,
    },
    /// It could not be said whether the seats were changed: all attempts failed, or the time was up.
    #[error("the seats of {tailnum} may not have changed: {error}")]
    Unchanged {
        /// The aircraft that was to be changed.
        tailnum: String,
        /// What it came to.
        #[source]
        error: PolicyError<CallError>,
    },
    /// The client has been shut down.
    #[error("the directory is closed")]
    Closed,
}

/// Questions that were under way when a shutdown had waited long enough. They ended without an
/// answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{questions} under way were cut off")]
pub struct CutOff {
    /// How many.
    pub questions: u64,
}

impl Retryable for DirectoryError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Tailnum(_) | Self::Closed => false,
            Self::Unanswered { error, .. } => error.is_retryable(),
            Self::Unchanged { error, .. } => error.is_retryable(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Tailnum(_) | Self::Closed => None,
            Self::Unanswered { error, .. } => error.retry_after(),
            Self::Unchanged { error, .. } => error.retry_after(),
        }
    }
}
