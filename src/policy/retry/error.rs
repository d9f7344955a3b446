use std::time::Duration;

use thiserror::Error;

use crate::retryable::Retryable;

/// There was no attempt that succeeded, and there is to be no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("gave up after {attempts} attempts in {elapsed:?}, {reason}: {last}")]
#[non_exhaustive]
pub struct RetryError<E> {
    /// How many attempts were made.
    pub attempts: u32,
    /// How long they and what was waited between them took.
    pub elapsed: Duration,
    /// Why there is to be no other.
    pub reason: GaveUp,
    /// The last attempt's error.
    #[source]
    pub last: E,
}

/// Why there was no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum GaveUp {
    /// The error is not one to try again after.
    #[error("since the error is not retryable")]
    Stopped,
    /// As many attempts were made as may be.
    #[error("as many as may be")]
    Attempts,
    /// The next one would have begun after the time that all of them were given.
    #[error("since the time was up")]
    Time,
    /// The next one would have begun after the caller's deadline.
    #[error("since the deadline comes first")]
    Deadline,
    /// The retry budget was used up.
    #[error("since the retry budget was used up")]
    Budget,
}

impl<E> RetryError<E> {
    /// The last attempt's error.
    pub fn into_last(self) -> E {
        self.last
    }
}

impl<E: Retryable> Retryable for RetryError<E> {
    /// If the last attempt's error is: those who gave up may be asked again.
    fn is_retryable(&self) -> bool {
        self.last.is_retryable()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.last.retry_after()
    }
}
