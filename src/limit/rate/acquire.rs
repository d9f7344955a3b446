use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use mtaio_runtime::{DynRuntime, Runtime};

use super::gcra::Gcra;
use crate::limit::error::AcquireError;
use crate::limit::waiting::Acquire;

/// The future of [`RateLimiter::acquire`](super::RateLimiter::acquire) and
/// [`acquire_many`](super::RateLimiter::acquire_many).
#[must_use = "futures do nothing unless polled"]
pub struct RateAcquire<'a, R: Runtime = DynRuntime>(pub(super) Acquire<'a, Gcra, R>);

impl<R: Runtime> Future for RateAcquire<'_, R> {
    type Output = Result<(), AcquireError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<R: Runtime> fmt::Debug for RateAcquire<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateAcquire").field("weight", &self.0.weight()).finish_non_exhaustive()
    }
}
