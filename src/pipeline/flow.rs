use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use mtaio_runtime::Panic;
use pin_project_lite::pin_project;

use super::ledger::Tracked;

/// A stream that can go on with what it has begun while nobody takes what it yields.
///
/// Without it, what is in flight before a stage stands still while that stage works on an item, and
/// if the two wait for the same thing, for ever.
pub trait Flow: Stream {
    /// Goes on, as far as there is room, without yielding.
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>);

    /// Settles a panic that came out of the last poll, where it was one of a stage; otherwise it is
    /// the source's, and given back.
    ///
    /// So panics are caught once a poll of the run, and not once an item and stage: what a stage
    /// calls, it marks.
    fn recover(self: Pin<&mut Self>, panic: Panic) -> Result<(), Panic>;
}

/// What a stage does with an item.
pub(super) trait Work<'a, In> {
    /// What an item becomes.
    type Out;

    /// Whether an item may be worked on before it is asked for. Where nothing is waited for, nothing
    /// is gained.
    const AHEAD: bool;

    /// Whether it has no item, nor what came of one.
    fn is_idle(&self) -> bool;

    /// Begins with an item, and goes on as [`poll_through`](Self::poll_through).
    fn begin(
        self: Pin<&mut Self>,
        tracked: Tracked<'a, In>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Tracked<'a, Self::Out>>>;

    /// What the item became; none if it has ended here.
    fn poll_through(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Tracked<'a, Self::Out>>>;

    /// Holds what an item became, for who asks next.
    fn hold(self: Pin<&mut Self>, through: Tracked<'a, Self::Out>);

    /// Whether it holds that.
    fn is_holding(&self) -> bool;

    /// Settles a panic, if it was this that ran.
    fn recover(self: Pin<&mut Self>, panic: Panic) -> Result<(), Panic>;
}

pin_project! {
    /// Works on one item after the other. One that is through is held ready while the one before it
    /// is worked on further down.
    pub(super) struct Sequential<S, W> {
        #[pin]
        source: S,
        #[pin]
        work: W,
    }
}

impl<S, W> Sequential<S, W> {
    pub(super) const fn new(source: S, work: W) -> Self {
        Self { source, work }
    }
}

impl<'a, In, S, W> Sequential<S, W>
where
    S: Flow<Item = Tracked<'a, In>>,
    W: Work<'a, In>,
{
    /// Takes items until one is through.
    #[inline(always)]
    fn poll_source(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Tracked<'a, W::Out>>> {
        let mut this = self.project();
        loop {
            let Some(tracked) = ready!(this.source.as_mut().poll_next(cx)) else {
                return Poll::Ready(None);
            };
            match this.work.as_mut().begin(tracked, cx) {
                // It has ended, and makes room for another.
                Poll::Ready(None) => {}
                Poll::Ready(through) => return Poll::Ready(through),
                Poll::Pending => {
                    this.source.poll_progress(cx);
                    return Poll::Pending;
                }
            }
        }
    }

    /// As the stream where something is there already. (Of its own, for the rest to be short.)
    #[inline(never)]
    fn poll_rest(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Tracked<'a, W::Out>>> {
        let this = self.as_mut().project();
        if !this.work.is_idle() {
            match this.work.poll_through(cx) {
                Poll::Ready(None) => {}
                Poll::Ready(through) => return Poll::Ready(through),
                Poll::Pending => {
                    this.source.poll_progress(cx);
                    return Poll::Pending;
                }
            }
        }
        self.poll_source(cx)
    }
}

impl<'a, In, S, W> Stream for Sequential<S, W>
where
    S: Flow<Item = Tracked<'a, In>>,
    W: Work<'a, In>,
{
    type Item = Tracked<'a, W::Out>;

    #[inline(always)]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.work.is_idle() {
            return self.poll_rest(cx);
        }
        self.poll_source(cx)
    }
}

impl<'a, In, S, W> Flow for Sequential<S, W>
where
    S: Flow<Item = Tracked<'a, In>>,
    W: Work<'a, In>,
{
    fn poll_progress(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        if W::AHEAD && !self.work.is_holding() {
            let Poll::Ready(Some(through)) = self.as_mut().poll_rest(cx) else { return };
            self.as_mut().project().work.hold(through);
        }
        self.project().source.poll_progress(cx);
    }

    fn recover(self: Pin<&mut Self>, panic: Panic) -> Result<(), Panic> {
        let this = self.project();
        this.work.recover(panic).or_else(|panic| this.source.recover(panic))
    }
}
