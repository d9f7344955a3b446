use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::callback::Callback;

/// Borrowed from who awaits it, or its own.
pub(crate) enum Handle<'a, T> {
    Borrowed(&'a T),
    Owned(T),
}

impl<T> Handle<'_, T> {
    #[inline]
    pub(crate) const fn get(&self) -> &T {
        match self {
            Self::Borrowed(borrowed) => borrowed,
            Self::Owned(owned) => owned,
        }
    }
}

pin_project! {
    /// A call of a callback that begins with the first poll, and so perhaps never.
    #[project = Now]
    #[must_use = "futures do nothing unless polled"]
    pub enum Deferred<F: Callback<A>, A> {
        #[doc(hidden)]
        Waiting { call: Option<(F, A)> },
        #[doc(hidden)]
        Running { #[pin] future: F::Future },
    }
}

impl<F: Callback<A>, A> Deferred<F, A> {
    pub(crate) const fn new(f: F, argument: A) -> Self {
        Self::Waiting { call: Some((f, argument)) }
    }
}

impl<F: Callback<A>, A> Future for Deferred<F, A> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        loop {
            match self.as_mut().project() {
                Now::Waiting { call } => {
                    let Some((f, argument)) = call.take() else {
                        panic!("polled after its call panicked")
                    };
                    let future = f.call(argument);
                    self.set(Self::Running { future });
                }
                Now::Running { future } => return future.poll(cx),
            }
        }
    }
}
