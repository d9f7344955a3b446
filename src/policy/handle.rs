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
    #[must_use = "futures do nothing unless polled"]
    pub struct Deferred<F: Callback<A>, A> {
        call: Option<(F, A)>,
        #[pin]
        future: Option<F::Future>,
    }
}

impl<F: Callback<A>, A> Deferred<F, A> {
    pub(crate) const fn new(f: F, argument: A) -> Self {
        Self { call: Some((f, argument)), future: None }
    }
}

impl<F: Callback<A>, A> Future for Deferred<F, A> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if let Some((f, argument)) = this.call.take() {
            this.future.set(Some(f.call(argument)));
        }
        match this.future.as_pin_mut() {
            Some(future) => future.poll(cx),
            None => panic!("polled after its call panicked"),
        }
    }
}
