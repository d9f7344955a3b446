use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::{Fuse, StreamExt as _};
use mtaio_runtime::{Instant, Runtime};
use pin_project_lite::pin_project;

use super::alarm::has_had_its_turn;

pin_project! {
    /// The stream of [`Timed::throttle`](super::Timed::throttle).
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next item loses nothing.
    #[must_use = "streams do nothing unless polled"]
    pub struct Throttle<S: Stream, R: Runtime> {
        #[pin]
        source: Fuse<S>,
        rt: R,
        period: Duration,
        opens: Option<Instant>,
        dropped: u64,
    }
}

impl<S: Stream, R: Runtime> Throttle<S, R> {
    pub(super) fn new(source: S, rt: &R, period: Duration) -> Self {
        Self { source: source.fuse(), rt: rt.clone(), period, opens: None, dropped: 0 }
    }

    /// How many items were dropped because they came too soon.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl<S: Stream, R: Runtime> Stream for Throttle<S, R> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        let mut items = 0;
        while let Some(item) = ready!(this.source.as_mut().poll_next(cx)) {
            let now = this.rt.now();
            if this.opens.is_none_or(|opens| now >= opens) {
                *this.opens = Some(now + *this.period);
                return Poll::Ready(Some(item));
            }
            *this.dropped += 1;
            if has_had_its_turn(&mut items, cx) {
                return Poll::Pending;
            }
        }
        Poll::Ready(None)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, self.source.size_hint().1)
    }
}
