use std::time::Duration;

use thiserror::Error;

use super::breaker::Open;
use super::retry::RetryError;
use crate::limit::AcquireError;
use crate::retryable::Retryable;
use crate::time::Elapsed;

/// Why a call under a [`Policy`](super::Policy) has no value: its own error, or what a stage made of
/// it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::policy::{Policy, PolicyError, Retry};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let retry = Retry::constant(Duration::from_millis(10)).max_attempts(3).build()?;
/// let policy = Policy::new(&rt).retry(retry).build()?;
///
/// let refused = policy.run(async |_| Err::<(), _>("busy")).await.unwrap_err();
/// assert_eq!(refused.attempts(), 3);
/// assert_eq!(refused.failed(), Some(&"busy"));
/// match refused {
///     PolicyError::Exhausted(retries) => assert_eq!(retries.elapsed.as_millis(), 20),
///     other => panic!("{other}"),
/// }
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError<E> {
    /// The call itself failed.
    #[error("{0}")]
    Failed(#[source] E),
    /// It was not done in time.
    #[error("{0}")]
    Elapsed(#[from] Elapsed),
    /// A limiter did not admit it: it was not made.
    #[error("{0}")]
    Limited(#[from] AcquireError),
    /// A breaker is open: it was not made.
    #[error("{0}")]
    Open(#[from] Open),
    /// It was tried again, and none of the attempts succeeded. (A call that is not tried again after
    /// its first attempt has that attempt's error.)
    #[error("{0}")]
    Exhausted(#[source] Box<RetryError<Self>>),
}

impl<E> PolicyError<E> {
    /// The call's own error, if that is what it came to; of several attempts, that of the last.
    pub fn failed(&self) -> Option<&E> {
        match self.last() {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// The call's own error, or else this one again.
    ///
    /// # Errors
    ///
    /// This error, if it came to something else.
    pub fn into_failed(self) -> Result<E, Self> {
        match self {
            Self::Failed(error) => Ok(error),
            Self::Exhausted(retries) => {
                let RetryError { attempts, elapsed, reason, last } = *retries;
                last.into_failed().map_err(|last| {
                    Self::Exhausted(Box::new(RetryError { attempts, elapsed, reason, last }))
                })
            }
            other => Err(other),
        }
    }

    /// The limit that was over, if that is what it came to; of several attempts, that of the last.
    pub fn elapsed(&self) -> Option<&Elapsed> {
        match self.last() {
            Self::Elapsed(elapsed) => Some(elapsed),
            _ => None,
        }
    }

    /// What the last attempt came to.
    pub fn last(&self) -> &Self {
        match self {
            Self::Exhausted(retries) => retries.last.last(),
            other => other,
        }
    }

    /// How many attempts there were.
    pub fn attempts(&self) -> u32 {
        match self {
            Self::Exhausted(retries) => retries.attempts,
            _ => 1,
        }
    }

    /// Whether a limiter or a breaker kept the call, or the last attempt, from being made at all.
    pub fn is_refused(&self) -> bool {
        matches!(self.last(), Self::Limited(_) | Self::Open(_))
    }

    /// Whether nothing at all was called.
    pub(super) const fn is_unused(&self) -> bool {
        matches!(self, Self::Limited(_) | Self::Open(_))
    }
}

impl<E: Retryable> Retryable for PolicyError<E> {
    /// If what it came to in the end is.
    fn is_retryable(&self) -> bool {
        match self {
            Self::Failed(error) => error.is_retryable(),
            Self::Elapsed(elapsed) => elapsed.is_retryable(),
            Self::Limited(limited) => limited.is_retryable(),
            Self::Open(open) => open.is_retryable(),
            Self::Exhausted(retries) => retries.last.is_retryable(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Failed(error) => error.retry_after(),
            Self::Elapsed(elapsed) => elapsed.retry_after(),
            Self::Limited(limited) => limited.retry_after(),
            Self::Open(open) => open.retry_after(),
            Self::Exhausted(retries) => retries.last.retry_after(),
        }
    }
}
