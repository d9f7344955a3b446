use std::fmt;
use std::future::poll_fn;
use std::pin::pin;

use mtaio_runtime::{DynRuntime, Runtime};

use crate::policy::breaker::{Call, CircuitBreaker};
use crate::policy::error::PolicyError;
use crate::policy::listener::{Listener, PolicyEvent, tell};
use crate::policy::plan::{Kind, Plan};
use crate::policy::retry::Attempt;
use crate::policy::stage::{Next, Once, Stage, Stageable};

/// The stage of [`Builder::breaker`](crate::policy::Builder::breaker).
#[derive(Clone)]
pub struct BreakerStage<R: Runtime = DynRuntime, P = (), L = ()> {
    breaker: CircuitBreaker<R>,
    is_failure: P,
    listener: L,
}

impl<R: Runtime, P, L> BreakerStage<R, P, L> {
    pub(in crate::policy) fn new(breaker: &CircuitBreaker<R>, is_failure: P, listener: L) -> Self {
        Self { breaker: breaker.clone(), is_failure, listener }
    }
}

/// Which of the call's own errors are failures of who was called. A function is one:
/// `|error: &E| -> bool`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't tell whether `{E}` is a failure",
    label = "says nothing of `{E}`",
    note = "write `|error: &{E}| -> bool`"
)]
pub trait IsFailure<E> {
    /// Whether `error` is.
    fn is_failure(&self, error: &E) -> bool;
}

/// All are.
impl<E> IsFailure<E> for () {
    fn is_failure(&self, _error: &E) -> bool {
        true
    }
}

impl<E, F: Fn(&E) -> bool> IsFailure<E> for F {
    fn is_failure(&self, error: &E) -> bool {
        self(error)
    }
}

impl<R: Runtime, P: Send + Sync, L: Listener> Stageable for BreakerStage<R, P, L> {
    type Calls = Once;

    fn describe(&self, plan: &mut Plan) {
        plan.note_shared(Kind::Breaker, self.breaker.identity());
    }
}

impl<T, E, R, P, L> Stage<T, E> for BreakerStage<R, P, L>
where
    T: Send,
    E: Send,
    R: Runtime,
    P: IsFailure<E> + Send + Sync,
    L: Listener,
{
    #[inline]
    async fn call<N: Next<T, E>>(&self, attempt: Attempt, next: N) -> Result<T, PolicyError<E>> {
        let call = match self.breaker.try_begin() {
            Ok(call) => call,
            Err(open) => {
                tell(&self.listener, || PolicyEvent::Limited);
                return Err(PolicyError::Open(open));
            }
        };
        let mut held = Held { call: Some(call), is_polled: false };
        let mut inside = pin!(next.call(attempt));
        let answer = poll_fn(|cx| {
            held.is_polled = true;
            let polled = inside.as_mut().poll(cx);
            held.is_polled = false;
            polled
        });
        let answer = answer.await;
        if let Some(call) = held.call.take() {
            match answer.as_ref().map_err(PolicyError::last) {
                Ok(_) => call.success(),
                Err(PolicyError::Failed(error)) if !self.is_failure.is_failure(error) => {
                    call.success();
                }
                // It was not made: that tells nothing.
                Err(PolicyError::Limited(_) | PolicyError::Open(_)) => drop(call),
                // Nor does the caller's deadline, which is the caller's: it is as if it was dropped.
                Err(PolicyError::Elapsed(elapsed)) if elapsed.is_inherited() => drop(call),
                Err(_) => call.failure(),
            }
        }
        answer
    }
}

/// A call that has failed if it is dropped while its code runs: that is a panic.
struct Held<'a, R: Runtime> {
    call: Option<Call<'a, R>>,
    is_polled: bool,
}

impl<R: Runtime> Drop for Held<'_, R> {
    fn drop(&mut self) {
        if self.is_polled
            && let Some(call) = self.call.take()
        {
            call.failure();
        }
    }
}

impl<R: Runtime, P, L> fmt::Debug for BreakerStage<R, P, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerStage").field("breaker", &self.breaker).finish_non_exhaustive()
    }
}
