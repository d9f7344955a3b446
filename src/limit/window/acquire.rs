use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use mtaio_runtime::{DynRuntime, Runtime};

use super::counts::Counts;
use crate::limit::error::AcquireError;
use crate::limit::waiting::Acquire;

/// Says in which window something was admitted, for a
/// [`refund`](super::WindowLimiter::refund). Dropping it does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowPermit {
    pub(super) window: u64,
    pub(super) weight: u32,
}

/// The future of [`WindowLimiter::acquire`](super::WindowLimiter::acquire) and
/// [`acquire_many`](super::WindowLimiter::acquire_many).
#[must_use = "futures do nothing unless polled"]
pub struct WindowAcquire<'a, R: Runtime = DynRuntime>(pub(super) Acquire<'a, Counts, R>);

impl<R: Runtime> Future for WindowAcquire<'_, R> {
    type Output = Result<WindowPermit, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let admitted = ready!(Pin::new(&mut self.0).poll(cx));
        let weight = self.0.weight();
        Poll::Ready(admitted.map(|window| WindowPermit { window, weight }))
    }
}

impl<R: Runtime> fmt::Debug for WindowAcquire<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowAcquire").field("weight", &self.0.weight()).finish_non_exhaustive()
    }
}
