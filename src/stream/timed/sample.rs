use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::{Fuse, StreamExt as _};
use mtaio_runtime::{Instant, Runtime};
use pin_project_lite::pin_project;

use super::alarm::{Alarm, has_had_its_turn};
use super::window::{at_most_one_each, grid};

pin_project! {
    /// The stream of [`Timed::sample`](super::Timed::sample).
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next item loses nothing.
    #[must_use = "streams do nothing unless polled"]
    pub struct Sample<S: Stream, R: Runtime> {
        #[pin]
        source: Fuse<S>,
        #[pin]
        alarm: Alarm<R>,
        period: Duration,
        origin: Option<Instant>,
        // The last item of the period that is on, and the end of that.
        last: Option<S::Item>,
        due: Instant,
        dropped: u64,
    }
}

impl<S: Stream, R: Runtime> Sample<S, R> {
    pub(super) fn new(source: S, rt: &R, period: Duration) -> Self {
        let (source, alarm) = (source.fuse(), Alarm::new(rt));
        let (origin, last, due) = (None, None, Instant::ZERO);
        Self { source, alarm, period, origin, last, due, dropped: 0 }
    }

    /// How many items were dropped because another came in the same period.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl<S: Stream, R: Runtime> Stream for Sample<S, R> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        let origin = *this.origin.get_or_insert_with(|| this.alarm.now());
        if this.last.is_some() && this.alarm.now() >= *this.due {
            return Poll::Ready(this.last.take());
        }
        let mut items = 0;
        loop {
            match this.source.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    let now = this.alarm.now();
                    let before = this.last.replace(item);
                    let due = *this.due;
                    *this.due = grid(origin, *this.period, now) + *this.period;
                    if before.is_some() && now >= due {
                        return Poll::Ready(before);
                    }
                    *this.dropped += u64::from(before.is_some());
                }
                Poll::Ready(None) => return Poll::Ready(this.last.take()),
                Poll::Pending if this.last.is_none() => return Poll::Pending,
                Poll::Pending => {
                    ready!(this.alarm.as_mut().poll_until(cx, *this.due));
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
