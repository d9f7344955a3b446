use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::stream::{Fuse, FusedStream, StreamExt as _};
use mtaio_runtime::{Panic, Runtime};
use pin_project_lite::pin_project;

use super::course::Course;
use super::error::PipelineError;
use super::flow::Flow;
use super::ledger::Tracked;
use super::link::{EachLink, Link};

/// Room between two stages, so that one that is quick by fits and starts need not wait for the
/// other.
#[derive(Clone, Copy, Debug)]
pub struct Buffer {
    pub(super) capacity: usize,
}

pin_project! {
    struct Buffered<S: Stream> {
        #[pin]
        source: Fuse<S>,
        items: VecDeque<S::Item>,
        capacity: usize,
    }
}

impl<S: Flow> Stream for Buffered<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        match this.items.pop_front() {
            Some(item) => Poll::Ready(Some(item)),
            None => this.source.poll_next(cx),
        }
    }
}

impl<S: Flow> Flow for Buffered<S> {
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        let mut this = self.project();
        while this.items.len() < *this.capacity && !this.source.is_terminated() {
            match this.source.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => this.items.push_back(item),
                Poll::Ready(None) | Poll::Pending => return,
            }
        }
        this.source.get_pin_mut().poll_progress(cx);
    }

    fn recover(self: Pin<&mut Self>, panic: Panic) -> Result<(), Panic> {
        self.project().source.get_pin_mut().recover(panic)
    }
}

impl<In: Send, E: Send> Link<In, E> for Buffer {
    type Out = In;

    fn flow<'a, R, S>(
        &'a self,
        _course: &'a Course<E, R>,
        source: S,
    ) -> impl Flow<Item = Tracked<'a, In>> + Send
    where
        R: Runtime,
        S: Flow<Item = Tracked<'a, In>> + Send,
        In: 'a,
        E: 'a,
    {
        Buffered { source: source.fuse(), items: VecDeque::new(), capacity: self.capacity }
    }
}

impl<In: Send, E: Send> EachLink<In, E> for Buffer {
    async fn process(&self, item: In) -> Result<Option<In>, PipelineError<E>> {
        Ok(Some(item))
    }
}
