use std::fmt;
use std::time::Duration;

use super::classify::{Always, OnlyRetryable, Verdict};
use super::{Plan, Retry};
use crate::config::{ConfigError, check_period};
use crate::policy::budget::RetryBudget;
use crate::policy::listener::Listener;
use crate::time::{Backoff, Jitter};

/// The settings of a [`Retry`], to be [built](Self::build).
///
/// As long as it is told of no error, no budget and no listener, it can be a `const`.
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct RetryBuilder<C = Always, L = ()> {
    plan: Plan,
    classify: C,
    listener: L,
    budget: Option<RetryBudget>,
}

impl RetryBuilder {
    pub(super) const fn new(backoff: Backoff) -> Self {
        let plan = Plan { backoff, max_attempts: Some(3), max_time: None };
        Self { plan, classify: Always, listener: (), budget: None }
    }
}

impl<C, L> RetryBuilder<C, L> {
    /// How many attempts there are at most, the first included; 3 unless said.
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.plan.max_attempts = Some(attempts);
        self
    }

    /// Any number of attempts: until one succeeds, or the time or the budget is used up.
    pub const fn unlimited_attempts(mut self) -> Self {
        self.plan.max_attempts = None;
        self
    }

    /// How long after the call's beginning an attempt may begin; without end unless said.
    pub const fn max_time(mut self, time: Duration) -> Self {
        self.plan.max_time = Some(time);
        self
    }

    /// What chance does to the delays; see [`Backoff::with_jitter`].
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.plan.backoff = self.plan.backoff.with_jitter(jitter);
        self
    }

    /// The longest delay; see [`Backoff::with_max`].
    pub const fn max_delay(mut self, max: Duration) -> Self {
        self.plan.backoff = self.plan.backoff.with_max(max);
        self
    }

    /// Which errors are worth another attempt; all of them unless said.
    pub fn classify<E, F: Fn(&E) -> Verdict>(self, classify: F) -> RetryBuilder<F, L> {
        let Self { plan, listener, budget, .. } = self;
        RetryBuilder { plan, classify, listener, budget }
    }

    /// Only the errors that say so of themselves are worth another attempt, after as long as they
    /// say: see [`Retryable`](crate::Retryable).
    pub fn only_retryable(self) -> RetryBuilder<OnlyRetryable, L> {
        let Self { plan, listener, budget, .. } = self;
        RetryBuilder { plan, classify: OnlyRetryable, listener, budget }
    }

    /// Takes its retries from `budget`, which others may share.
    pub fn budget(mut self, budget: &RetryBudget) -> Self {
        self.budget = Some(budget.clone());
        self
    }

    /// Who hears of attempts, and of what is decided after them; nobody unless said.
    pub fn listener<M: Listener>(self, listener: M) -> RetryBuilder<C, M> {
        let Self { plan, classify, budget, .. } = self;
        RetryBuilder { plan, classify, listener, budget }
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a `max_attempts` of zero, a `max_time` that is zero or more than 100
    /// years, and what [`Backoff::validate`] refuses.
    pub fn build(self) -> Result<Retry<C, L>, ConfigError> {
        let Self { plan, classify, listener, budget } = self;
        plan.validate()?;
        Ok(Retry { plan, classify, listener, budget })
    }
}

impl Plan {
    fn validate(&self) -> Result<(), ConfigError> {
        self.backoff.check("max_delay")?;
        if self.max_attempts == Some(0) {
            return Err(ConfigError::new("max_attempts", "0", "1 or more"));
        }
        self.max_time.map_or(Ok(()), |time| check_period("max_time", time))
    }
}

impl<C, L> fmt::Debug for RetryBuilder<C, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBuilder")
            .field("plan", &self.plan)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
