use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::time::Duration;
use std::{slice, vec};

use mtaio_runtime::Panic;
use thiserror::Error;

use crate::retryable::Retryable;

/// A resource did not close: which, and why.
#[derive(Debug, Error)]
#[error("`{resource}` did not close: {failure}")]
pub struct CloseError {
    resource: Cow<'static, str>,
    #[source]
    failure: CloseFailure,
}

impl CloseError {
    pub(super) const fn new(resource: Cow<'static, str>, failure: CloseFailure) -> Self {
        Self { resource, failure }
    }

    /// The resource, as it was named when it was added.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// Why it did not close.
    pub const fn failure(&self) -> &CloseFailure {
        &self.failure
    }

    /// Why it did not close.
    pub fn into_failure(self) -> CloseFailure {
        self.failure
    }

    /// Whether it took too long.
    pub const fn is_timed_out(&self) -> bool {
        matches!(self.failure, CloseFailure::TimedOut(_))
    }

    /// Whether it panicked.
    pub const fn is_panicked(&self) -> bool {
        matches!(self.failure, CloseFailure::Panicked(_))
    }
}

/// Why a resource did not close.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CloseFailure {
    /// Closing it failed with an error of its own.
    #[error("{0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// Closing it panicked.
    #[error("it panicked: {0}")]
    Panicked(Panic),
    /// It took longer than the time that it was given. It was dropped then.
    #[error("not done within {0:?}")]
    TimedOut(Duration),
    /// Its guard, or the future that closed it early, was leaked, as by [`std::mem::forget`]: the
    /// scope never got it back.
    #[error("its guard was forgotten")]
    Forgotten,
    /// The runtime went before it was closed. It was dropped then.
    #[error("the runtime is gone")]
    RuntimeGone,
}

/// The resources of a scope that did not close: one at least, in the order of closing.
#[derive(Debug)]
pub struct CloseErrors(Vec<CloseError>);

impl CloseErrors {
    /// An error, if there are any.
    pub(super) fn check(errors: Vec<CloseError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    /// All of them.
    pub fn as_slice(&self) -> &[CloseError] {
        &self.0
    }

    /// All of them.
    pub fn into_vec(self) -> Vec<CloseError> {
        self.0
    }
}

impl fmt::Display for CloseErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if i == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl Error for CloseErrors {
    /// The first of them.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.first().map(|first| first as _)
    }
}

impl From<CloseError> for CloseErrors {
    fn from(error: CloseError) -> Self {
        Self(vec![error])
    }
}

impl IntoIterator for CloseErrors {
    type Item = CloseError;
    type IntoIter = vec::IntoIter<CloseError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a CloseErrors {
    type Item = &'a CloseError;
    type IntoIter = slice::Iter<'a, CloseError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// What went wrong in a scope: its body, the closing, or both. See
/// [`Outcome::into_result`](super::Outcome::into_result).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ScopeError<E = Infallible> {
    /// The body failed with an error of its own.
    #[error("{error}{}", Then(close_errors))]
    Failed {
        /// The body's error.
        #[source]
        error: E,
        /// What did not close, in the order of closing; mostly nothing.
        close_errors: Vec<CloseError>,
    },
    /// The body panicked.
    #[error("the body panicked: {panic}{}", Then(close_errors))]
    Panicked {
        /// The panic.
        panic: Panic,
        /// What did not close, in the order of closing; mostly nothing.
        close_errors: Vec<CloseError>,
    },
    /// The body succeeded, and not everything closed.
    #[error(transparent)]
    NotClosed(#[from] CloseErrors),
}

impl<E> ScopeError<E> {
    /// The body's own error, if it was that.
    pub fn into_failed(self) -> Option<E> {
        match self {
            Self::Failed { error, .. } => Some(error),
            Self::Panicked { .. } | Self::NotClosed(_) => None,
        }
    }

    /// What did not close, in the order of closing.
    pub fn close_errors(&self) -> &[CloseError] {
        match self {
            Self::Failed { close_errors, .. } | Self::Panicked { close_errors, .. } => close_errors,
            Self::NotClosed(errors) => errors.as_slice(),
        }
    }
}

impl Retryable for CloseError {
    /// Never: the resource is gone.
    fn is_retryable(&self) -> bool {
        false
    }
}

impl Retryable for CloseErrors {
    /// Never: the resources are gone.
    fn is_retryable(&self) -> bool {
        false
    }
}

impl<E: Retryable> Retryable for ScopeError<E> {
    /// If it is the body's own error, and that is.
    fn is_retryable(&self) -> bool {
        match self {
            Self::Failed { error, .. } => error.is_retryable(),
            Self::Panicked { .. } | Self::NotClosed(_) => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Failed { error, .. } => error.retry_after(),
            Self::Panicked { .. } | Self::NotClosed(_) => None,
        }
    }
}

/// What is said of close errors that come on top of another one.
struct Then<'a>(&'a [CloseError]);

impl fmt::Display for Then<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|error| write!(f, "; then {error}"))
    }
}
