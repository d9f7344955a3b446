use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use crate::policy::error::PolicyError;
use crate::policy::listener::{Listener, PolicyEvent, tell};
use crate::policy::plan::{Kind, Plan};
use crate::policy::retry::Attempt;
use crate::policy::stage::{Next, Once, Stage, Stageable};
use crate::time::Deadline;

/// The stage of [`Builder::deadline`](crate::policy::Builder::deadline).
#[derive(Clone, Debug)]
pub struct DeadlineStage<R = DynRuntime, L = ()> {
    rt: R,
    limit: Duration,
    listener: L,
}

impl<R: Runtime, L> DeadlineStage<R, L> {
    pub(in crate::policy) fn new(rt: &R, limit: Duration, listener: L) -> Self {
        Self { rt: rt.clone(), limit, listener }
    }
}

impl<R: Runtime, L: Listener> Stageable for DeadlineStage<R, L> {
    type Calls = Once;

    fn describe(&self, plan: &mut Plan) {
        plan.note_time(Kind::Deadline, Some(self.limit));
    }
}

impl<T: Send, E: Send, R: Runtime, L: Listener> Stage<T, E> for DeadlineStage<R, L> {
    #[inline]
    async fn call<N: Next<T, E>>(&self, attempt: Attempt, next: N) -> Result<T, PolicyError<E>> {
        let deadline = Deadline::after(&self.rt, self.limit);
        let answer = deadline.run(&self.rt, next.call(attempt)).await;
        answer.unwrap_or_else(|elapsed| {
            tell(&self.listener, || PolicyEvent::TimedOut { limit: elapsed.limit() });
            Err(PolicyError::Elapsed(elapsed))
        })
    }
}
