use std::future::Future;

use super::error::PolicyError;
use super::plan::Plan;
use super::retry::Attempt;

/// One part of a [`Policy`](super::Policy): what it does around the call that is inside of it.
///
/// All stages of this library implement it; with yours, [`Builder::stage`](super::Builder::stage)
/// takes them too. `T` and `E` are what the call answers with. A stage that looks at neither is
/// one for all of them.
///
/// # Examples
///
/// ```
/// use std::future::Future;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use mtaio::policy::{Attempt, Next, Once, Plan, Policy, PolicyError, Stage, Stageable};
///
/// /// Counts the calls that come to an end, good or bad.
/// #[derive(Clone, Default)]
/// struct Count(Arc<AtomicU32>);
///
/// impl Stageable for Count {
///     type Calls = Once;
///
///     fn describe(&self, _plan: &mut Plan) {}
/// }
///
/// impl<T: Send, E: Send> Stage<T, E> for Count {
///     async fn call<N: Next<T, E>>(&self, attempt: Attempt, next: N) -> Result<T, PolicyError<E>> {
///         let answer = next.call(attempt).await;
///         self.0.fetch_add(1, Ordering::Relaxed);
///         answer
///     }
/// }
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let count = Count::default();
/// let policy = Policy::new(&rt).stage(count.clone()).build()?;
/// policy.run(async |_| Ok::<_, String>(42)).await.unwrap();
/// assert_eq!(count.0.load(Ordering::Relaxed), 1);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub trait Stage<T, E>: Stageable {
    /// Does `next`, or does without it.
    fn call<N: Next<T, E>>(
        &self,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, PolicyError<E>>> + Send;
}

/// What a stage is, whatever the calls that go through it answer with.
pub trait Stageable: Send + Sync {
    /// Whether it does what is inside of it [`Once`] at most, or [`Again`].
    type Calls: Calls;

    /// Tells `plan` what has to be known of this stage to see whether the others stand where they
    /// make sense.
    fn describe(&self, plan: &mut Plan);
}

/// What is inside of a stage: the further stages and, in the end, the call.
///
/// A stage that does it more than once clones it.
#[must_use = "the call is not made"]
pub trait Next<T, E>: Clone + Send {
    /// Does it, as this attempt.
    fn call(self, attempt: Attempt) -> impl Future<Output = Result<T, PolicyError<E>>> + Send;
}

/// How often a stage does what is inside of it: [`Once`] or [`Again`].
pub trait Calls: sealed::Sealed {
    /// How often two such stages do, one inside of the other.
    type And<Other: Calls>: Calls;
}

/// Not more than once: what is called need not be `Clone`.
#[derive(Clone, Copy, Debug)]
pub struct Once;

/// As often as it likes.
#[derive(Clone, Copy, Debug)]
pub struct Again;

impl Calls for Once {
    type And<Other: Calls> = Other;
}

impl Calls for Again {
    type And<Other: Calls> = Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Once {}
    impl Sealed for super::Again {}
}

/// No stage at all: what a policy begins with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bare;

impl Stageable for Bare {
    type Calls = Once;

    fn describe(&self, _plan: &mut Plan) {}
}

impl<T, E> Stage<T, E> for Bare {
    #[inline]
    fn call<N: Next<T, E>>(
        &self,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, PolicyError<E>>> + Send {
        next.call(attempt)
    }
}

/// One stage, or several, around another.
#[derive(Clone, Debug)]
pub struct Around<Outer, Inner> {
    outer: Outer,
    inner: Inner,
}

impl<Outer, Inner> Around<Outer, Inner> {
    pub(super) const fn new(outer: Outer, inner: Inner) -> Self {
        Self { outer, inner }
    }

    pub(crate) const fn parts(&self) -> (&Outer, &Inner) {
        (&self.outer, &self.inner)
    }
}

impl<Outer: Stageable, Inner: Stageable> Stageable for Around<Outer, Inner> {
    type Calls = <Outer::Calls as Calls>::And<Inner::Calls>;

    fn describe(&self, plan: &mut Plan) {
        self.outer.describe(plan);
        self.inner.describe(plan);
    }
}

impl<T, E, Outer: Stage<T, E>, Inner: Stage<T, E>> Stage<T, E> for Around<Outer, Inner> {
    #[inline]
    fn call<N: Next<T, E>>(
        &self,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, PolicyError<E>>> + Send {
        self.outer.call(attempt, Inside::new(&self.inner, next))
    }
}

/// A stage and what is inside of it, as what is inside of the one around it.
pub(crate) struct Inside<'a, S, N> {
    stage: &'a S,
    next: N,
}

impl<'a, S, N> Inside<'a, S, N> {
    pub(crate) const fn new(stage: &'a S, next: N) -> Self {
        Self { stage, next }
    }
}

impl<S, N: Clone> Clone for Inside<'_, S, N> {
    fn clone(&self) -> Self {
        Self { stage: self.stage, next: self.next.clone() }
    }
}

impl<T, E, S: Stage<T, E>, N: Next<T, E>> Next<T, E> for Inside<'_, S, N> {
    #[inline]
    fn call(self, attempt: Attempt) -> impl Future<Output = Result<T, PolicyError<E>>> + Send {
        self.stage.call(attempt, self.next)
    }
}
