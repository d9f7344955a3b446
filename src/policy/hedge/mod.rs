//! Calling once more where it takes long.

mod future;

use std::future::Future;
use std::time::Duration;

use mtaio_runtime::Runtime;

pub(super) use self::future::hedged;
use super::boxed::BoxRun;
use super::budget::RetryBudget;
use super::retry::Attempt;
use crate::callback::Callback;
use crate::config::{ConfigError, check_period};

/// Calls once more where the first call takes long, and takes the first good answer; the calls that
/// lost are dropped.
///
/// It cuts off the latencies of the slowest few: with a delay that nineteen calls of twenty stay
/// below, it costs a twentieth more calls. (The idea is that of Jeffrey Dean and Luiz André Barroso,
/// "The Tail at Scale", 2013.) What it calls must not mind to be called twice.
///
/// A call that fails is no reason for another one: that is what [`Retry`](super::Retry) is for. Its
/// error is the answer where no other call is in flight; of several that fail, the last one's.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::RuntimeExt;
/// use mtaio::policy::{Attempt, Hedge};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let hedge = Hedge::after(Duration::from_millis(50))?;
/// let clock = rt.clone();
/// let answer = hedge.run(&rt, async move |attempt: Attempt| {
///     if attempt.is_first() {
///         clock.sleep(Duration::from_secs(9)).await; // It got stuck behind something.
///     }
///     Ok::<_, String>(attempt.number())
/// });
/// assert_eq!(answer.await, Ok(2));
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "a hedge does nothing by itself: `run` something"]
pub struct Hedge {
    delay: Duration,
    most: u32,
    budget: Option<RetryBudget>,
}

/// More calls than this for one answer are a mistake, not a wish.
const MOST: u32 = 100;

impl Hedge {
    /// One more call where there is no answer after `delay`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `delay` is zero or more than 100 years.
    pub fn after(delay: Duration) -> Result<Self, ConfigError> {
        check_period("after", delay)?;
        Ok(Self { delay, most: 2, budget: None })
    }

    /// How many calls there are at most, the first included; 2 unless said. Each begins a delay after
    /// the one before it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `calls` is not 2 to 100.
    pub fn at_most(mut self, calls: u32) -> Result<Self, ConfigError> {
        if !(2..=MOST).contains(&calls) {
            return Err(ConfigError::new("at_most", calls.to_string(), "2 to 100"));
        }
        self.most = calls;
        Ok(self)
    }

    /// Takes the further calls from `budget`, which others may share: where it is used up, there are
    /// none.
    pub fn budget(mut self, budget: &RetryBudget) -> Self {
        self.budget = Some(budget.clone());
        self
    }

    /// Calls `f`, and once more where that takes long. The time counts from the first poll that is
    /// pending: a call that is ready at once costs no look at a clock.
    ///
    /// # Errors
    ///
    /// The last call's error, where none had a good answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops all calls.
    pub fn run<'a, R, F, T, E>(
        &'a self,
        rt: &'a R,
        f: F,
    ) -> impl Future<Output = Result<T, E>> + use<'a, R, F, T, E>
    where
        R: Runtime,
        F: Callback<Attempt, Output = Result<T, E>>,
    {
        let mut next = Attempt::FIRST;
        hedged(rt, self, move || {
            let attempt = next;
            next = next.next();
            f.clone().call(attempt)
        })
    }

    /// `f`, hedged: a function that calls it with a clone of its argument each time. Its futures are
    /// boxed, so that they have a name.
    pub fn wrap<R, I, T, E, F>(
        &self,
        rt: &R,
        f: F,
    ) -> impl Fn(I) -> BoxRun<T, E> + Clone + use<R, I, T, E, F>
    where
        R: Runtime,
        F: Callback<I, Output = Result<T, E>, Future: Send> + Send + 'static,
        I: Clone + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (hedge, rt) = (self.clone(), rt.clone());
        move |argument: I| {
            let (hedge, rt, f) = (hedge.clone(), rt.clone(), f.clone());
            Box::pin(
                async move { hedged(&rt, &hedge, move || f.clone().call(argument.clone())).await },
            )
        }
    }

    pub(super) const fn delay(&self) -> Duration {
        self.delay
    }
}
