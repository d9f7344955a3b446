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

    /// Whether it has no item, nor anything that came of one.
    fn is_idle(&self) -> bool;

    /// Begins with an item.
    fn begin(self: Pin<&mut Self>, tracked: Tracked<'a, In>);

    /// Ready once the item is through, or has ended here.
    fn poll_done(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// What the item became, if it is through.
    fn take(self: Pin<&mut Self>) -> Option<Tracked<'a, Self::Out>>;

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

impl<'a, In, S, W> Stream for Sequential<S, W>
where
    S: Flow<Item = Tracked<'a, In>>,
    W: Work<'a, In>,
{
    type Item = Tracked<'a, W::Out>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            if this.work.is_idle() {
                match ready!(this.source.as_mut().poll_next(cx)) {
                    Some(tracked) => this.work.as_mut().begin(tracked),
                    None => return Poll::Ready(None),
                }
            }
            if this.work.as_mut().poll_done(cx).is_pending() {
                this.source.poll_progress(cx);
                return Poll::Pending;
            }
            if let Some(through) = this.work.as_mut().take() {
                return Poll::Ready(Some(through));
            }
        }
    }
}

impl<'a, In, S, W> Flow for Sequential<S, W>
where
    S: Flow<Item = Tracked<'a, In>>,
    W: Work<'a, In>,
{
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        let mut this = self.project();
        loop {
            if this.work.is_idle() {
                if !W::AHEAD {
                    this.source.poll_progress(cx);
                    return;
                }
                match this.source.as_mut().poll_next(cx) {
                    Poll::Ready(Some(tracked)) => this.work.as_mut().begin(tracked),
                    Poll::Ready(None) | Poll::Pending => return,
                }
            }
            let is_pending = this.work.as_mut().poll_done(cx).is_pending();
            // What has ended here makes room for another.
            if is_pending || !this.work.is_idle() {
                this.source.poll_progress(cx);
                return;
            }
        }
    }

    fn recover(self: Pin<&mut Self>, panic: Panic) -> Result<(), Panic> {
        let this = self.project();
        this.work.recover(panic).or_else(|panic| this.source.recover(panic))
    }
}
