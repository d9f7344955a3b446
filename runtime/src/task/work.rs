use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::cell::Cell;
use super::error::{JoinError, contain};
use crate::Ambient;

pin_project! {
    /// What a runtime polls for a task: the user's future, its surroundings, and the way to tell
    /// how it ended. It never panics, and it tells exactly once, also when it is dropped.
    pub(crate) struct Work<F: Future> {
        #[pin]
        future: Option<F>,
        ambient: Ambient,
        cell: Option<Arc<Cell<F::Output>>>,
        // The waker that an abort would wake.
        registered: Option<Waker>,
    }

    impl<F: Future> PinnedDrop for Work<F> {
        fn drop(this: Pin<&mut Self>) {
            this.end_with(Err(JoinError::RuntimeGone));
        }
    }
}

impl<F: Future> Work<F> {
    pub(super) fn new(future: F, cell: Arc<Cell<F::Output>>) -> Self {
        Self {
            future: Some(future),
            ambient: Ambient::current(),
            cell: Some(cell),
            registered: None,
        }
    }

    /// Drops the future, then publishes the outcome: who hears that a task has ended may rely on
    /// nothing of it being alive.
    fn end_with(self: Pin<&mut Self>, result: Result<F::Output, JoinError>) {
        let mut this = self.project();
        let Some(cell) = this.cell.take() else { return };
        let dropped = this.ambient.enter(|| contain(|| this.future.set(None)));
        let result = match (dropped, result) {
            (Err(panic), _) => Err(JoinError::Panicked(panic)),
            (Ok(()), Err(JoinError::RuntimeGone)) if cell.is_aborted() => Err(JoinError::Cancelled),
            (Ok(()), result) => result,
        };
        cell.finish(result);
    }
}

impl<F: Future> Future for Work<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.as_mut().project();
        let (Some(cell), Some(future)) = (this.cell.as_ref(), this.future.as_pin_mut()) else {
            return Poll::Ready(());
        };
        let result = if cell.is_aborted() {
            Err(JoinError::Cancelled)
        } else {
            match this.ambient.enter(|| contain(|| future.poll(cx))) {
                Ok(Poll::Ready(value)) => Ok(value),
                Err(panic) => Err(JoinError::Panicked(panic)),
                Ok(Poll::Pending) => {
                    if matches!(this.registered, Some(waker) if waker.will_wake(cx.waker())) {
                        return Poll::Pending;
                    }
                    *this.registered = Some(cx.waker().clone());
                    if cell.register_worker(cx.waker()) {
                        return Poll::Pending;
                    }
                    Err(JoinError::Cancelled)
                }
            }
        };
        self.end_with(result);
        Poll::Ready(())
    }
}
