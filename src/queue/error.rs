use std::fmt;

use thiserror::Error;

use crate::retryable::Retryable;

/// Why an item was not put into a queue. The item is in it.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
pub enum PutError<T> {
    /// There is no room.
    #[error("the queue is full")]
    Full(T),
    /// The queue was closed.
    #[error("the queue is closed")]
    Closed(T),
}

impl<T> PutError<T> {
    /// The item.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(item) | Self::Closed(item) => item,
        }
    }

    /// Whether there was no room.
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the queue was closed.
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

impl<T> Retryable for PutError<T> {
    /// When there was no room.
    fn is_retryable(&self) -> bool {
        self.is_full()
    }
}

/// Without the item, which need not be `Debug`.
impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_full() { "Full(..)" } else { "Closed(..)" })
    }
}

/// The queue was closed, and nothing is left in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the queue is closed and empty")]
pub struct Closed;

impl Retryable for Closed {
    /// Never: it stays closed.
    fn is_retryable(&self) -> bool {
        false
    }
}

/// Why there is no item to take at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TryGetError {
    /// There is none, or only such as somebody who waited has a claim to.
    #[error("the queue is empty")]
    Empty,
    /// The queue was closed, and nothing is left in it.
    #[error("the queue is closed and empty")]
    Closed,
}

impl TryGetError {
    /// Whether there is just no item.
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether there will never be one again.
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }
}

impl Retryable for TryGetError {
    /// When there was just no item.
    fn is_retryable(&self) -> bool {
        self.is_empty()
    }
}

impl From<Closed> for TryGetError {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

/// `task_done` was called for more items than have been taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("`task_done` was called for more items than have been taken")]
pub struct TaskDoneError;

impl Retryable for TaskDoneError {
    /// Never: it is a mistake of the program.
    fn is_retryable(&self) -> bool {
        false
    }
}
