use std::fmt;
use std::future::Future;
use std::sync::Arc;

use mtaio_runtime::{DynRuntime, Runtime};

use super::boxed::{BoxPolicy, BoxRun};
use super::builder::Builder;
use super::error::PolicyError;
use super::retry::Attempt;
use super::stage::{Bare, Next, Stage};
use crate::callback::Callback;

/// What is done around a call, put together of stages: the outermost first.
///
/// Each stage is around those that come after it, and the call is inside of them all. Any of them
/// may be left out, and their order is yours, as long as it makes sense:
///
/// | stage | what it does | where it makes no sense, and [`build`](Builder::build) refuses it |
/// | --- | --- | --- |
/// | [`fallback`](Builder::fallback) | another answer instead of an error | inside `retry`, `hedge` or `breaker`: they would see no failure |
/// | [`deadline`](Builder::deadline) | a time for all | inside `retry` or `hedge`, or of another `deadline`: that is a `timeout` |
/// | [`cache`](Builder::cache) | answers with what is kept, and keeps answers; [for a key](Policy::run_for) | outside `fallback`, whose answers it would keep; inside `hedge`, which would wait for the same call, and `breaker`, which would take what is kept for a success; twice |
/// | [`retry`](Builder::retry) | tries again | inside another `retry`: attempts multiply; with a `max_time` above the `deadline` around it: it is never reached |
/// | [`hedge`](Builder::hedge) | calls once more where it takes long | outside `retry`, or inside another `hedge`: calls multiply; with a delay not below each time around it and each `timeout` inside: it never calls |
/// | [`breaker`](Builder::breaker) | doesn't ask who does not answer | outside `retry`: it would see only what is left after all attempts; the same breaker twice: it would wait for itself |
/// | [`permit`](Builder::permit) | so many at once | the same limiter twice: a call would wait for itself. (Outside `retry` it limits calls, inside attempts.) |
/// | [`rate`](Builder::rate) | so many a second | nowhere: what is spent twice comes again with time |
/// | [`timeout`](Builder::timeout) | a time for an attempt | outside `retry`: that is a `deadline`; above a `deadline` or `timeout` around it: it is never reached |
///
/// A limiter outside of a retry is held, and its line waited in, once for all attempts; one that
/// learns from latencies belongs inside. A timeout outside of a permit counts the wait for it, and
/// one inside does not: only of the latter a limiter that learns hears that it was overrun. Whether
/// two limiters are the same one is told by their [rank](crate::limit::Limiter::rank): one without
/// is not noticed. (A [`Bulk`](super::Bulk) is no stage, since a policy's calls carry no argument: run the policy in
/// its batch function.)
///
/// A policy keeps what its stages share, so make one and use it for all calls of a kind. It clones
/// as its stages do: their limiters and breakers are handles.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::policy::{Attempt, BreakerConfig, CircuitBreaker, Fallback, Policy, PolicyError, Retry};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let breaker = CircuitBreaker::new(&rt, BreakerConfig::new())?;
/// let retry = Retry::exponential(Duration::from_millis(10)).max_attempts(4).build()?;
/// let policy = Policy::new(&rt)
///     .fallback(Fallback::with(async |error: PolicyError<&'static str>| match error.failed() {
///         Some(&"no such name") => Ok(0),
///         _ => Err(error),
///     }))
///     .deadline(Duration::from_secs(5))
///     .retry(retry)
///     .breaker(&breaker)
///     .timeout(Duration::from_secs(1))
///     .build()?;
///
/// let answer = policy.run(async |attempt: Attempt| match attempt.number() {
///     1 | 2 => Err("busy"),
///     _ => Ok(1815),
/// });
/// assert_eq!(answer.await, Ok(1815));
///
/// let look_up = policy.wrap(async |name: &'static str| match name {
///     "ada" => Ok(1815),
///     _ => Err("no such name"),
/// });
/// assert_eq!(look_up("ada").await, Ok(1815));
/// assert_eq!(look_up("bob").await, Ok(0));
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
///
/// A stage that makes no sense where it stands:
///
/// ```
/// # use std::time::Duration;
/// # use mtaio::policy::Policy;
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let second = Duration::from_secs(1);
/// let refused = Policy::new(&rt).deadline(second).timeout(2 * second).build().unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "`timeout` is 2s, allowed is no more than each `deadline` and `timeout` around it",
/// );
/// # });
/// ```
#[derive(Clone)]
#[must_use = "a policy does nothing by itself: `run` something"]
pub struct Policy<S = Bare> {
    stage: S,
}

