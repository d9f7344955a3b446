//! Panics of other people's code, as values.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use mtaio_runtime::Panic;
use pin_project_lite::pin_project;

/// Calls `f` and turns a panic into a value.
pub(crate) fn contain<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(f)).map_err(Panic::new)
}

/// Drops what nobody wants, and contains the panic of its destructor. What that panic carries is
/// leaked: it could panic once more.
pub(crate) fn discard<T>(value: T) {
    if let Err(panic) = contain(|| drop(value)) {
        std::mem::forget(panic);
    }
}

/// Polls a future that is dropped in place once it has ended: when this is ready, nothing of it is
/// left but what it came to. Of several panics the first is told.
#[inline]
pub(crate) fn poll_to_end<F: Future>(
    mut future: Pin<&mut Option<F>>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, Panic>> {
    // Out here, so that a panic of the future's destructor does not drop it as well.
    let mut output = None;
    let polled = contain(|| {
        let Some(present) = future.as_mut().as_pin_mut() else {
            panic!("polled after it was ready");
        };
        if let Poll::Ready(value) = present.poll(cx) {
            output = Some(value);
            future.set(None);
        }
    });
    match (polled, output) {
        (Ok(()), Some(value)) => Poll::Ready(Ok(value)),
        (Ok(()), None) => Poll::Pending,
        (Err(panic), output) => {
            clear(future, output);
            Poll::Ready(Err(panic))
        }
    }
}

/// Drops what is left of a future that panicked, and what it came to if that was its destructor.
#[cold]
fn clear<F: Future>(mut future: Pin<&mut Option<F>>, output: Option<F::Output>) {
    discard(output);
    if let Err(panic) = contain(|| future.set(None)) {
        discard(panic);
    }
}

pin_project! {
    /// A future whose panic is a value.
    pub(crate) struct Contained<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F> Contained<F> {
    pub(crate) const fn new(future: F) -> Self {
        Self { future: Some(future) }
    }
}

impl<F: Future> Future for Contained<F> {
    type Output = Result<F::Output, Panic>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        poll_to_end(self.project().future, cx)
    }
}
