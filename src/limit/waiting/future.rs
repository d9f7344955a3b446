use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use mtaio_runtime::Runtime;

use super::gauge::Gauge;
use super::room::Room;
use crate::limit::error::AcquireError;

/// Waits in a [`Room`] until a weight is admitted.
pub(in crate::limit) struct Acquire<'a, G: Gauge, R: Runtime> {
    room: &'a Arc<Room<G, R>>,
    weight: u32,
    /// The place in the line, once it has one.
    place: Option<usize>,
}

impl<'a, G: Gauge, R: Runtime> Acquire<'a, G, R> {
    pub(in crate::limit) const fn new(room: &'a Arc<Room<G, R>>, weight: u32) -> Self {
        Self { room, weight, place: None }
    }

    pub(in crate::limit) const fn weight(&self) -> u32 {
        self.weight
    }
}

impl<G: Gauge, R: Runtime> Future for Acquire<'_, G, R> {
    type Output = Result<G::Ticket, AcquireError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (room, weight) = (self.room, self.weight);
        match self.place {
            None => room.poll_first(&mut self.place, weight, cx.waker()),
            Some(_) => room.poll_again(&mut self.place, cx.waker()),
        }
    }
}

impl<G: Gauge, R: Runtime> Drop for Acquire<'_, G, R> {
    #[inline]
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.room.leave(place);
        }
    }
}
