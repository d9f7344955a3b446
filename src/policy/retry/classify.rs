use std::time::Duration;

use crate::retryable::Retryable;

/// Whether there is to be another attempt after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Yes, after the backoff's delay.
    Again,
    /// Yes, after this long, in place of the backoff's delay.
    After(Duration),
    /// No.
    Stop,
}

impl Verdict {
    /// What `error` says of itself.
    pub fn of<E: Retryable + ?Sized>(error: &E) -> Self {
        match error.retry_after() {
            _ if !error.is_retryable() => Self::Stop,
            Some(after) => Self::After(after),
            None => Self::Again,
        }
    }
}

/// Which errors are worth another attempt. A function is one: `|error: &E| -> Verdict`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't tell whether to try again after `{E}`",
    label = "says nothing of `{E}`",
    note = "for `only_retryable()`, `{E}` implements `mtaio::Retryable`",
    note = "for `classify(..)`, write `|error: &{E}| -> Verdict`"
)]
pub trait Classify<E> {
    /// Whether there is to be another attempt after `error`.
    fn classify(&self, error: &E) -> Verdict;
}

/// Every error is worth another attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Always;

/// The errors that say so of themselves; see [`Retryable`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnlyRetryable;

impl<E> Classify<E> for Always {
    fn classify(&self, _error: &E) -> Verdict {
        Verdict::Again
    }
}

impl<E: Retryable> Classify<E> for OnlyRetryable {
    fn classify(&self, error: &E) -> Verdict {
        Verdict::of(error)
    }
}

impl<E, F: Fn(&E) -> Verdict> Classify<E> for F {
    fn classify(&self, error: &E) -> Verdict {
        self(error)
    }
}
