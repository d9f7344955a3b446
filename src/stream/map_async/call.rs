use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::super::error::CallPanicked;
use crate::contain::poll_to_end;

pin_project! {
    /// The call for an item; its panic is its result.
    pub struct Call<F> {
        pub(super) index: u64,
        pub(super) ticket: u64,
        #[pin]
        pub(super) future: Option<F>,
    }
}

impl<F: Future> Future for Call<F> {
    type Output = (u64, Result<F::Output, CallPanicked>);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(poll_to_end(this.future, cx));
        Poll::Ready((*this.ticket, result.map_err(|panic| CallPanicked::new(*this.index, panic))))
    }
}
