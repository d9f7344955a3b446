use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::{Fuse, StreamExt as _};
use mtaio_runtime::{Instant, Runtime};
use pin_project_lite::pin_project;

use super::alarm::{Alarm, has_had_its_turn};
use super::window::at_most_one_each;

pin_project! {
    /// The stream of [`Timed::debounce`](super::Timed::debounce).
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next item loses nothing.
    #[must_use = "streams do nothing unless polled"]
    pub struct Debounce<S: Stream, R: Runtime> {
        #[pin]
        source: Fuse<S>,
        #[pin]
        alarm: Alarm<R>,
        quiet: Duration,
        last: Option<S::Item>,
        // When it has been quiet for long enough; not known before the source had to wait.
        due: Option<Instant>,
        dropped: u64,
    }
}

impl<S: Stream, R: Runtime> Debounce<S, R> {
    pub(super) fn new(source: S, rt: &R, quiet: Duration) -> Self {
        let (source, alarm) = (source.fuse(), Alarm::new(rt));
        Self { source, alarm, quiet, last: None, due: None, dropped: 0 }
    }

    /// How many items were dropped because another came soon after them.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl<S: Stream, R: Runtime> Stream for Debounce<S, R> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        if this.due.is_some_and(|due| this.alarm.now() >= due) {
            *this.due = None;
            return Poll::Ready(this.last.take());
        }
        let mut items = 0;
        loop {
            match this.source.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    // The clock is asked once, after the last of those that come in one go.
                    *this.due = None;
                    *this.dropped += u64::from(this.last.replace(item).is_some());
                }
                Poll::Ready(None) => {
                    *this.due = None;
                    return Poll::Ready(this.last.take());
                }
                Poll::Pending if this.last.is_none() => return Poll::Pending,
                Poll::Pending => {
                    let due = this.due.get_or_insert_with(|| this.alarm.now() + *this.quiet);
                    ready!(this.alarm.as_mut().poll_until(cx, *due));
                    *this.due = None;
                    return Poll::Ready(this.last.take());
                }
            }
            if has_had_its_turn(&mut items, cx) {
                return Poll::Pending;
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        at_most_one_each(self.source.size_hint(), usize::from(self.last.is_some()))
    }
}
