use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use mtaio_runtime::{Instant, Panic, Runtime};
use pin_project_lite::pin_project;

use super::course::Course;
use super::flow::Flow;
use super::ledger::{Ticket, Tracked};
use super::report::RunEnd;
use crate::executor::{CancellationToken, Cancelled};

pin_project! {
    /// Where items come in, until it is closed: by the end of the source, a token, the time, or a
    /// stage that fails.
    pub(super) struct Gate<'a, S, E, R: Runtime> {
        #[pin]
        source: S,
        course: &'a Course<E, R>,
        token: Option<CancellationToken>,
        // Made when the source has to be waited for.
        #[pin]
        cancelled: Option<Cancelled>,
        stop_at: Option<Instant>,
        #[pin]
        sleep: Option<R::Sleep>,
        // Whether a token or the time may close it.
        is_limited: bool,
        // How many more items may come in a row before it is looked whether others are to have a turn.
        row: u32,
        // How many such rows there were, and when the first was over.
        rows: u32,
        since: Option<Instant>,
    }
}

/// After so many items in a row it is looked whether others are to have a turn, where nothing ever has
/// to wait: also if none of them gets to the end.
const ROW: u32 = 128;

/// They are when that lasts this long.
const TURN: Duration = Duration::from_micros(100);

/// And after so many rows, however quick.
const ROWS: u32 = 8;

impl<'a, S, E, R: Runtime> Gate<'a, S, E, R> {
    pub(super) const fn new(
        source: S,
        course: &'a Course<E, R>,
        token: Option<CancellationToken>,
        stop_at: Option<Instant>,
    ) -> Self {
        Self {
            source,
            course,
            is_limited: token.is_some() || stop_at.is_some(),
            token,
            cancelled: None,
            stop_at,
            sleep: None,
            row: ROW,
            rows: 0,
            since: None,
        }
    }

    /// After a row: whether others are to have a turn.
    #[cold]
    fn is_turn_over(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        *this.row = ROW;
        *this.rows += 1;
        let now = this.course.rt.now();
        let since = *this.since.get_or_insert(now);
        let is_over = *this.rows == ROWS || now - since >= TURN;
        if is_over {
            (*this.rows, *this.since) = (0, None);
        }
        is_over
    }

    /// Why it is to be closed, as far as that can be seen without waiting.
    #[inline]
    fn reason(&self) -> Option<RunEnd> {
        if self.token.as_ref().is_some_and(CancellationToken::is_cancelled) {
            return Some(RunEnd::Cancelled);
        }
        let is_over = |stop_at| self.course.rt.now() >= stop_at;
        self.stop_at.is_some_and(is_over).then_some(RunEnd::TimeUp)
    }

    /// Waits for a reason to close it, where there may be one.
    fn poll_reason(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<RunEnd> {
        let mut this = self.project();
        if let Some(token) = this.token {
            if this.cancelled.is_none() {
                this.cancelled.set(Some(token.cancelled()));
            }
            let cancelled = this.cancelled.as_mut().as_pin_mut();
            if cancelled.is_some_and(|cancelled| cancelled.poll(cx).is_ready()) {
                return Poll::Ready(RunEnd::Cancelled);
            }
        }
        if let Some(stop_at) = *this.stop_at {
            if this.sleep.is_none() {
                this.sleep.set(Some(this.course.rt.sleep_until(stop_at)));
            }
            if this.sleep.as_mut().as_pin_mut().is_some_and(|sleep| sleep.poll(cx).is_ready()) {
                return Poll::Ready(RunEnd::TimeUp);
            }
        }
        Poll::Pending
    }
}

impl<'a, S, E, R> Stream for Gate<'a, S, E, R>
where
    S: Stream,
    R: Runtime,
{
    type Item = Tracked<'a, S::Item>;

    #[inline(always)]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let course = self.course;
        if course.stopped().is_some() {
            return Poll::Ready(None);
        }
        if self.row == 0 && self.as_mut().is_turn_over() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let reason = if self.is_limited { self.reason() } else { None };
        let end = match reason {
            Some(end) => end,
            None => match self.as_mut().project().source.poll_next(cx) {
                Poll::Ready(Some(value)) => {
                    *self.project().row -= 1;
                    let ticket = Ticket::taken(&course.ledger);
                    return Poll::Ready(Some(Tracked { value, ticket }));
                }
                Poll::Ready(None) => RunEnd::Finished,
                Poll::Pending => {
                    let this = self.as_mut().project();
                    (*this.row, *this.rows, *this.since) = (ROW, 0, None);
                    ready!(self.poll_reason(cx))
                }
            },
        };
        course.stop(end);
        Poll::Ready(None)
    }
}

impl<S, E, R> Flow for Gate<'_, S, E, R>
where
    S: Stream,
    R: Runtime,
{
    /// Takes nothing, and sees to it that it is closed in time: or else what works for ever would keep
    /// the time to drain from beginning.
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        let course = self.course;
        if course.stopped().is_some() {
            return;
        }
        let end = self.reason();
        if let Some(end) = end {
            course.stop(end);
        } else if let Poll::Ready(end) = self.poll_reason(cx) {
            course.stop(end);
        }
    }

    fn recover(self: Pin<&mut Self>, panic: Panic) -> Result<(), Panic> {
        Err(panic)
    }
}
