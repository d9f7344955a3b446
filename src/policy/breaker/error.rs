use std::fmt;
use std::time::Duration;

use thiserror::Error;

use crate::retryable::Retryable;

/// A breaker refused a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the breaker is open{}", Hint(self))]
pub struct Open {
    retry_after: Option<Duration>,
    is_forced: bool,
}

impl Open {
    pub(super) const fn until(retry_after: Option<Duration>) -> Self {
        Self { retry_after, is_forced: false }
    }

    pub(super) const fn forced() -> Self {
        Self { retry_after: None, is_forced: true }
    }

    /// In how long it will let calls through to see how they go. Nothing where it has done so
    /// already and waits for the answers, or where it was opened by hand.
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether it was opened by hand.
    pub const fn is_forced(&self) -> bool {
        self.is_forced
    }
}

impl Retryable for Open {
    /// Unless it was opened by hand.
    fn is_retryable(&self) -> bool {
        !self.is_forced
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

/// Why a call behind a breaker has no value to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BreakerError<E> {
    /// It was refused, and not made.
    #[error("{0}")]
    Open(#[from] Open),
    /// It failed with an error of its own.
    #[error("{0}")]
    Failed(#[source] E),
}

impl<E> BreakerError<E> {
    /// The call's own error, if it was that.
    pub fn into_failed(self) -> Option<E> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Open(_) => None,
        }
    }

    /// Whether the call was refused.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }
}

impl<E: Retryable> Retryable for BreakerError<E> {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Open(open) => open.is_retryable(),
            Self::Failed(error) => error.is_retryable(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Open(open) => open.retry_after(),
            Self::Failed(error) => error.retry_after(),
        }
    }
}

/// ", try again in ..", or who opened it.
struct Hint<'a>(&'a Open);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Open { is_forced: true, .. } => f.write_str(" by hand"),
            Open { retry_after: Some(after), .. } => write!(f, ", try again in {after:?}"),
            Open { .. } => Ok(()),
        }
    }
}
