//! The library's errors know whether to try again, also where a user's own errors wrap them.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use mtaio::executor::{GatherError, RunError};
use mtaio::limit::{AcquireError, TryAcquireError, WeightError};
use mtaio::policy::{Attempt, BreakerConfig, BreakerError, CircuitBreaker, GaveUp, Open, Retry};
use mtaio::queue::{Closed, PutError, Queue, TaskDoneError, TryGetError};
use mtaio::scope::{AsyncClose, CloseErrors, ScopeError};
use mtaio::time::{Deadline, Elapsed, sleep, timeout};
use mtaio::{
    ConfigError, Error, JoinError, ResourceScope, Retryable, Runtime, RuntimeExt, TaskExecutor,
};
use mtaio_sim::Sim;
use thiserror::Error as DeriveError;

use crate::common::on_every_runtime;
use crate::ms;

on_every_runtime!(seeds = 10; an_enum_that_passes_the_question_on, a_boxed_error_is_asked_through_its_sources);

async fn too_slow<R: Runtime>(rt: &R) -> Elapsed {
    timeout(rt, ms(1), std::future::pending::<()>()).await.expect_err("it takes for ever")
}

fn open<R: Runtime>(rt: &R) -> Open {
    let breaker = CircuitBreaker::new(rt, BreakerConfig::new().window(1)).expect("good settings");
    breaker.try_begin().expect("it is closed").failure();
    breaker.try_begin().map(drop).expect_err("it is open")
}

#[derive(Debug, DeriveError)]
enum Lookup {
    #[error("too slow")]
    Slow(#[from] Elapsed),
    #[error("not there")]
    NotThere,
}

impl Retryable for Lookup {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Slow(elapsed) => elapsed.is_retryable(),
            Self::NotThere => false,
        }
    }
}

async fn an_enum_that_passes_the_question_on<R: Runtime>(rt: R) {
    let retry = Retry::constant(ms(1)).max_attempts(3).only_retryable().build().expect("good");
    let inner = rt.clone();
    let error = retry.run(&rt, async move |attempt: Attempt| match attempt.number() {
        1 => Err::<(), Lookup>(too_slow(&inner).await.into()),
        _ => Err(Lookup::NotThere),
    });
    let error = error.await.expect_err("it is not there");
    assert_eq!((error.attempts, error.reason), (2, GaveUp::Stopped));
    assert!(matches!(error.last, Lookup::NotThere));
}

/// A wrapper that is retryable in itself of nothing.
#[derive(Debug, DeriveError)]
#[error("while looking up {name}: {source}")]
struct While<E: StdError + 'static> {
    name: &'static str,
    source: E,
}

type Boxed = Box<dyn StdError + Send + Sync>;

async fn a_boxed_error_is_asked_through_its_sources<R: Runtime>(rt: R) {
    let retry = Retry::constant(ms(1)).max_attempts(9).only_retryable().build().expect("good");
    let inner = rt.clone();
    let error = retry.run(&rt, async move |attempt: Attempt| -> Result<(), Boxed> {
        match attempt.number() {
            1 => Err(too_slow(&inner).await.into()),
            2 => {
                let source = While { name: "bob", source: too_slow(&inner).await };
                Err(While { name: "ada", source }.into())
            }
            // Nobody knows of this one.
            _ => Err("no such name".into()),
        }
    });
    let error = error.await.expect_err("there is no such name");
    assert_eq!((error.attempts, error.reason), (3, GaveUp::Stopped));
    assert_eq!(error.last.to_string(), "no such name");
}

#[track_caller]
fn says<E>(error: E, is_retryable: bool)
where
    E: Retryable + StdError + Send + Sync + 'static,
{
    assert_eq!(error.is_retryable(), is_retryable, "{error}");
    let after = error.retry_after();
    assert!(is_retryable || after.is_none(), "{error}");
    let said = error.to_string();
    let shared = Arc::new(error);
    assert_eq!(shared.is_retryable(), is_retryable, "{said}");
    let owned = Arc::into_inner(shared).expect("it is the only one");
    let boxed: Boxed = While { name: "ada", source: owned }.into();
    assert_eq!((boxed.is_retryable(), boxed.retry_after()), (is_retryable, after), "{said}");
    let plain: Box<dyn StdError> = boxed;
    assert_eq!((plain.is_retryable(), plain.retry_after()), (is_retryable, after), "{said}");
}

