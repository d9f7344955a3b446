use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use mtaio_runtime::{DynRuntime, Runtime};
use pin_project_lite::pin_project;

use super::circuit_breaker::CircuitBreaker;
use super::core::{Answer, Ticket};
use super::error::BreakerError;
use crate::policy::handle::Handle;

pin_project! {
    /// The future of [`CircuitBreaker::run`], and of what [`CircuitBreaker::wrap`] returns.
    #[must_use = "futures do nothing unless polled"]
    pub struct BreakerRun<'a, F, P, R: Runtime = DynRuntime> {
        #[pin]
        future: F,
        is_failure: P,
        held: Held<'a, R>,
    }
}

/// A call that is answered once, whatever happens.
struct Held<'a, R: Runtime> {
    breaker: Handle<'a, CircuitBreaker<R>>,
    ticket: Option<Ticket>,
    /// Whether the future's code runs: when this is dropped then, it panicked.
    is_polled: bool,
}

impl<'a, F, P, R: Runtime> BreakerRun<'a, F, P, R> {
    pub(super) const fn new(
        breaker: Handle<'a, CircuitBreaker<R>>,
        future: F,
        is_failure: P,
    ) -> Self {
        Self { future, is_failure, held: Held { breaker, ticket: None, is_polled: false } }
    }
}

impl<F, P, R, T, E> Future for BreakerRun<'_, F, P, R>
where
    F: Future<Output = Result<T, E>>,
    P: Fn(&E) -> bool,
    R: Runtime,
{
    type Output = Result<T, BreakerError<E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.held.ticket.is_none() {
            this.held.ticket = Some(this.held.breaker.get().core().admit()?);
        }
        this.held.is_polled = true;
        let polled = this.future.poll(cx);
        let result = polled.map(|result| {
            let failed = result.as_ref().is_err_and(|error| (this.is_failure)(error));
            (result, if failed { Answer::Failure } else { Answer::Success })
        });
        this.held.is_polled = false;
        match result {
            Poll::Pending => Poll::Pending,
            Poll::Ready((result, answer)) => {
                this.held.settle(answer);
                Poll::Ready(result.map_err(BreakerError::Failed))
            }
        }
    }
}

impl<R: Runtime> Held<'_, R> {
    #[inline]
    fn settle(&mut self, answer: Answer) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.get().core().settle(ticket, answer);
        }
    }
}

impl<R: Runtime> Drop for Held<'_, R> {
    fn drop(&mut self) {
        self.settle(if self.is_polled { Answer::Failure } else { Answer::Dropped });
    }
}
