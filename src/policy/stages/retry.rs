use std::future::poll_fn;
use std::pin::pin;

use mtaio_runtime::{DynRuntime, Runtime, RuntimeExt};

use crate::policy::error::PolicyError;
use crate::policy::listener::{Listener, PolicyEvent, tell};
use crate::policy::plan::{Kind, Plan};
use crate::policy::retry::{Always, Attempt, Attempts, Classify, GaveUp, Retry, Verdict};
use crate::policy::stage::{Again, Next, Stage, Stageable};

/// The stage of [`Builder::retry`](crate::policy::Builder::retry).
#[derive(Clone, Debug)]
pub struct RetryStage<R = DynRuntime, C = Always, A = (), B = ()> {
    rt: R,
    retry: Retry<C, Both<A, B>>,
}

/// Two that listen: the retry's own, and the policy's.
#[derive(Clone, Copy, Debug)]
struct Both<A, B>(A, B);

impl<R: Runtime, C, A, B> RetryStage<R, C, A, B> {
    pub(in crate::policy) fn new(rt: &R, retry: Retry<C, A>, listener: B) -> Self {
        Self { rt: rt.clone(), retry: retry.map_listener(|own| Both(own, listener)) }
    }
}

impl<R, C, A, B> Stageable for RetryStage<R, C, A, B>
where
    R: Runtime,
    C: Send + Sync,
    A: Listener,
    B: Listener,
{
    type Calls = Again;

    fn describe(&self, plan: &mut Plan) {
        plan.note_time(Kind::Retry, self.retry.max_time());
    }
}

impl<T, E, R, C, A, B> Stage<T, E> for RetryStage<R, C, A, B>
where
    T: Send,
    E: Send,
    R: Runtime,
    C: Classify<E> + Send + Sync,
    A: Listener,
    B: Listener,
{
    #[inline]
    async fn call<N: Next<T, E>>(&self, _attempt: Attempt, next: N) -> Result<T, PolicyError<E>> {
        let Self { rt, retry } = self;
        let mut attempts = Attempts::begin(retry);
        loop {
            let error = {
                let mut attempt = pin!(next.clone().call(attempts.attempt()));
                let answer = poll_fn(|cx| {
                    let polled = attempt.as_mut().poll(cx);
                    if polled.is_pending() {
                        attempts.pending(rt);
                    }
                    polled
                });
                match answer.await {
                    Ok(value) => return Ok(value),
                    Err(error) => error,
                }
            };
            match attempts.failed(retry, rt, self.verdict(&error)) {
                Ok(at) => rt.sleep_until(at).await,
                Err(GaveUp::Stopped) if attempts.attempt().is_first() => return Err(error),
                Err(reason) => {
                    let exhausted = attempts.error(rt, reason, error);
                    return Err(PolicyError::Exhausted(Box::new(exhausted)));
                }
            }
            if attempts.is_turn_over() {
                rt.yield_now().await;
            }
            attempts.begin_next(retry);
        }
    }
}

impl<R, C, A, B> RetryStage<R, C, A, B> {
    fn verdict<E>(&self, error: &PolicyError<E>) -> Verdict
    where
        C: Classify<E>,
    {
        match error {
            PolicyError::Failed(error) => self.retry.classifier().classify(error),
            PolicyError::Elapsed(elapsed) => Verdict::of(elapsed),
            PolicyError::Limited(limited) => Verdict::of(limited),
            // To try again would be to ask who does not answer. A retry in a retry is refused.
            PolicyError::Open(_) | PolicyError::Exhausted(_) => Verdict::Stop,
        }
    }
}

impl<A: Listener, B: Listener> Listener for Both<A, B> {
    fn hear(&self, event: &PolicyEvent) {
        tell(&self.0, || *event);
        tell(&self.1, || *event);
    }

    #[inline]
    fn listens(&self) -> bool {
        self.0.listens() || self.1.listens()
    }
}
