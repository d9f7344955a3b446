//! Trying again.

mod attempt;
pub(super) mod attempts;
mod builder;
mod classify;
mod error;
mod future;

use std::fmt;
use std::time::Duration;

use mtaio_runtime::Runtime;

pub use self::attempt::Attempt;
pub(crate) use self::attempts::Attempts;
pub use self::builder::RetryBuilder;
pub use self::classify::{Always, Classify, OnlyRetryable, Verdict};
pub use self::error::{GaveUp, RetryError};
pub use self::future::RetryRun;
use self::future::WithArgument;
use super::budget::RetryBudget;
use super::handle::Handle;
use super::listener::Listener;
use crate::callback::Callback;
use crate::time::Backoff;

/// Calls again what has failed, after a while: so often, for so long, and for such errors as it was
/// told.
///
/// Its settings are made by the constructors here and checked by
/// [`build`](RetryBuilder::build). Unless said otherwise it makes 3 attempts, whatever the error.
/// It keeps nothing from call to call, and serves any number at once.
///
/// # Examples
///
/// Only what is worth another attempt, after what the error itself says where it does:
///
/// ```
/// use std::time::Duration;
/// use mtaio::policy::{Attempt, GaveUp, Retry, RetryBuilder, Verdict};
/// use mtaio::time::Jitter;
///
/// #[derive(Debug, PartialEq)]
/// enum Refused { Busy(Duration), NoSuchName }
///
/// const RETRY: RetryBuilder = Retry::exponential(Duration::from_millis(100))
///     .jitter(Jitter::Full)
///     .max_attempts(5)
///     .max_time(Duration::from_secs(10));
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let retry = RETRY
///     .classify(|error: &Refused| match error {
///         Refused::Busy(for_about) => Verdict::After(*for_about),
///         Refused::NoSuchName => Verdict::Stop,
///     })
///     .build()?;
///
/// let answer = retry.run(&rt, async |attempt: Attempt| match attempt.number() {
///     1 => Err(Refused::Busy(Duration::from_millis(250))),
///     2 => Err::<(), _>(Refused::NoSuchName),
///     _ => unreachable!("it stops before"),
/// });
/// let error = answer.await.unwrap_err();
/// assert_eq!((error.attempts, error.elapsed.as_millis()), (2, 250));
/// assert_eq!((error.last, error.reason), (Refused::NoSuchName, GaveUp::Stopped));
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
#[must_use = "a retry does nothing by itself: `run` something"]
pub struct Retry<C = Always, L = ()> {
    plan: Plan,
    classify: C,
    listener: L,
    budget: Option<RetryBudget>,
}

/// What does not depend on the error.
#[derive(Clone, Copy, Debug)]
struct Plan {
    backoff: Backoff,
    max_attempts: Option<u32>,
    max_time: Option<Duration>,
}

impl Retry {
    /// With the delays of `backoff`.
    pub const fn backoff(backoff: Backoff) -> RetryBuilder {
        RetryBuilder::new(backoff)
    }

    /// With twice the delay each time, from `first` up to 60 s. See [`Backoff::exponential`].
    pub const fn exponential(first: Duration) -> RetryBuilder {
        RetryBuilder::new(Backoff::exponential(first))
    }

    /// With the same delay each time.
    pub const fn constant(delay: Duration) -> RetryBuilder {
        RetryBuilder::new(Backoff::constant(delay))
    }
}

impl<C, L> Retry<C, L> {
    /// The same with a listener made of its own.
    pub(crate) fn map_listener<M>(self, map: impl FnOnce(L) -> M) -> Retry<C, M> {
        let Self { plan, classify, listener, budget } = self;
        Retry { plan, classify, listener: map(listener), budget }
    }

    /// What it makes of the user's errors.
    pub(crate) const fn classifier(&self) -> &C {
        &self.classify
    }

    /// The time that all attempts are given.
    pub(crate) const fn max_time(&self) -> Option<Duration> {
        self.plan.max_time
    }
}

impl<C, L: Listener> Retry<C, L> {
    /// Calls `f` until it succeeds, or until there is to be no other attempt.
    ///
    /// No sleep is begun that would outlast the ambient deadline, or the time that was set: it gives
    /// up at once. An attempt that runs is not cut short; a [`timeout`](crate::time::timeout) inside
    /// of `f` does that, and a deadline around this.
    ///
    /// The time counts from the end of the first poll: a first attempt that succeeds at once costs no
    /// look at a clock.
    ///
    /// # Errors
    ///
    /// [`RetryError`], with the last attempt's error.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the attempt that runs; there will be no other.
    pub fn run<'a, R, F, T, E>(&'a self, rt: &'a R, f: F) -> RetryRun<'a, R, F, C, L>
    where
        R: Runtime,
        F: Callback<Attempt, Output = Result<T, E>>,
        C: Classify<E>,
    {
        RetryRun::new(Handle::Borrowed(self), Handle::Borrowed(rt), f)
    }

    /// `f`, tried again: a function that calls it with a clone of its argument an attempt.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use mtaio::policy::Retry;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let retry = Retry::constant(Duration::from_millis(10)).build()?;
    /// let look_up = retry.wrap(&rt, async |name: &'static str| match name {
    ///     "ada" => Ok(1815),
    ///     _ => Err("no such name"),
    /// });
    /// assert_eq!(look_up("ada").await.unwrap(), 1815);
    /// assert_eq!(look_up("bob").await.unwrap_err().attempts, 3);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn wrap<R, F, A, T, E>(
        &self,
        rt: &R,
        f: F,
    ) -> impl Fn(A) -> RetryRun<'static, R, WithArgument<F, A>, C, L> + Clone + use<R, F, A, T, E, C, L>
    where
        R: Runtime,
        F: Callback<A, Output = Result<T, E>>,
        A: Clone,
        C: Classify<E> + Clone + 'static,
        L: Clone + 'static,
    {
        let (retry, rt) = (self.clone(), rt.clone());
        move |argument| {
            let f = WithArgument::new(f.clone(), argument);
            RetryRun::new(Handle::Owned(retry.clone()), Handle::Owned(rt.clone()), f)
        }
    }
}

impl<C, L> Retry<C, L> {
    /// Whether there is to be another attempt after `error`, as far as that depends on it.
    #[inline]
    pub(crate) fn verdict<E>(&self, error: &E) -> Verdict
    where
        C: Classify<E>,
    {
        self.classify.classify(error)
    }
}

impl<C, L> fmt::Debug for Retry<C, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("plan", &self.plan)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
