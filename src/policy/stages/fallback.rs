use crate::policy::error::PolicyError;
use crate::policy::fallback::{Answer, Fallback};
use crate::policy::plan::{Kind, Plan};
use crate::policy::retry::Attempt;
use crate::policy::stage::{Next, Once, Stage, Stageable};

/// The stage of [`Builder::fallback`](crate::policy::Builder::fallback).
#[derive(Clone, Debug)]
pub struct FallbackStage<A> {
    fallback: Fallback<A>,
}

impl<A> FallbackStage<A> {
    pub(in crate::policy) const fn new(fallback: Fallback<A>) -> Self {
        Self { fallback }
    }
}

impl<A: Send + Sync> Stageable for FallbackStage<A> {
    type Calls = Once;

    fn describe(&self, plan: &mut Plan) {
        plan.note(Kind::Fallback);
    }
}

impl<T, E, A> Stage<T, E> for FallbackStage<A>
where
    T: Send,
    E: Send,
    A: Answer<T, PolicyError<E>> + Send + Sync,
{
    #[inline]
    async fn call<N: Next<T, E>>(&self, attempt: Attempt, next: N) -> Result<T, PolicyError<E>> {
        self.fallback.run(next.call(attempt)).await
    }
}
