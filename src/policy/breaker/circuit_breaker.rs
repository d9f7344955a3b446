use std::fmt;
use std::future::Future;
use std::sync::Arc;

use mtaio_runtime::{DynRuntime, Runtime};

use super::call::Call;
use super::config::BreakerConfig;
use super::core::Core;
use super::error::Open;
use super::future::BreakerRun;
use super::stats::{BreakerState, BreakerStats};
use crate::callback::Callback;
use crate::config::ConfigError;
use crate::policy::handle::{Deferred, Handle};
use crate::policy::listener::Listener;

/// Stops asking who does not answer: when too many of the last calls have failed, or were slow, it
/// refuses all of them for a while. Then it lets a few through, and what these come to says whether
/// it closes or opens again.
///
/// It is a handle: its clones are the same breaker.
///
/// # What counts
///
/// - While it is closed, every call that ends is in the window: the last so many, or those of the
///   last so long. It opens with the call that makes the failures reach their share, rounded up.
/// - A call counts in the state in which it began. One that ends after that counts for nothing.
/// - A call that is dropped before its end counts for nothing: that it was given up tells of who gave
///   up, not of who was called. But where it had been [slow](BreakerConfig::slow_calls) by then it
///   counts as slow, or those who never answer would be given up for ever and never be noticed. (Put
///   a timeout inside of the breaker, and they are failures.)
/// - A call that panics has failed.
///
/// # Half-open
///
/// At most as many calls as there are [probes](BreakerConfig::probes) are let through, one place each.
/// A dropped call gives its place back. One that has not answered for as long as the breaker was open
/// is not waited for any more: its place is lent again, so that a call which hangs, or whose future was
/// forgotten, does not keep the breaker from finding out. (If it does answer before that, it counts.)
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::RuntimeExt;
/// use mtaio::policy::{BreakerConfig, BreakerState, CircuitBreaker};
///
/// const BREAKER: BreakerConfig = BreakerConfig::new()
///     .window(4)
///     .failure_rate(0.5)
///     .open_for(Duration::from_secs(10))
///     .probes(1);
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let breaker = CircuitBreaker::new(&rt, BREAKER)?;
/// for answer in [Ok(1), Err("down"), Ok(2), Err("down")] {
///     let _ = breaker.run(async { answer }).await;
/// }
/// let refused = breaker.run(async { Ok::<_, &str>(3) }).await.unwrap_err();
/// assert_eq!(refused.to_string(), "the breaker is open, try again in 10s");
///
/// rt.sleep(Duration::from_secs(10)).await;
/// assert_eq!(breaker.run(async { Ok::<_, &str>(4) }).await, Ok(4));
/// assert_eq!(breaker.state(), BreakerState::Closed);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct CircuitBreaker<R: Runtime = DynRuntime>(Arc<Core<R>>);

impl CircuitBreaker {
    /// A closed breaker that does not show the runtime in its type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a share that is not more than 0 and at most 1, a number of calls that is
    /// not 1 to a million, a time that is zero or more than 100 years, and a least number of calls
    /// that is more than the window.
    pub fn new<L, R>(rt: &R, config: BreakerConfig<L>) -> Result<Self, ConfigError>
    where
        L: Listener + 'static,
        R: Runtime,
    {
        Self::with_runtime(&DynRuntime::new(rt), config)
    }
}

impl<R: Runtime> CircuitBreaker<R> {
    /// A closed breaker on a runtime of known type.
    ///
    /// # Errors
    ///
    /// Those of [`new`](CircuitBreaker::new).
    pub fn with_runtime<L>(rt: &R, config: BreakerConfig<L>) -> Result<Self, ConfigError>
    where
        L: Listener + 'static,
    {
        let BreakerConfig { settings, listener } = config;
        settings.validate()?;
        let listener: Option<Arc<dyn Listener>> =
            if listener.listens() { Some(Arc::new(listener)) } else { None };
        Ok(Self(Arc::new(Core::new(rt, settings, listener))))
    }

