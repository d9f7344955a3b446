use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use crate::policy::error::PolicyError;
use crate::policy::listener::{Listener, PolicyEvent, tell};
use crate::policy::plan::{Kind, Plan};
use crate::policy::retry::Attempt;
use crate::policy::stage::{Next, Once, Stage, Stageable};
use crate::time::timeout;

/// The stage of [`Builder::timeout`](crate::policy::Builder::timeout).
#[derive(Clone, Debug)]
pub struct TimeoutStage<R = DynRuntime, L = ()> {
    rt: R,
    limit: Duration,
    listener: L,
}

impl<R: Runtime, L> TimeoutStage<R, L> {
    pub(in crate::policy) fn new(rt: &R, limit: Duration, listener: L) -> Self {
        Self { rt: rt.clone(), limit, listener }
    }
}

impl<R: Runtime, L: Listener> Stageable for TimeoutStage<R, L> {
    type Calls = Once;

    fn describe(&self, plan: &mut Plan) {
        plan.note_time(Kind::Timeout, Some(self.limit));
    }
}

impl<T: Send, E: Send, R: Runtime, L: Listener> Stage<T, E> for TimeoutStage<R, L> {
    #[inline]
    async fn call<N: Next<T, E>>(&self, attempt: Attempt, next: N) -> Result<T, PolicyError<E>> {
        let answer = timeout(&self.rt, self.limit, next.call(attempt)).await;
        answer.unwrap_or_else(|elapsed| {
            tell(&self.listener, || PolicyEvent::TimedOut { limit: elapsed.limit() });
            Err(PolicyError::Elapsed(elapsed))
        })
    }
}
