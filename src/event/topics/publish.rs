use std::fmt;

use thiserror::Error;

use crate::queue::Published;
use crate::retryable::Retryable;

/// What became of a message, or of a batch of them, in subscribers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// Those that have all of it.
    pub taken: usize,
    /// Those that dropped something for it, an older message or some of it.
    pub dropped: usize,
    /// Those that refused some of it: their overflow is [`Overflow::Error`](crate::queue::Overflow::Error).
    pub refused: usize,
}

/// Why something was not published. It is in it.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PublishError<T> {
    /// The topics were closed.
    #[error("the topics are closed")]
    Closed(T),
    /// A subscriber that wants it to wait has no room.
    #[error("a subscriber has no room")]
    Full(T),
    /// As many values are retained as may be.
    #[error("no more values may be retained")]
    Retained(T),
}

impl Delivery {
    /// Adds what became of another message of the same batch: a subscriber that lacks one lacks
    /// some of it.
    pub(super) fn worst(&mut self, other: Self) {
        self.dropped = self.dropped.max(other.dropped);
        self.refused = self.refused.max(other.refused);
        self.taken = self.taken.min(other.taken);
    }
}

impl From<Published> for Delivery {
    fn from(Published { taken, dropped, refused }: Published) -> Self {
        Self { taken, dropped, refused }
    }
}

impl<T> PublishError<T> {
    /// What was not published.
    pub fn into_inner(self) -> T {
        match self {
            Self::Closed(value) | Self::Full(value) | Self::Retained(value) => value,
        }
    }
}

impl<T> Retryable for PublishError<T> {
    /// When there was no room.
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Full(_))
    }
}

/// Without the value, which need not be `Debug`.
impl<T> fmt::Debug for PublishError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed(_) => "Closed(..)",
            Self::Full(_) => "Full(..)",
            Self::Retained(_) => "Retained(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lacks_a_message_lacks_some_of_the_batch() {
        let (none, one) = ((0, 1), (1, 0));
        for [first, next] in [[none, one], [one, none]] {
            let delivery = |(taken, dropped)| Delivery { taken, dropped, refused: 0 };
            let mut sum = delivery(first);
            sum.worst(delivery(next));
            assert_eq!(sum, Delivery { taken: 0, dropped: 1, refused: 0 });
        }
    }
}