    /// Runs `future` if calls are let through; any error of it is a failure.
    ///
    /// # Errors
    ///
    /// [`Open`] if it was refused, and then it is not polled; its own error otherwise.
    ///
    /// # Cancel safety
    ///
    /// That of the future inside. Dropping it counts as is said [above](Self#what-counts).
    pub fn run<F, T, E>(&self, future: F) -> BreakerRun<'_, F, fn(&E) -> bool, R>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.run_with(future, any)
    }

    /// As [`run`](Self::run), where only such errors are failures as `is_failure` says. With any
    /// other one, whoever was called did answer: that counts as a success.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// That of [`run`](Self::run).
    pub fn run_with<F, P, T, E>(&self, future: F, is_failure: P) -> BreakerRun<'_, F, P, R>
    where
        F: Future<Output = Result<T, E>>,
        P: Fn(&E) -> bool,
    {
        BreakerRun::new(Handle::Borrowed(self), future, is_failure)
    }

    /// `f` behind this breaker: a function that calls it when calls are let through.
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio::policy::{BreakerConfig, CircuitBreaker};
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let breaker = CircuitBreaker::new(&rt, BreakerConfig::new())?;
    /// let look_up = breaker.wrap(async |name: &'static str| match name {
    ///     "ada" => Ok(1815),
    ///     _ => Err("no such name"),
    /// });
    /// assert_eq!(look_up("ada").await, Ok(1815));
    /// breaker.force_open();
    /// assert!(look_up("ada").await.unwrap_err().is_open());
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn wrap<F, A, T, E>(
        &self,
        f: F,
    ) -> impl Fn(A) -> Wrapped<F, A, E, R> + Clone + use<F, A, T, E, R>
    where
        F: Callback<A, Output = Result<T, E>>,
    {
        let breaker = self.clone();
        move |argument| {
            let future = Deferred::new(f.clone(), argument);
            BreakerRun::new(Handle::Owned(breaker.clone()), future, any)
        }
    }

    /// Begins a call, which is to be told how it went: for what is no future of a `Result`.
    ///
    /// # Errors
    ///
    /// [`Open`] if calls are not let through.
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio::policy::{BreakerConfig, CircuitBreaker};
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let breaker = CircuitBreaker::new(&rt, BreakerConfig::new())?;
    /// if let Ok(call) = breaker.try_begin() {
    ///     match "42".parse::<u8>() {
    ///         Ok(_) => call.success(),
    ///         Err(_) => call.failure(),
    ///     }
    /// }
    /// assert_eq!(breaker.stats().calls, 1);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    #[inline]
    pub fn try_begin(&self) -> Result<Call<'_, R>, Open> {
        self.0.admit().map(|ticket| Call::new(self, ticket))
    }

    /// Refuses all calls until [`reset`](Self::reset) or [`force_closed`](Self::force_closed).
    pub fn force_open(&self) {
        self.0.force(BreakerState::ForcedOpen);
    }

    /// Lets all calls through, whatever they come to, until [`reset`](Self::reset) or
    /// [`force_open`](Self::force_open).
    pub fn force_closed(&self) {
        self.0.force(BreakerState::ForcedClosed);
    }

    /// Closes it, with nothing in its window. Calls that have begun count for nothing.
    pub fn reset(&self) {
        self.0.force(BreakerState::Closed);
    }

    /// What it does with calls.
    pub fn state(&self) -> BreakerState {
        self.0.state()
    }

    /// How it stands.
    pub fn stats(&self) -> BreakerStats {
        self.0.stats()
    }

    /// The same for its clones, and for no other.
    pub(in crate::policy) fn identity(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    #[inline]
    pub(super) fn core(&self) -> &Core<R> {
        &self.0
    }
}

/// What a wrapped function returns.
type Wrapped<F, A, E, R> = BreakerRun<'static, Deferred<F, A>, fn(&E) -> bool, R>;

/// The failures, unless said.
const fn any<E>(_error: &E) -> bool {
    true
}

impl<R: Runtime> fmt::Debug for CircuitBreaker<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
