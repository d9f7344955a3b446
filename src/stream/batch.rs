use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use futures_util::stream::{Fuse, StreamExt as _};
use pin_project_lite::pin_project;

use crate::config::ConfigError;

pin_project! {
    /// The stream of [`StreamExt::batch`](super::StreamExt::batch).
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next batch loses nothing.
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct Batch<S: Stream> {
        #[pin]
        source: Fuse<S>,
        size: usize,
        items: Vec<S::Item>,
    }
}

/// Room for so many items is made at once, before they are there.
pub(super) const AT_ONCE: usize = 1024;

/// Refuses batches of nothing.
pub(super) fn check_size(size: usize) -> Result<(), ConfigError> {
    if size == 0 { Err(ConfigError::new("size", "0", "1 or more")) } else { Ok(()) }
}

impl<S: Stream> Batch<S> {
    pub(super) fn new(source: S, size: usize) -> Result<Self, ConfigError> {
        check_size(size)?;
        Ok(Self { source: source.fuse(), size, items: Vec::new() })
    }
}

impl<S: Stream> Stream for Batch<S> {
    type Item = Vec<S::Item>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        while let Some(item) = ready!(this.source.as_mut().poll_next(cx)) {
            if this.items.is_empty() {
                this.items.reserve_exact((*this.size).min(AT_ONCE));
            }
            this.items.push(item);
            if this.items.len() >= *this.size {
                return Poll::Ready(Some(mem::take(this.items)));
            }
        }
        let tail = mem::take(this.items);
        Poll::Ready(if tail.is_empty() { None } else { Some(tail) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let batches = |items: usize| items.saturating_add(self.items.len()).div_ceil(self.size);
        let (least, most) = self.source.size_hint();
        (batches(least), most.map(batches))
    }
}
