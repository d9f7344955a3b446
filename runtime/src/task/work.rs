use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use triomphe::Arc;

use super::cell::Cell;
use super::error::{JoinError, contain, discard};

pin_project! {
    /// What a runtime polls for a task: the user's future, and the way to tell how it ended. It
    /// never panics, and it tells exactly once, also when it is dropped.
    pub(super) struct Work<F: Future> {
        #[pin]
        future: Option<F>,
        cell: Option<Arc<Cell<F::Output>>>,
    }

    impl<F: Future> PinnedDrop for Work<F> {
        fn drop(this: Pin<&mut Self>) {
            let aborted = this.cell.as_ref().is_some_and(|cell| cell.is_aborted());
            let error = if aborted { JoinError::Cancelled } else { JoinError::RuntimeGone };
            this.cancel_with(error);
        }
    }
}

impl<F: Future> Work<F> {
    pub(super) fn new(future: F, cell: Arc<Cell<F::Output>>) -> Self {
        Self { future: Some(future), cell: Some(cell) }
    }

    /// Publishes the outcome. The future has been dropped by then: who hears that a task has ended
    /// may rely on nothing of it being alive.
    #[inline]
    fn end_with(self: Pin<&mut Self>, result: Result<F::Output, JoinError>) {
        if let Some(cell) = self.project().cell.take() {
            Cell::finish(cell, result);
        }
    }

    /// Drops the future of a task that did not end by itself; a panic of its destructor is the
    /// outcome then.
    fn cancel_with(mut self: Pin<&mut Self>, error: JoinError) {
        let this = self.as_mut().project();
        let Some(cell) = this.cell else { return };
        let mut future = this.future;
        let dropped = cell.ambient().enter(|| contain(|| future.set(None)));
        self.end_with(Err(dropped.map_or_else(JoinError::Panicked, |()| error)));
    }
}

impl<F: Future> Future for Work<F> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.as_mut().project();
        let Some(cell) = this.cell.as_ref() else { return Poll::Ready(()) };
        if cell.is_aborted() {
            self.cancel_with(JoinError::Cancelled);
            return Poll::Ready(());
        }
        let future = this.future;
        if let Some(result) = cell.ambient().enter(|| poll_to_result(future, cx)) {
            self.end_with(result);
        } else if cell.register_worker(cx.waker()) {
            return Poll::Pending;
        } else {
            self.cancel_with(JoinError::Cancelled);
        }
        Poll::Ready(())
    }
}

/// What a poll of `future` came to, with the future dropped; `None` while it is pending. Whatever
/// panics is contained: the first panic is told, those in its wake are not.
#[inline]
fn poll_to_result<F: Future>(
    mut future: Pin<&mut Option<F>>,
    cx: &mut Context<'_>,
) -> Option<Result<F::Output, JoinError>> {
    match contain(|| Some(future.as_mut().as_pin_mut()?.poll(cx))) {
        Ok(None | Some(Poll::Pending)) => None,
        Ok(Some(Poll::Ready(value))) => Some(match contain(|| future.set(None)) {
            Ok(()) => Ok(value),
            Err(panic) => {
                discard(value);
                Err(JoinError::Panicked(panic))
            }
        }),
        Err(panic) => {
            discard(contain(|| future.set(None)));
            Some(Err(JoinError::Panicked(panic)))
        }
    }
}
