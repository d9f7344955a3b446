//! Panics of other people's code, as values.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use mtaio_runtime::Panic;
use pin_project_lite::pin_project;

/// Calls `f` and turns a panic into a value.
pub(super) fn contain<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(f)).map_err(Panic::new)
}

/// Drops what nobody wants, and contains the panic of its destructor. What that panic carries is
/// leaked: it could panic once more.
pub(super) fn discard<T>(value: T) {
    if let Err(panic) = contain(|| drop(value)) {
        std::mem::forget(panic);
    }
}

/// Polls a future that is dropped in place once it has ended: when this is ready, nothing of it is
/// left but what it came to. Of several panics the first is told.
pub(super) fn poll_to_end<F: Future>(
    mut future: Pin<&mut Option<F>>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, Panic>> {
    let polled = contain(|| match future.as_mut().as_pin_mut() {
        Some(future) => future.poll(cx),
        None => panic!("polled after it was ready"),
    });
    let result = ready!(polled.map_or_else(|panic| Poll::Ready(Err(panic)), |p| p.map(Ok)));
    match (result, contain(|| future.set(None))) {
        (Ok(value), Err(panic)) => {
            discard(value);
            Poll::Ready(Err(panic))
        }
        (result, Ok(())) => Poll::Ready(result),
        (Err(first), Err(second)) => {
            discard(second);
            Poll::Ready(Err(first))
        }
    }
}

pin_project! {
    /// A future whose panic is a value.
    pub(super) struct Contained<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F> Contained<F> {
    pub(super) const fn new(future: F) -> Self {
        Self { future: Some(future) }
    }
}

impl<F: Future> Future for Contained<F> {
    type Output = Result<F::Output, Panic>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        poll_to_end(self.project().future, cx)
    }
}
