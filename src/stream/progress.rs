use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use pin_project_lite::pin_project;

use crate::config::ConfigError;

/// How far a stream is. See [`StreamExt::progress`](super::StreamExt::progress).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The items that have come.
    pub done: u64,
    /// How many come in all, where the stream knows.
    pub total: Option<u64>,
    /// Whether that was all.
    pub is_finished: bool,
}

impl Progress {
    /// The part that is done, from 0 to 1, where the stream knows how many come in all.
    pub fn fraction(&self) -> Option<f64> {
        match self.total {
            _ if self.is_finished => Some(1.0),
            None | Some(0) => None,
            // A bar can't show more digits than a float has.
            Some(total) => Some((self.done as f64 / total as f64).min(1.0)),
        }
    }
}

pin_project! {
    /// The stream of [`StreamExt::progress`](super::StreamExt::progress).
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next item loses nothing.
    #[must_use = "streams do nothing unless polled"]
    pub struct Reported<S, F> {
        #[pin]
        source: S,
        report: F,
        every: u64,
        done: u64,
        is_finished: bool,
    }
}

impl<S: Stream, F: FnMut(Progress)> Reported<S, F> {
    pub(super) fn new(source: S, every: u64, report: F) -> Result<Self, ConfigError> {
        if every == 0 {
            return Err(ConfigError::new("every", "0", "1 or more"));
        }
        Ok(Self { source, report, every, done: 0, is_finished: false })
    }
}

impl<S: Stream, F: FnMut(Progress)> Stream for Reported<S, F> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        if *this.is_finished {
            return Poll::Ready(None);
        }
        let item = ready!(this.source.as_mut().poll_next(cx));
        let done = *this.done + u64::from(item.is_some());
        (*this.done, *this.is_finished) = (done, item.is_none());
        if *this.is_finished {
            (this.report)(Progress { done, total: Some(done), is_finished: true });
        } else if done.is_multiple_of(*this.every) {
            let left = this.source.size_hint().1.and_then(|most| u64::try_from(most).ok());
            let total = left.and_then(|left| left.checked_add(done));
            (this.report)(Progress { done, total, is_finished: false });
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.is_finished { (0, Some(0)) } else { self.source.size_hint() }
    }
}

impl<S: fmt::Debug, F> fmt::Debug for Reported<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reported")
            .field("source", &self.source)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}
