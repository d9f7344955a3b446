use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use pin_project_lite::pin_project;

/// A stream that can go on with what it has begun while nobody takes what it yields.
///
/// Without it, what is in flight before a stage stands still while that stage works on an item, and
/// if the two wait for the same thing, for ever.
pub trait Flow: Stream {
    /// Goes on, as far as there is room, without yielding.
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>);
}

pin_project! {
    /// Calls an async function with each item, one after the other; those for which it answers
    /// nothing are left out. One result is held ready while the one before it is worked on further
    /// down.
    pub(super) struct Sequential<S, F, Fut, T> {
        #[pin]
        source: S,
        f: F,
        #[pin]
        call: Option<Fut>,
        ready: Option<T>,
    }
}

impl<S, F, Fut, T> Sequential<S, F, Fut, T>
where
    S: Flow,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = Option<T>>,
{
    pub(super) const fn new(source: S, f: F) -> Self {
        Self { source, f, call: None, ready: None }
    }

    /// As the stream, whatever is held ready.
    #[inline]
    fn poll_call(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut this = self.project();
        loop {
            if let Some(call) = this.call.as_mut().as_pin_mut() {
                let Poll::Ready(result) = call.poll(cx) else {
                    this.source.poll_progress(cx);
                    return Poll::Pending;
                };
                this.call.set(None);
                if result.is_some() {
                    return Poll::Ready(result);
                }
            }
            match ready!(this.source.as_mut().poll_next(cx)) {
                Some(item) => this.call.set(Some((this.f)(item))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<S, F, Fut, T> Stream for Sequential<S, F, Fut, T>
where
    S: Flow,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = Option<T>>,
{
    type Item = T;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.as_mut().project().ready.take() {
            Some(ready) => Poll::Ready(Some(ready)),
            None => self.poll_call(cx),
        }
    }
}

impl<S, F, Fut, T> Flow for Sequential<S, F, Fut, T>
where
    S: Flow,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = Option<T>>,
{
    fn poll_progress(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        if self.ready.is_none()
            && let Poll::Ready(result) = self.as_mut().poll_call(cx)
        {
            *self.as_mut().project().ready = result;
        }
        if self.ready.is_some() {
            self.project().source.poll_progress(cx);
        }
    }
}

pin_project! {
    /// Does something at once with each item; those for which it answers nothing are left out.
    pub(super) struct Direct<S, F> {
        #[pin]
        source: S,
        f: F,
    }
}

impl<S, F> Direct<S, F> {
    pub(super) const fn new(source: S, f: F) -> Self {
        Self { source, f }
    }
}

impl<S: Stream, T, F: FnMut(S::Item) -> Option<T>> Stream for Direct<S, F> {
    type Item = T;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut this = self.project();
        loop {
            match ready!(this.source.as_mut().poll_next(cx)) {
                Some(item) => {
                    if let Some(value) = (this.f)(item) {
                        return Poll::Ready(Some(value));
                    }
                }
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<S: Flow, T, F: FnMut(S::Item) -> Option<T>> Flow for Direct<S, F> {
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        self.project().source.poll_progress(cx);
    }
}
