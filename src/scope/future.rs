use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use mtaio_runtime::{DynRuntime, Runtime};
use pin_project_lite::pin_project;

use super::attempt::Attempt;
use super::core::{Closing, Core, Key};
use super::error::CloseError;

pin_project! {
    /// The future of closing a resource early: [`Scoped::close`](super::Scoped::close),
    /// [`Scoped::replace`](super::Scoped::replace).
    ///
    /// # Errors
    ///
    /// [`CloseError`] if it failed, panicked or took too long. This is where it is told: it is not
    /// among the scope's errors then.
    ///
    /// # Panics
    ///
    /// Polling it again after it was ready panics.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: dropped before it is done, also before its first poll, it leaves the
    /// closing to the scope, which goes on with it in the end.
    #[must_use = "the resource is only closed in the end of the scope unless this is awaited"]
    pub struct Close<'scope, R: Runtime = DynRuntime> {
        #[pin]
        attempt: Attempt<'scope, R>,
    }
}

impl<'scope, R: Runtime> Close<'scope, R> {
    pub(super) fn new(core: &'scope Core<R>, key: Key, closing: Closing) -> Self {
        Self { attempt: Attempt::new(core, key, closing, core.limit_of(key)) }
    }
}

impl<R: Runtime> Future for Close<'_, R> {
    type Output = Result<(), CloseError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.project().attempt.poll(cx);
        polled.map(|(name, result)| result.map_err(|failure| CloseError::new(name, failure)))
    }
}

impl<R: Runtime> fmt::Debug for Close<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Close").finish_non_exhaustive()
    }
}
