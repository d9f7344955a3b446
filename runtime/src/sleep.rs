use std::future::Future;
use std::pin::Pin;

use crate::Instant;

/// A timer of a runtime: a future that is ready once the runtime's clock has reached its deadline.
///
/// Once it was ready it is to be [`reset`](Self::reset) before it is polled again: what it answers
/// otherwise differs from runtime to runtime.
///
/// # For adapters
///
/// - When the future is ready, `rt.now() >= deadline` holds, always.
/// - The waker of the last poll is the one that is woken, whichever task or thread it polls from.
/// - A deadline that has passed is ready at the first poll, or, where it passed just now, at the
///   next tick of the timers (tokio's is 1 ms). One that can't be represented does not come.
/// - Dropping it leaves nothing registered.
/// - After the runtime is gone it stays pending.
///
/// # Cancel safety
///
/// A sleep holds nothing: dropping it loses nothing.
#[must_use = "a sleep does nothing unless it is polled"]
pub trait Sleep: Future<Output = ()> + Send + 'static {
    /// Moves the deadline, earlier or later, also after the sleep was ready.
    ///
    /// The task that polled last needs not be woken for a later deadline; for an earlier one the
    /// caller polls again.
    fn reset(self: Pin<&mut Self>, deadline: Instant);
}

impl<S: Sleep + ?Sized> Sleep for Pin<Box<S>> {
    fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.get_mut().as_mut().reset(deadline);
    }
}
