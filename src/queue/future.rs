//! What waits at an exchange. Each has a place in a line once it was polled in vain, and gives it
//! up when it is dropped.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::error::{Closed, PutError};
use super::exchange::Exchange;
use super::state::PutOutcome;
use super::store::Store;

/// Waits until its item is in.
#[must_use = "futures do nothing unless polled"]
pub(super) struct PutFuture<'a, S: Store> {
    exchange: &'a Exchange<S>,
    item: Option<S::Item>,
    place: Option<usize>,
}

impl<'a, S: Store> PutFuture<'a, S> {
    pub(super) const fn new(exchange: &'a Exchange<S>, item: S::Item) -> Self {
        Self { exchange, item: Some(item), place: None }
    }

    /// For queues that drop nothing, and so have nothing to answer.
    pub(super) const fn without_dropped(self) -> PutOnly<'a, S> {
        PutOnly(self)
    }
}

impl<S: Store> Future for PutFuture<'_, S> {
    type Output = PutOutcome<S::Item>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { exchange, item, place } = self.get_mut();
        exchange.put_or_wait(place, item, cx.waker())
    }
}

impl<S: Store> Drop for PutFuture<'_, S> {
    #[inline]
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.exchange.leave_putters(place);
        }
    }
}

// Nothing in it is pinned.
impl<S: Store> Unpin for PutFuture<'_, S> {}

/// As [`PutFuture`], where nothing is ever dropped.
#[must_use = "futures do nothing unless polled"]
pub(super) struct PutOnly<'a, S: Store>(PutFuture<'a, S>);

impl<S: Store> Future for PutOnly<'_, S> {
    type Output = Result<(), PutError<S::Item>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_ok(drop)
    }
}

/// Waits for an item.
#[must_use = "futures do nothing unless polled"]
pub(super) struct Get<'a, S: Store> {
    exchange: &'a Exchange<S>,
    place: Option<usize>,
}

impl<'a, S: Store> Get<'a, S> {
    pub(super) const fn new(exchange: &'a Exchange<S>) -> Self {
        Self { exchange, place: None }
    }
}

impl<S: Store> Future for Get<'_, S> {
    type Output = Result<S::Item, Closed>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.exchange.get_or_wait(&mut self.place, cx.waker())
    }
}

impl<S: Store> Drop for Get<'_, S> {
    #[inline]
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.exchange.leave_getters(place);
        }
    }
}

/// Waits for an item, and takes those that are there with it.
#[must_use = "futures do nothing unless polled"]
pub(super) struct GetBatch<'a, S: Store> {
    exchange: &'a Exchange<S>,
    batch: &'a mut Vec<S::Item>,
    most: usize,
    place: Option<usize>,
}

impl<'a, S: Store> GetBatch<'a, S> {
    pub(super) const fn new(
        exchange: &'a Exchange<S>,
        batch: &'a mut Vec<S::Item>,
        most: usize,
    ) -> Self {
        Self { exchange, batch, most, place: None }
    }
}

impl<S: Store> Future for GetBatch<'_, S> {
    type Output = Result<usize, Closed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { exchange, batch, most, place } = self.get_mut();
        exchange.poll_get_batch(place, *most, batch, cx.waker())
    }
}

impl<S: Store> Drop for GetBatch<'_, S> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.exchange.leave_getters(place);
        }
    }
}

/// Waits until all that was put is done.
#[must_use = "futures do nothing unless polled"]
pub(super) struct Join<'a, S: Store> {
    exchange: &'a Exchange<S>,
    place: Option<usize>,
}

impl<'a, S: Store> Join<'a, S> {
    pub(super) const fn new(exchange: &'a Exchange<S>) -> Self {
        Self { exchange, place: None }
    }
}

impl<S: Store> Future for Join<'_, S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.exchange.poll_join(&mut self.place, cx.waker())
    }
}

impl<S: Store> Drop for Join<'_, S> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.exchange.leave_joiners(place);
        }
    }
}
