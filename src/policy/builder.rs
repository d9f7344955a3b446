use std::fmt;
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use super::breaker::CircuitBreaker;
use super::fallback::Fallback;
use super::hedge::Hedge;
use super::listener::Listener;
use super::plan::Plan;
use super::policy::Policy;
use super::retry::Retry;
use super::stage::{Around, Bare, Stageable};
use super::stages::{
    BreakerStage, DeadlineStage, FallbackStage, HedgeStage, Limit, RetryStage, TimeoutStage,
};
use crate::config::ConfigError;
use crate::limit::Limiter;

/// The stages of a [`Policy`], outermost first, to be [built](Self::build).
#[must_use = "a builder does nothing until it is built"]
pub struct Builder<S = Bare, R = DynRuntime, L = ()> {
    stage: S,
    rt: R,
    listener: L,
}

impl<R: Runtime> Builder<Bare, R> {
    pub(super) const fn new(rt: R) -> Self {
        Self { stage: Bare, rt, listener: () }
    }

    /// Who hears of what all stages do; nobody unless said. It is said before them.
    ///
    /// A breaker's changes are its own listener's to hear: it may serve many policies.
    pub fn listener<L: Listener + Clone>(self, listener: L) -> Builder<Bare, R, L> {
        Builder { stage: Bare, rt: self.rt, listener }
    }
}

impl<S, R: Runtime, L: Listener + Clone> Builder<S, R, L> {
    /// Answers with something else where what is inside fails.
    pub fn fallback<A>(self, fallback: Fallback<A>) -> Builder<Around<S, FallbackStage<A>>, R, L> {
        self.stage(FallbackStage::new(fallback))
    }

    /// Gives all that is inside a time together, attempts and what is waited between them. What is
    /// called inherits it as its [`Deadline`](crate::time::Deadline).
    pub fn deadline(self, limit: Duration) -> Builder<Around<S, DeadlineStage<R, L>>, R, L> {
        let stage = DeadlineStage::new(&self.rt, limit, self.listener.clone());
        self.stage(stage)
    }

    /// Tries what is inside again where it fails.
    ///
    /// Its classification is asked of the call's own errors. What was not done in time, and what a
    /// limiter refused, is tried again where [`Retryable`](crate::Retryable) says so; where a breaker
    /// is open it gives up, since that is what a breaker is for.
    #[expect(clippy::type_complexity, reason = "it is long, and named nowhere")]
    pub fn retry<C, M: Listener>(
        self,
        retry: Retry<C, M>,
    ) -> Builder<Around<S, RetryStage<R, C, M, L>>, R, L> {
        let stage = RetryStage::new(&self.rt, retry, self.listener.clone());
        self.stage(stage)
    }

    /// Calls what is inside once more where it takes long, and takes the first good answer.
    pub fn hedge(self, hedge: Hedge) -> Builder<Around<S, HedgeStage<R>>, R, L> {
        let stage = HedgeStage::new(&self.rt, hedge);
        self.stage(stage)
    }

    /// Asks `breaker` before what is inside, and tells it how that went: any error is a failure, but
    /// for what a limiter or breaker inside refused, which was not called, and what the caller's own
    /// deadline ended, which counts as a call that was dropped.
    pub fn breaker<B: Runtime>(
        self,
        breaker: &CircuitBreaker<B>,
    ) -> Builder<Around<S, BreakerStage<B, (), L>>, R, L> {
        let stage = BreakerStage::new(breaker, (), self.listener.clone());
        self.stage(stage)
    }

    /// As [`breaker`](Self::breaker), where only such errors of the call are failures as
    /// `is_failure` says. With any other one, whoever was called did answer.
    pub fn breaker_with<B, E, P>(
        self,
        breaker: &CircuitBreaker<B>,
        is_failure: P,
    ) -> Builder<Around<S, BreakerStage<B, P, L>>, R, L>
    where
        B: Runtime,
        P: Fn(&E) -> bool,
    {
        let stage = BreakerStage::new(breaker, is_failure, self.listener.clone());
        self.stage(stage)
    }

    /// Holds a permit of `limiter` as long as what is inside takes; waits for it in its line.
    pub fn permit<P: Limiter + Clone>(
        self,
        limiter: &P,
    ) -> Builder<Around<S, Limit<P, (), L>>, R, L> {
        self.limit(Limit::new(limiter))
    }

    /// Waits until the rate of `limiter` admits what is inside.
    pub fn rate<P: Limiter + Clone>(
        self,
        limiter: &P,
    ) -> Builder<Around<S, Limit<P, (), L>>, R, L> {
        self.limit(Limit::new(limiter).named("rate"))
    }

    /// As [`permit`](Self::permit) and [`rate`](Self::rate), with a weight, or with a word on which
    /// errors a limiter that learns is to learn from.
    pub fn limit<P: Limiter, K>(
        self,
        limit: Limit<P, K>,
    ) -> Builder<Around<S, Limit<P, K, L>>, R, L> {
        let stage = limit.heard_by(self.listener.clone());
        self.stage(stage)
    }

    /// Gives what is inside a time: an attempt, where it is inside of a retry.
    pub fn timeout(self, limit: Duration) -> Builder<Around<S, TimeoutStage<R, L>>, R, L> {
        let stage = TimeoutStage::new(&self.rt, limit, self.listener.clone());
        self.stage(stage)
    }

    /// A stage of your own.
    pub fn stage<I>(self, stage: I) -> Builder<Around<S, I>, R, L> {
        let Self { stage: outer, rt, listener } = self;
        Builder { stage: Around::new(outer, stage), rt, listener }
    }
}

impl<S: Stageable, R, L> Builder<S, R, L> {
    /// The policy.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a time that is zero or more than 100 years, a weight of zero, and a stage
    /// that can't make sense where it stands, by the rules at [`Policy`].
    pub fn build(self) -> Result<Policy<S>, ConfigError> {
        let mut plan = Plan::default();
        self.stage.describe(&mut plan);
        plan.check()?;
        Ok(Policy::new_unchecked(self.stage))
    }
}

impl<S: fmt::Debug, R, L> fmt::Debug for Builder<S, R, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("stage", &self.stage).finish_non_exhaustive()
    }
}
