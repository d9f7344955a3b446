use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt};

use super::shared::Shared;
use crate::config::ConfigError;

/// What became of an observable value.
pub enum Change<T> {
    /// It was set.
    Set {
        /// What it was.
        old: Arc<T>,
        /// What it is now.
        new: Arc<T>,
    },
    /// Changes were missed, as there was no room for them. This is what it was at the moment of
    /// telling; what comes next, comes after that.
    Reset(Arc<T>),
}

impl<T> Change<T> {
    /// What it is after that.
    pub const fn now(&self) -> &Arc<T> {
        match self {
            Self::Set { new, .. } | Self::Reset(new) => new,
        }
    }

    /// Whether changes before it were missed.
    pub const fn is_reset(&self) -> bool {
        matches!(self, Self::Reset(_))
    }
}

impl<T> Clone for Change<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Set { old, new } => Self::Set { old: Arc::clone(old), new: Arc::clone(new) },
            Self::Reset(now) => Self::Reset(Arc::clone(now)),
        }
    }
}

impl<T: PartialEq> PartialEq for Change<T> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Set { old, new }, Self::Set { old: before, new: now }) => {
                old == before && new == now
            }
            (Self::Reset(one), Self::Reset(other)) => one == other,
            _ => false,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Change<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { old, new } => {
                f.debug_struct("Set").field("old", old).field("new", new).finish()
            }
            Self::Reset(now) => f.debug_tuple("Reset").field(now).finish(),
        }
    }
}

/// Every change of a value, in order: a stream, which ends when the value is final.
#[must_use = "streams do nothing unless polled"]
pub struct Changes<T: Send + Sync + 'static> {
    shared: Arc<Shared<T>>,
    feed: usize,
}

impl<T: Send + Sync + 'static> Changes<T> {
    pub(super) fn new(shared: &Arc<Shared<T>>, most: usize) -> Result<Self, ConfigError> {
        check_room(most)?;
        Ok(Self { shared: Arc::clone(shared), feed: shared.open_feed(most) })
    }

    /// The next change; none when the value is final and all has been seen.
    ///
    /// # Cancel safety
    ///
    /// A change is taken only when the future is done.
    pub async fn next(&mut self) -> Option<Change<T>> {
        StreamExt::next(self).await
    }

    /// How many changes it missed.
    pub fn missed(&self) -> u64 {
        self.shared.missed(self.feed)
    }
}

pub(super) fn check_room(most: usize) -> Result<(), ConfigError> {
    if most == 0 {
        return Err(ConfigError::new("changes", "0", "1 or more"));
    }
    Ok(())
}

impl<T: Send + Sync + 'static> Stream for Changes<T> {
    type Item = Change<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Change<T>>> {
        self.shared.poll_change(self.feed, cx.waker())
    }
}

impl<T: Send + Sync + 'static> Drop for Changes<T> {
    fn drop(&mut self) {
        self.shared.shut_feed(self.feed);
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for Changes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("missed", &self.missed()).finish_non_exhaustive()
    }
}