impl Policy {
    /// A policy on `rt`, without a stage yet, which does not show the runtime in its type.
    #[expect(clippy::new_ret_no_self, reason = "as all are called that take a runtime")]
    pub fn new<R: Runtime>(rt: &R) -> Builder {
        Builder::new(DynRuntime::new(rt))
    }

    /// A policy on a runtime of known type: its timers are not boxed.
    pub fn with_runtime<R: Runtime>(rt: &R) -> Builder<Bare, R> {
        Builder::new(rt.clone())
    }
}

impl<S> Policy<S> {
    pub(super) const fn new_unchecked(stage: S) -> Self {
        Self { stage }
    }

    /// The stages, and `f` as what is inside of them all.
    pub(crate) const fn call_of<T, E, F>(&self, f: F) -> (&S, impl Next<T, E> + use<S, T, E, F>)
    where
        F: Callback<Attempt, Output = Result<T, E>, Future: Send> + Send,
        T: Send,
        E: Send,
    {
        (&self.stage, Call(f))
    }

    #[cfg(feature = "tower")]
    pub(super) fn into_stage(self) -> S {
        self.stage
    }

    /// Calls `f` under the policy.
    ///
    /// Where a stage may call again, what `f` captures is cloned for each attempt. Nothing is
    /// allocated where the first one is admitted and succeeds without waiting.
    ///
    /// # Errors
    ///
    /// [`PolicyError`]: its own error, or what a stage made of it.
    ///
    /// # Panics
    ///
    /// If `f` does: then permits are given back, and a breaker hears of it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the attempt that runs, and there will be no other. Places in lines
    /// are given up and permits given back; what a rate has admitted is not.
    #[inline]
    pub fn run<T, E, F>(&self, f: F) -> impl Future<Output = Result<T, PolicyError<E>>> + Send
    where
        S: Stage<T, E>,
        F: Callback<Attempt, Output = Result<T, E>, Future: Send> + Send,
        T: Send,
        E: Send,
    {
        self.stage.call(Attempt::FIRST, Call(f))
    }

    /// `f` under the policy: a function that calls it with a clone of its argument an attempt. Its
    /// futures are boxed, so that they have a name.
    pub fn wrap<A, T, E, F>(
        &self,
        f: F,
    ) -> impl Fn(A) -> BoxRun<T, PolicyError<E>> + Clone + use<S, A, T, E, F>
    where
        S: Stage<T, E> + Clone + 'static,
        F: Callback<A, Output = Result<T, E>, Future: Send> + Send + 'static,
        A: Clone + Send + 'static,
        T: Send,
        E: Send,
    {
        let policy = self.clone();
        move |argument| {
            let (policy, f) = (policy.clone(), f.clone());
            Box::pin(async move { policy.run(move |_: Attempt| f.call(argument)).await })
        }
    }

    /// The same behind a type that names no stage: for a field.
    pub fn boxed<T, E>(self) -> BoxPolicy<T, E>
    where
        S: Stage<T, E> + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        BoxPolicy::new(Arc::new(self.stage))
    }
}

impl<S: fmt::Debug> fmt::Debug for Policy<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("stage", &self.stage).finish()
    }
}

/// What is inside of all stages.
#[derive(Clone)]
pub(super) struct Call<F>(pub(super) F);

impl<T, E, F> Next<T, E> for Call<F>
where
    F: Callback<Attempt, Output = Result<T, E>, Future: Send> + Send,
    T: Send,
    E: Send,
{
    #[inline]
    async fn call(self, attempt: Attempt) -> Result<T, PolicyError<E>> {
        self.0.call(attempt).await.map_err(PolicyError::Failed)
    }
}
