use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};
use pin_project_lite::pin_project;

use super::error::RunError;
use super::launch::{Launch, Tasks};
use crate::queue::{Acquire, Permit};
use crate::time::{Timeout, timeout};

pin_project! {
    /// One piece of work and its answer. See [`TaskExecutor::run`](super::TaskExecutor::run).
    ///
    /// # Errors
    ///
    /// [`RunError`] if it did not run to its end.
    ///
    /// # Cancel safety
    ///
    /// Dropping it cancels the work.
    #[must_use = "nothing runs before it is awaited"]
    pub struct Run<F: Future, L: Launch<F> = Tasks<DynRuntime>, R: Runtime = DynRuntime> {
        #[pin]
        work: Timeout<'static, Work<F, L>, R>,
    }
}

impl<F: Future, L: Launch<F>, R: Runtime> Run<F, L, R> {
    pub(super) fn new(rt: &R, launch: L, future: F) -> Self {
        let work = Work { launch, future: Some(future), turn: None, running: None, permit: None };
        Self { work: timeout(rt, None, work).into_owned() }
    }

    /// Gives the work an end: then it is cancelled, and the answer is [`RunError::Elapsed`]. The
    /// time counts from the first poll; waiting for its turn counts too.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.work.set_limit(limit.into());
        self
    }
}

impl<F: Future, L: Launch<F>, R: Runtime> Future for Run<F, L, R> {
    type Output = Result<F::Output, RunError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match ready!(self.project().work.poll(cx)) {
            Ok(result) => Poll::Ready(result),
            Err(elapsed) => Poll::Ready(Err(elapsed.into())),
        }
    }
}

impl<F: Future, L: Launch<F>, R: Runtime> fmt::Debug for Run<F, L, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").finish_non_exhaustive()
    }
}

pin_project! {
    /// Waits for a permit, then runs.
    struct Work<F: Future, L: Launch<F>> {
        launch: L,
        // `None` once it runs.
        future: Option<F>,
        turn: Option<Acquire>,
        #[pin]
        running: Option<L::Running>,
        // Where what runs does not give it back itself.
        permit: Option<Permit>,
    }
}

impl<F: Future, L: Launch<F>> Future for Work<F, L> {
    type Output = Result<F::Output, RunError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.future.is_some() {
            if let Some(permits) = this.launch.permits() {
                ready!(this.turn.get_or_insert_with(|| permits.acquire()).poll_take(cx));
                *this.turn = None;
                if !L::RETURNS_PERMIT {
                    *this.permit = Some(Permit::taken(permits));
                }
            }
            if let Some(future) = this.future.take() {
                this.running.set(Some(this.launch.launch(future)?));
            }
        }
        match this.running.as_mut().as_pin_mut() {
            Some(running) => {
                let result = ready!(running.poll(cx));
                this.running.set(None);
                *this.permit = None;
                Poll::Ready(result)
            }
            None => panic!("polled after it was ready"),
        }
    }
}
