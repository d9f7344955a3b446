use std::future::Future;
use std::pin::Pin;

use super::error::AcquireError;
use super::limiter::{Limiter, Outcome};
use crate::callback::Callback;

/// What can be done with every [`Limiter`]: work under it.
///
/// # Examples
///
/// ```
/// use mtaio::limit::{ConcurrencyLimiter, LimiterExt};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let calls = ConcurrencyLimiter::new(&rt, 8)?;
/// assert_eq!(calls.run(async { 42 }).await?, 42);
///
/// let length = calls.wrap(async |word: &str| word.len());
/// assert_eq!(length("three").await?, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub trait LimiterExt: Limiter {
    /// Waits to be admitted, and runs `future` then.
    ///
    /// To limiters that learn from it, that it came to an end is a success; see
    /// [`run_judged`](Self::run_judged).
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if it was not admitted. `future` was not polled then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place, or what was admitted, and drops `future`. (What a
    /// rate has admitted is spent when `future` has begun.)
    fn run<F>(&self, future: F) -> impl Future<Output = Result<F::Output, AcquireError>> + Send
    where
        F: Future<Output: Send> + Send,
    {
        self.run_judged(|_| Outcome::Success, future)
    }

    /// As [`run`](Self::run), for limiters that learn from how the work went: `judge` says so.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// That of [`run`](Self::run).
    fn run_judged<F, J>(
        &self,
        judge: J,
        future: F,
    ) -> impl Future<Output = Result<F::Output, AcquireError>> + Send
    where
        F: Future<Output: Send> + Send,
        J: FnOnce(&F::Output) -> Outcome + Send,
    {
        async move {
            let permit = self.acquire().await?;
            let output = future.await;
            let outcome = judge(&output);
            self.complete(permit, outcome);
            Ok(output)
        }
    }

    /// `f` under the limiter: a function each call of which waits to be admitted. Its futures are
    /// boxed, so that they have a name.
    fn wrap<A, F>(&self, f: F) -> impl Fn(A) -> LimitedRun<F::Output> + Clone + use<Self, A, F>
    where
        Self: Clone + 'static,
        F: Callback<A, Output: Send, Future: Send> + Send + 'static,
        A: Send + 'static,
    {
        let limiter = self.clone();
        move |argument| {
            let (limiter, f) = (limiter.clone(), f.clone());
            Box::pin(async move { limiter.run(async move { f.call(argument).await }).await })
        }
    }
}

impl<L: Limiter> LimiterExt for L {}

/// The future of what [`LimiterExt::wrap`] answers.
pub type LimitedRun<T> = Pin<Box<dyn Future<Output = Result<T, AcquireError>> + Send>>;
