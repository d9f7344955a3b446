use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

use super::exchange::Exchange;
use super::store::Store;

/// The items of a queue that is borrowed or shared, one after the other.
#[must_use = "streams do nothing unless polled"]
pub(super) struct Items<Q: Deref, S: Store> {
    queue: Q,
    exchange: fn(&Q::Target) -> &Exchange<S>,
    place: Option<usize>,
}

impl<Q: Deref, S: Store> Items<Q, S> {
    pub(super) fn new(queue: Q, exchange: fn(&Q::Target) -> &Exchange<S>) -> Self {
        Self { queue, exchange, place: None }
    }
}

impl<Q: Deref, S: Store> Stream for Items<Q, S> {
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let Self { queue, exchange, place } = self.get_mut();
        exchange(queue).get_or_wait(place, cx.waker()).map(Result::ok)
    }
}

impl<Q: Deref, S: Store> Drop for Items<Q, S> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            (self.exchange)(&self.queue).leave_getters(place);
        }
    }
}

// Nothing in it is pinned.
impl<Q: Deref, S: Store> Unpin for Items<Q, S> {}
