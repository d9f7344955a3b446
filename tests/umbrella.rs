//! `mtaio::Error`: whatever a part answers, `?` makes it the one error of an application, and what
//! it says of another attempt stays true.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use mtaio::cache::LoadError;
use mtaio::event::PublishError;
use mtaio::executor::{GatherError, RunError};
use mtaio::limit::AcquireError;
use mtaio::pipeline::PipelineError;
use mtaio::policy::{BreakerError, BulkError, PolicyError};
use mtaio::queue::{Closed, PutError};
use mtaio::scope::ScopeError;
use mtaio::time::{CascadeError, Elapsed, GroupError, timeout};
use mtaio::{ConfigError, Error, JoinError, ResourceScope, Retryable, Runtime, RuntimeExt};
use mtaio_sim::Sim;

/// An error that is worth another attempt.
fn elapsed() -> Elapsed {
    Sim::run(0, |rt| async move {
        let never = std::future::pending::<()>();
        timeout(&rt, Duration::from_secs(1), never).await.unwrap_err()
    })
}

/// One that is not.
fn refused() -> ConfigError {
    Sim::run(0, |rt| async move { mtaio::TaskExecutor::new(&rt).limit(0).unwrap_err() })
}

fn check(error: impl Into<Error>, says: &str, is_retryable: bool) {
    let error = error.into();
    assert_eq!(error.to_string(), says);
    assert_eq!(error.is_retryable(), is_retryable, "{error:?}");
}

#[test]
fn what_carries_no_error_of_others() {
    let refusal = refused().to_string();
    check(refused(), &refusal, false);
    check(elapsed(), "not done within 1s", true);
    check(Closed, &Closed.to_string(), false);
    check(AcquireError::Full { waiting: 3 }, "3 wait already, and no more may", true);
    check(JoinError::Cancelled, &JoinError::Cancelled.to_string(), false);
    check(PutError::Full(7), &PutError::Full(()).to_string(), true);
    check(GroupError::Elapsed(elapsed()), "not done within 1s", true);
    check(GroupError::Join(JoinError::RuntimeGone), &JoinError::RuntimeGone.to_string(), false);
    check(PublishError::Closed("news"), "the topics are closed", false);
}

/// With the application's own error inside, it is that one, or it is told with it.
#[test]
fn what_carries_the_same_error() {
    let inner = || Error::from(elapsed());
    check(CascadeError::Failed(inner()), "not done within 1s", true);
    check(BreakerError::Failed(inner()), "not done within 1s", true);
    check(PolicyError::Failed(inner()), "not done within 1s", true);
    check(BulkError::Failed(inner()), "not done within 1s", true);
    check(BulkError::<Error>::RuntimeGone, "the runtime is gone", false);
    let failed = GatherError::Failed { index: 4, error: inner() };
    check(failed, "item 4: not done within 1s", true);
    let unfinished = || RunError::from(JoinError::Cancelled);
    let told = format!("item 1: {}", unfinished());
    check(GatherError::<Error>::Unfinished { index: 1, error: unfinished() }, &told, false);
    check(GatherError::<Infallible>::Unfinished { index: 1, error: unfinished() }, &told, false);
    let failed = PipelineError::Failed { stage: "parse".into(), error: inner() };
    check(failed, "`parse`: not done within 1s", true);
    check(PipelineError::<Error>::RuntimeGone, "the runtime is gone", false);
    let load = LoadError::Failed(Arc::new(inner()));
    check(load, "the value could not be loaded: not done within 1s", true);
    let failed = ScopeError::Failed { error: inner(), close_errors: Vec::new() };
    check(failed, "not done within 1s", true);
}

#[test]
fn a_question_mark_is_enough() {
    async fn day<R: Runtime>(rt: &R) -> Result<u32, Error> {
        let outcome = ResourceScope::new(rt)
            .run(async |_| {
                let late = rt.spawn(std::future::pending::<u32>());
                Ok::<_, Error>(timeout(rt, Duration::from_secs(1), late).await??)
            })
            .await;
        Ok(outcome.into_result()?)
    }
    let error = Sim::run(0, |rt| async move { day(&rt).await.unwrap_err() });
    assert!(matches!(error, Error::Scope(_)), "{error:?}");
    assert!(error.is_retryable());
}
