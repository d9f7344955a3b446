use mtaio_runtime::{DynRuntime, Runtime};

use crate::policy::error::PolicyError;
use crate::policy::hedge::{Hedge, hedged};
use crate::policy::plan::{Kind, Plan};
use crate::policy::retry::Attempt;
use crate::policy::stage::{Again, Next, Stage, Stageable};

/// The stage of [`Builder::hedge`](crate::policy::Builder::hedge).
#[derive(Clone, Debug)]
pub struct HedgeStage<R = DynRuntime> {
    rt: R,
    hedge: Hedge,
}

impl<R: Runtime> HedgeStage<R> {
    pub(in crate::policy) fn new(rt: &R, hedge: Hedge) -> Self {
        Self { rt: rt.clone(), hedge }
    }
}

impl<R: Runtime> Stageable for HedgeStage<R> {
    type Calls = Again;

    fn describe(&self, plan: &mut Plan) {
        plan.note_time(Kind::Hedge, Some(self.hedge.delay()));
    }
}

impl<T: Send, E: Send, R: Runtime> Stage<T, E> for HedgeStage<R> {
    #[inline]
    async fn call<N: Next<T, E>>(&self, attempt: Attempt, next: N) -> Result<T, PolicyError<E>> {
        hedged(&self.rt, &self.hedge, move || next.clone().call(attempt)).await
    }
}
