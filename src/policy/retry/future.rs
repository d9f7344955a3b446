use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use mtaio_runtime::Runtime;
use pin_project_lite::pin_project;

use super::Retry;
use super::attempt::Attempt;
use super::attempts::Attempts;
use super::classify::Classify;
use super::error::RetryError;
use crate::callback::Callback;
use crate::policy::handle::Handle;
use crate::policy::listener::Listener;

pin_project! {
    /// The future of [`Retry::run`], and of what [`Retry::wrap`] returns.
    #[must_use = "futures do nothing unless polled"]
    pub struct RetryRun<'a, R: Runtime, F: Callback<Attempt>, C, L> {
        retry: Handle<'a, Retry<C, L>>,
        rt: Handle<'a, R>,
        f: F,
        attempts: Option<Attempts<R>>,
        #[pin]
        state: State<F::Future, R::Sleep>,
    }
}

pin_project! {
    #[project = Now]
    enum State<F, S> {
        Idle,
        Trying { #[pin] future: F },
        Waiting { #[pin] sleep: S },
    }
}

impl<'a, R: Runtime, F: Callback<Attempt>, C, L> RetryRun<'a, R, F, C, L> {
    pub(super) const fn new(retry: Handle<'a, Retry<C, L>>, rt: Handle<'a, R>, f: F) -> Self {
        Self { retry, rt, f, attempts: None, state: State::Idle }
    }
}

impl<R, F, C, L, T, E> Future for RetryRun<'_, R, F, C, L>
where
    R: Runtime,
    F: Callback<Attempt, Output = Result<T, E>>,
    C: Classify<E>,
    L: Listener,
{
    type Output = Result<T, RetryError<E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let (retry, rt) = (this.retry.get(), this.rt.get());
        let attempts = this.attempts.get_or_insert_with(|| Attempts::begin(retry));
        loop {
            match this.state.as_mut().project() {
                Now::Idle => {}
                Now::Trying { future } => match future.poll(cx) {
                    Poll::Pending => {
                        attempts.pending(rt);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(value)) => return Poll::Ready(Ok(value)),
                    Poll::Ready(Err(error)) => {
                        let verdict = retry.verdict(&error);
                        match attempts.failed(retry, rt, verdict) {
                            Ok(at) => {
                                let sleep = rt.sleep_until(at);
                                this.state.set(State::Waiting { sleep });
                                if attempts.is_turn_over() {
                                    cx.waker().wake_by_ref();
                                    return Poll::Pending;
                                }
                                continue;
                            }
                            Err(reason) => {
                                return Poll::Ready(Err(attempts.error(rt, reason, error)));
                            }
                        }
                    }
                },
                Now::Waiting { sleep } => {
                    ready!(sleep.poll(cx));
                    attempts.begin_next(retry);
                }
            }
            let future = this.f.clone().call(attempts.attempt());
            this.state.set(State::Trying { future });
        }
    }
}

/// A callback and the argument of all its calls.
#[derive(Clone, Debug)]
pub struct WithArgument<F, A> {
    f: F,
    argument: A,
}

impl<F, A> WithArgument<F, A> {
    pub(super) const fn new(f: F, argument: A) -> Self {
        Self { f, argument }
    }
}

// Nobody writes it: it would be no help to whom the compiler tells what a callback is.
#[diagnostic::do_not_recommend]
impl<F: Callback<A>, A: Clone> Callback<Attempt> for WithArgument<F, A> {
    type Output = F::Output;
    type Future = F::Future;

    fn call(self, _attempt: Attempt) -> F::Future {
        self.f.call(self.argument)
    }
}
