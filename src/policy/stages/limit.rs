use std::fmt;

use crate::limit::{Limiter, Outcome};
use crate::policy::error::PolicyError;
use crate::policy::listener::{Listener, PolicyEvent, tell};
use crate::policy::plan::{Kind, Plan};
use crate::policy::retry::Attempt;
use crate::policy::stage::{Next, Once, Stage, Stageable};

/// A limiter as a stage of a policy, for [`Builder::limit`](crate::policy::Builder::limit).
///
/// A call that ends tells the limiter how it went: a good answer is a
/// [`Success`](Outcome::Success), what was not done in a time that a stage inside gave it an
/// [`Overload`](Outcome::Overload). Of the call's own errors nothing is known, and the limiter learns nothing of them, unless
/// [`learning`](Self::learning) says what they are. Where a stage inside refuses the call, so that it
/// is not made, the limiter takes its admission back.
///
/// # Examples
///
/// ```
/// use mtaio::limit::Outcome;
/// use mtaio::policy::{Limit, Policy};
/// # use mtaio::limit::ConcurrencyLimiter;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let limiter = ConcurrencyLimiter::new(&rt, 8)?;
/// let limit = Limit::new(&limiter).weight(2).learning(|status: &u16| match status {
///     429 | 503 => Outcome::Overload,
///     _ => Outcome::Ignore,
/// });
/// let policy = Policy::new(&rt).limit(limit).build()?;
/// assert_eq!(policy.run(async |_| Ok::<_, u16>(200)).await, Ok(200));
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
#[must_use = "a limit does nothing by itself: give it to a policy"]
pub struct Limit<P, K = (), L = ()> {
    limiter: P,
    weight: u32,
    name: &'static str,
    judge: K,
    listener: L,
}

impl<P: Limiter + Clone> Limit<P> {
    /// A weight of 1 of `limiter`.
    pub fn new(limiter: &P) -> Self {
        Self { limiter: limiter.clone(), weight: 1, name: "permit", judge: (), listener: () }
    }
}

impl<P, K> Limit<P, K> {
    /// What a call weighs; 1 unless said.
    pub const fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// What the limiter is to learn of the call's own errors; nothing unless said.
    pub fn learning<E, F: Fn(&E) -> Outcome>(self, judge: F) -> Limit<P, F> {
        let Self { limiter, weight, name, listener, .. } = self;
        Limit { limiter, weight, name, judge, listener }
    }

    /// Calls it so when it is refused.
    pub(in crate::policy) const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    pub(in crate::policy) fn heard_by<L>(self, listener: L) -> Limit<P, K, L> {
        let Self { limiter, weight, name, judge, .. } = self;
        Limit { limiter, weight, name, judge, listener }
    }
}

/// What an error tells of the load. A function is one: `|error: &E| -> Outcome`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't tell what `{E}` says of the load",
    label = "says nothing of `{E}`",
    note = "write `|error: &{E}| -> Outcome`"
)]
pub trait Judge<E> {
    /// What it tells.
    fn judge(&self, error: &E) -> Outcome;
}

/// Nothing.
impl<E> Judge<E> for () {
    fn judge(&self, _error: &E) -> Outcome {
        Outcome::Ignore
    }
}

impl<E, F: Fn(&E) -> Outcome> Judge<E> for F {
    fn judge(&self, error: &E) -> Outcome {
        self(error)
    }
}

impl<P: Limiter, K: Send + Sync, L: Listener> Stageable for Limit<P, K, L> {
    type Calls = Once;

    fn describe(&self, plan: &mut Plan) {
        plan.note_limit(Kind::Limit(self.name), self.weight, self.limiter.rank());
    }
}

impl<T, E, P, K, L> Stage<T, E> for Limit<P, K, L>
where
    T: Send,
    E: Send,
    P: Limiter,
    K: Judge<E> + Send + Sync,
    L: Listener,
{
    #[inline]
    async fn call<N: Next<T, E>>(&self, attempt: Attempt, next: N) -> Result<T, PolicyError<E>> {
        let permit = match self.limiter.acquire_many(self.weight).await {
            Ok(permit) => permit,
            Err(error) => {
                tell(&self.listener, || PolicyEvent::Limited);
                return Err(PolicyError::Limited(error));
            }
        };
        let answer = next.call(attempt).await;
        match &answer {
            Err(error) if error.is_unused() => self.limiter.refund(permit, self.weight),
            answer => self.limiter.complete(permit, self.outcome(answer)),
        }
        answer
    }
}

impl<P, K, L> Limit<P, K, L> {
    fn outcome<T, E>(&self, answer: &Result<T, PolicyError<E>>) -> Outcome
    where
        K: Judge<E>,
    {
        match answer.as_ref().map_err(PolicyError::last) {
            Ok(_) => Outcome::Success,
            Err(PolicyError::Failed(error)) => self.judge.judge(error),
            // A deadline from further out tells of the caller.
            Err(PolicyError::Elapsed(elapsed)) if !elapsed.is_inherited() => Outcome::Overload,
            Err(_) => Outcome::Ignore,
        }
    }
}

impl<P: fmt::Debug, K, L> fmt::Debug for Limit<P, K, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit")
            .field("limiter", &self.limiter)
            .field("weight", &self.weight)
            .finish_non_exhaustive()
    }
}