#[test]
fn each_error_says_so_bare_and_wrapped() {
    Sim::run(0, |rt| async move {
        let elapsed = too_slow(&rt).await;
        says(elapsed, true);
        let inherited = Deadline::after(&rt, ms(1))
            .run(&rt, async { sleep(&rt, ms(9)).await })
            .await
            .expect("what is ready at the deadline is in time")
            .expect_err("the deadline comes first");
        says(inherited, false);
        says(ConfigError::new("limit", "0", "1 or more"), false);
        says(PutError::Full(()), true);
        says(PutError::Closed(()), false);
        says(TryGetError::Empty, true);
        says(TryGetError::Closed, false);
        says(Closed, false);
        says(TaskDoneError, false);
        says(JoinError::Cancelled, false);
        says(JoinError::RuntimeGone, false);
        says(WeightError::new(3, 2), false);
        says(TryAcquireError::Limited { retry_after: Some(ms(5)) }, true);
        says(TryAcquireError::Weight(WeightError::new(3, 2)), false);
        says(AcquireError::Elapsed(elapsed), true);
        says(AcquireError::Full { waiting: 3 }, true);
        says(AcquireError::Weight(WeightError::new(3, 2)), false);

        let executor = TaskExecutor::new(&rt);
        let slow = executor.run(std::future::pending::<()>()).timeout(ms(1)).await;
        says(slow.expect_err("it takes for ever"), true);
        let panics = executor.run(async { panic!("on purpose") }).await;
        says(panics.expect_err("it panics"), false);
        let of_an_item = |error: Elapsed| GatherError::Failed { index: 0, error };
        says(of_an_item(elapsed), true);
        says(of_an_item(inherited), false);
        says(ScopeError::Failed { error: elapsed, close_errors: Vec::new() }, true);

        let open = open(&rt);
        assert_eq!(Retryable::retry_after(&open), Some(Duration::from_secs(30)));
        says(open, true);
        says(BreakerError::<Elapsed>::Open(open), true);
        says(BreakerError::Failed(inherited), false);
        let forced = CircuitBreaker::new(&rt, BreakerConfig::new()).expect("good settings");
        forced.force_open();
        says(forced.try_begin().map(drop).expect_err("it is open"), false);

        let once = Retry::constant(ms(1)).max_attempts(1).build().expect("good settings");
        let given_up = |error: Elapsed| once.run(&rt, async move |_: Attempt| Err::<(), _>(error));
        says(given_up(elapsed).await.expect_err("it fails"), true);
        says(given_up(inherited).await.expect_err("it fails"), false);
    });
}

#[test]
fn the_one_error_says_what_it_was_made_of_says() {
    Sim::run(0, |rt| async move {
        let elapsed = too_slow(&rt).await;
        says(Error::from(elapsed), true);
        says(Error::from(PutError::Full(1)), true);
        says(Error::from(PutError::Closed(1)), false);
        says(Error::from(TryGetError::Empty), true);
        says(Error::from(Closed), false);
        says(Error::from(TaskDoneError), false);
        says(Error::from(JoinError::Cancelled), false);
        says(Error::from(ConfigError::new("limit", "0", "1 or more")), false);
        says(Error::from(open(&rt)), true);
        says(Error::from(BreakerError::<Error>::Open(open(&rt))), true);
        says(Error::from(BreakerError::Failed(Error::from(Closed))), false);

        let queue = Queue::<u8>::bounded(1).expect("a capacity");
        let once = Retry::constant(ms(1)).max_attempts(2).only_retryable().build().expect("good");
        let error = once.run(&rt, async |_: Attempt| queue.try_get().map_err(Error::from)).await;
        let error = error.expect_err("it is empty");
        assert_eq!(error.attempts, 2);
        says(Error::from(error), true);
        says(Error::from(RunError::from(elapsed)), true);
        says(Error::from(ScopeError::<Error>::NotClosed(not_closed(&rt).await)), false);
    });
}

async fn not_closed<R: Runtime>(rt: &R) -> CloseErrors {
    struct Stuck;

    impl AsyncClose for Stuck {
        type Error = std::io::Error;

        async fn close(self) -> Result<(), Self::Error> {
            Err(std::io::Error::other("stuck"))
        }
    }

    let outcome = ResourceScope::new(rt)
        .run(async |scope| {
            scope.add("stuck", Stuck);
            Ok::<_, Elapsed>(())
        })
        .await;
    match outcome.into_result().expect_err("it does not close") {
        ScopeError::NotClosed(errors) => errors,
        other => panic!("{other}"),
    }
}

#[test]
fn a_task_that_panicked_is_not_worth_another() {
    Sim::run(0, |rt| async move {
        let error = rt.spawn(async { panic!("on purpose") }).await.expect_err("panics");
        says(error, false);
    });
}
