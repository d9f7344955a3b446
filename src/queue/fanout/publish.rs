use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::copies::Copies;
use super::mailbox::Single;
use super::{Fanout, Place, Published, To};

/// Waits until its item is published: until there is room for it with each of those who want it to
/// wait. The item comes back when nothing is published any more.
///
/// Dropped before that it has not been published to anybody, and its place in line is given up.
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Publish<'a, T: Clone> {
    fanout: &'a Fanout<T>,
    to: To<'a>,
    copies: Copies<Single<T>, T>,
    place: Option<Place>,
}

impl<'a, T: Clone> Publish<'a, T> {
    pub(super) fn new(fanout: &'a Fanout<T>, to: To<'a>, item: T) -> Self {
        Self { fanout, to, copies: Copies::new(Single(item)), place: None }
    }
}

impl<T: Clone> Future for Publish<'_, T> {
    type Output = Result<Published, T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { fanout, to, copies, place } = self.get_mut();
        match fanout.attempt(*to, place, copies, Some(cx.waker())) {
            Poll::Ready(Ok(published)) => Poll::Ready(Ok(published)),
            Poll::Ready(Err(())) => match copies.take_original() {
                Some(Single(item)) => Poll::Ready(Err(item)),
                None => panic!("a publish was polled after it was done"),
            },
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<T: Clone> Drop for Publish<'_, T> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.fanout.leave(place);
        }
    }
}

// Nothing in it is pinned.
impl<T: Clone> Unpin for Publish<'_, T> {}
