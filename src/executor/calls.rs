use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use mtaio_runtime::Panic;
use pin_project_lite::pin_project;

use crate::callback::Callback;
use crate::contain::contain;

/// The futures of calling one callback with each item.
#[derive(Clone)]
pub struct Calls<I, F> {
    items: I,
    callback: F,
}

impl<I, F> Calls<I, F> {
    pub(super) const fn new(items: I, callback: F) -> Self {
        Self { items, callback }
    }
}

impl<I: Iterator, F: Callback<I::Item>> Iterator for Calls<I, F> {
    type Item = Call<F::Future>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.items.next()?;
        Some(match contain(|| self.callback.clone().call(item)) {
            Ok(future) => Call { future: Some(future), panic: None },
            Err(panic) => Call { future: None, panic: Some(panic) },
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

pin_project! {
    /// The future of one call. A callback that panics before there is a future panics in this one,
    /// so that it is treated like one that panics later.
    #[must_use = "futures do nothing unless polled"]
    pub struct Call<F> {
        #[pin]
        future: Option<F>,
        panic: Option<Panic>,
    }
}

impl<F: Future> Future for Call<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        match (this.future.as_pin_mut(), this.panic.take()) {
            (Some(future), _) => future.poll(cx),
            (None, Some(panic)) => panic.resume(),
            (None, None) => panic!("polled after it was ready"),
        }
    }
}
