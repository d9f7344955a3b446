use std::fmt;

use mtaio_runtime::Panic;
use thiserror::Error;

use super::handler::BoxError;
use super::listener::ListenerId;
use crate::retryable::Retryable;

/// What became of one emitted event.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// How many handlers were called, to their end: those of views and behind pipes included.
    pub ran: usize,
    /// What went wrong, in the order in which it did.
    pub failures: Vec<Failure>,
    /// Whether a handler kept those after it from being called.
    pub stopped: bool,
    /// Whether nobody was told, as the event was [suppressed](super::EventEmitter::suppress).
    pub suppressed: bool,
    /// Whether the emit was dropped before its end; only a hook sees that.
    pub dropped: bool,
}

/// A handler that failed, and how.
#[derive(Debug, Error)]
#[error("handler {listener} {error}")]
#[non_exhaustive]
pub struct Failure {
    /// Whose it was.
    pub listener: ListenerId,
    /// What it failed with.
    #[source]
    pub error: HandlerError,
}

/// Why a handler did not get to its end, or what it said there.
#[derive(Debug, Error)]
pub enum HandlerError {
    /// Its answer was an error.
    #[error("failed: {0}")]
    Failed(#[source] BoxError),
    /// It panicked.
    #[error("panicked: {0}")]
    Panicked(Panic),
}

impl HandlerError {
    /// The handler's own error, if it was an `E`.
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        match self {
            Self::Failed(error) => error.downcast_ref(),
            Self::Panicked(_) => None,
        }
    }
}

impl Retryable for HandlerError {
    /// Not that it is known: the handler's error may say.
    fn is_retryable(&self) -> bool {
        false
    }
}

impl Report {
    /// How many handlers failed.
    pub const fn failed(&self) -> usize {
        self.failures.len()
    }

    /// Whether no handler failed.
    pub const fn is_ok(&self) -> bool {
        self.failures.is_empty()
    }

    /// Takes in what became of the event behind a view or a pipe. (One that is suppressed there is
    /// not suppressed here.)
    pub(super) fn fold(&mut self, nested: Self) {
        self.ran += nested.ran;
        self.failures.extend(nested.failures);
        self.stopped |= nested.stopped;
    }
}

/// An emitter at one moment; the counts are from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmitterStats {
    /// Who listens.
    pub listeners: usize,
    /// Events that were emitted.
    pub emitted: u64,
    /// Calls of handlers that came to their end.
    pub ran: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Events that nobody was told of, as they were suppressed.
    pub suppressed: u64,
    /// Emits that were dropped before their end.
    pub dropped: u64,
    /// Events that came back by a loop of pipes, and were not delivered again.
    pub looped: u64,
}

impl fmt::Display for ListenerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
