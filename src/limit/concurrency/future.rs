//! What waits for permits. Each has a place in the line once it was polled in vain, and gives it
//! up when it is dropped.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use mtaio_runtime::{DynRuntime, Runtime};

use super::core::Core;
use super::permit::{OwnedPermit, Permit};
use super::waiter::Waiter;
use crate::limit::error::AcquireError;

/// The future of [`ConcurrencyLimiter::acquire`](super::ConcurrencyLimiter::acquire).
#[must_use = "futures do nothing unless polled"]
pub struct AcquirePermit<'a, R: Runtime = DynRuntime> {
    core: &'a Core<R>,
    waiter: Waiter,
}

impl<'a, R: Runtime> AcquirePermit<'a, R> {
    pub(super) const fn new(core: &'a Core<R>, waiter: Waiter) -> Self {
        Self { core, waiter }
    }
}

impl<'a, R: Runtime> Future for AcquirePermit<'a, R> {
    type Output = Result<Permit<'a, R>, AcquireError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { core, waiter } = self.get_mut();
        ready!(waiter.poll(core, cx.waker()))?;
        Poll::Ready(Ok(Permit::taken(core, waiter.weight())))
    }
}

impl<R: Runtime> Drop for AcquirePermit<'_, R> {
    #[inline]
    fn drop(&mut self) {
        if self.waiter.is_waiting() {
            self.waiter.leave(self.core);
        }
    }
}

/// The future of [`ConcurrencyLimiter::acquire_owned`](super::ConcurrencyLimiter::acquire_owned).
#[must_use = "futures do nothing unless polled"]
pub struct AcquireOwnedPermit<R: Runtime = DynRuntime> {
    core: Arc<Core<R>>,
    waiter: Waiter,
}

impl<R: Runtime> AcquireOwnedPermit<R> {
    pub(super) const fn new(core: Arc<Core<R>>, waiter: Waiter) -> Self {
        Self { core, waiter }
    }
}

impl<R: Runtime> Future for AcquireOwnedPermit<R> {
    type Output = Result<OwnedPermit<R>, AcquireError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { core, waiter } = self.get_mut();
        ready!(waiter.poll(core, cx.waker()))?;
        Poll::Ready(Ok(OwnedPermit::taken(Arc::clone(core), waiter.weight())))
    }
}

impl<R: Runtime> Drop for AcquireOwnedPermit<R> {
    fn drop(&mut self) {
        if self.waiter.is_waiting() {
            self.waiter.leave(&self.core);
        }
    }
}

impl<R: Runtime> fmt::Debug for AcquirePermit<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquirePermit")
            .field("weight", &self.waiter.weight())
            .finish_non_exhaustive()
    }
}

impl<R: Runtime> fmt::Debug for AcquireOwnedPermit<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireOwnedPermit")
            .field("weight", &self.waiter.weight())
            .finish_non_exhaustive()
    }
}
