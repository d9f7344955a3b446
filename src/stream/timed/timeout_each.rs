use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::{Fuse, StreamExt as _};
use mtaio_runtime::{Instant, Runtime};
use pin_project_lite::pin_project;

use super::alarm::Alarm;
use crate::time::{Deadline, Elapsed};

pin_project! {
    /// The stream of [`Timed::timeout_each`](super::Timed::timeout_each).
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next item loses nothing; the time that it waited
    /// counts for the next one.
    #[must_use = "streams do nothing unless polled"]
    pub struct TimeoutEach<S, R: Runtime> {
        #[pin]
        source: Fuse<S>,
        #[pin]
        alarm: Alarm<R>,
        limit: Duration,
        // Since when an item is waited for.
        began: Option<Instant>,
        // The task's own time is up: nobody waits any longer.
        is_over: bool,
    }
}

impl<S: Stream, R: Runtime> TimeoutEach<S, R> {
    pub(super) fn new(source: S, rt: &R, limit: Duration) -> Self {
        let (source, alarm) = (source.fuse(), Alarm::new(rt));
        Self { source, alarm, limit, began: None, is_over: false }
    }
}

impl<S: Stream, R: Runtime> Stream for TimeoutEach<S, R> {
    type Item = Result<S::Item, Elapsed>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        if *this.is_over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(item) = this.source.as_mut().poll_next(cx) {
            *this.began = None;
            return Poll::Ready(item.map(Ok));
        }
        let began = *this.began.get_or_insert_with(|| this.alarm.now());
        let own = began + *this.limit;
        let inherited = Deadline::current().filter(|deadline| deadline.instant() < own);
        let due = inherited.map_or(own, |deadline| deadline.instant());
        ready!(this.alarm.as_mut().poll_until(cx, due));
        *this.began = None;
        *this.is_over = inherited.is_some();
        let now = this.alarm.now();
        Poll::Ready(Some(Err(match inherited {
            Some(deadline) => Elapsed::inherited(deadline, began, now),
            None => Elapsed::timeout(*this.limit, now - began),
        })))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.is_over {
            return (0, Some(0));
        }
        // Any number of errors may come in between.
        let (least, most) = self.source.size_hint();
        (if most == Some(0) { least } else { 0 }, most.filter(|most| *most == 0))
    }
}
