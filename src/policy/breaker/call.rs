use std::fmt;
use std::mem;

use mtaio_runtime::{DynRuntime, Runtime};

use super::circuit_breaker::CircuitBreaker;
use super::core::{Answer, Ticket};

/// A call that a breaker let through, to be told how it went. See
/// [`try_begin`](CircuitBreaker::try_begin).
///
/// Dropping it tells that nobody waited for its end: that says nothing of who was called, and counts
/// for nothing, unless the call had been slow by then. Then it counts as slow.
#[must_use = "dropping it tells that the call was given up"]
pub struct Call<'a, R: Runtime = DynRuntime> {
    breaker: &'a CircuitBreaker<R>,
    ticket: Ticket,
}

impl<'a, R: Runtime> Call<'a, R> {
    #[inline]
    pub(super) const fn new(breaker: &'a CircuitBreaker<R>, ticket: Ticket) -> Self {
        Self { breaker, ticket }
    }

    /// It succeeded.
    #[inline]
    pub fn success(self) {
        self.settle(Answer::Success);
    }

    /// It failed.
    #[inline]
    pub fn failure(self) {
        self.settle(Answer::Failure);
    }

    #[inline]
    fn settle(self, answer: Answer) {
        self.breaker.core().settle(self.ticket, answer);
        mem::forget(self);
    }
}

impl<R: Runtime> Drop for Call<'_, R> {
    fn drop(&mut self) {
        self.breaker.core().settle(self.ticket, Answer::Dropped);
    }
}

impl<R: Runtime> fmt::Debug for Call<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}
