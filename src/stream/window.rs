use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use futures_util::stream::{Fuse, StreamExt as _};
use pin_project_lite::pin_project;

use crate::config::ConfigError;

/// Windows over a stream, as soon as it is said what becomes of the incomplete last one. See
/// [`StreamExt::window`](super::StreamExt::window).
#[must_use = "say what becomes of the incomplete tail: `with_tail` or `without_tail`"]
#[derive(Debug)]
pub struct Windowed<S> {
    source: S,
    size: usize,
    slide: usize,
}

impl<S: Stream<Item: Clone>> Windowed<S> {
    pub(super) fn new(source: S, size: usize, slide: usize) -> Result<Self, ConfigError> {
        for (field, value) in [("size", size), ("slide", slide)] {
            if value == 0 {
                return Err(ConfigError::new(field, "0", "1 or more"));
            }
        }
        Ok(Self { source, size, slide })
    }

    /// When the source ends, what is in the window that is not full is the last window, if any of
    /// it has not been in a window yet.
    pub fn with_tail(self) -> Window<S> {
        self.windows(true)
    }

    /// Every window is full: what is in none when the source ends is dropped.
    pub fn without_tail(self) -> Window<S> {
        self.windows(false)
    }

    fn windows(self, tail: bool) -> Window<S> {
        let Self { source, size, slide } = self;
        let (items, start) = (Vec::new(), 0);
        Window { source: source.fuse(), size, slide, tail, items, start, skip: 0, unseen: 0 }
    }
}

pin_project! {
    /// The stream of [`StreamExt::window`](super::StreamExt::window).
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next window loses nothing.
    #[must_use = "streams do nothing unless polled"]
    pub struct Window<S: Stream> {
        #[pin]
        source: Fuse<S>,
        size: usize,
        slide: usize,
        tail: bool,
        // The present window from `start` on. What is before it goes away now and then, all at once.
        items: Vec<S::Item>,
        start: usize,
        // The items between this window and the last that are in none.
        skip: usize,
        // How many at the end of the present window were in none before it.
        unseen: usize,
    }
}

impl<S: Stream<Item: Clone>> Stream for Window<S> {
    type Item = Vec<S::Item>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        while let Some(item) = ready!(this.source.as_mut().poll_next(cx)) {
            if *this.skip > 0 {
                *this.skip -= 1;
                continue;
            }
            this.items.push(item);
            *this.unseen += 1;
            if this.items.len() - *this.start == *this.size {
                *this.unseen = 0;
                return Poll::Ready(Some(slide_on(
                    this.items,
                    this.start,
                    this.skip,
                    *this.size,
                    *this.slide,
                )));
            }
        }
        if !*this.tail || *this.unseen == 0 {
            return Poll::Ready(None);
        }
        *this.unseen = 0;
        let mut tail = std::mem::take(this.items);
        tail.drain(..std::mem::take(this.start));
        Poll::Ready(Some(tail))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let windows = |items: usize| {
            let held = self.items.len() - self.start;
            let more = items.saturating_sub(self.skip).saturating_add(held);
            let full = more.checked_sub(self.size).map_or(0, |rest| rest / self.slide + 1);
            // The tail may come or not.
            (full, full.saturating_add(usize::from(self.tail)))
        };
        let (least, most) = self.source.size_hint();
        (windows(least).0, most.map(|most| windows(most).1))
    }
}

/// The window that is full, after which the next one begins.
fn slide_on<T: Clone>(
    items: &mut Vec<T>,
    start: &mut usize,
    skip: &mut usize,
    size: usize,
    slide: usize,
) -> Vec<T> {
    if slide >= size {
        // Nothing of it is in another.
        *skip = slide - size;
        let next = Vec::with_capacity(size.min(items.len()));
        return std::mem::replace(items, next);
    }
    let window = items[*start..].to_vec();
    *start += slide;
    // Moving what remains costs no more than has been taken in since the last time.
    if *start >= size {
        items.drain(..*start);
        *start = 0;
    }
    window
}
