//! One error for applications that want one.

mod wrapped;

use std::convert::Infallible;
use std::time::Duration;

use mtaio_runtime::JoinError;
use thiserror::Error;

use crate::cache::LoadError;
use crate::config::ConfigError;
use crate::event::PublishError;
use crate::executor::{GatherError, RunError};
use crate::limit::{AcquireError, TryAcquireError};
use crate::pipeline::PipelineError;
use crate::policy::{BreakerError, BulkError, Open, PolicyError, RetryError};
use crate::queue::{Closed, PutError, TaskDoneError, TryGetError};
use crate::retryable::Retryable;
use crate::scope::{CloseError, CloseErrors, ScopeError};
use crate::time::{CascadeError, Elapsed, GroupError};

/// Any error of this library that carries no error of yours.
///
/// The library itself never returns it: each part has an error of its own. An application that
/// doesn't tell them apart can let `?` make this of them.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::{Error, Runtime, TaskExecutor};
/// use mtaio::time::timeout;
///
/// async fn answer<R: Runtime>(rt: &R) -> Result<u32, Error> {
///     let executor = TaskExecutor::new(rt).limit(8)?;
///     let doubled = executor.map([20, 1], async |n: u32| 2 * n).values().await?;
///     Ok(timeout(rt, Duration::from_secs(1), async { doubled.iter().sum() }).await?)
/// }
///
/// assert_eq!(mtaio_sim::Sim::run(0, |rt| async move { answer(&rt).await }).unwrap(), 42);
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting was refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Something was not done in time.
    #[error(transparent)]
    Elapsed(#[from] Elapsed),
    /// An item was not put into a queue. (Where this is made of the error, the item is dropped.)
    #[error(transparent)]
    Put(PutError<()>),
    /// A queue was closed, and nothing is left in it.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// There was no item to take at once.
    #[error(transparent)]
    TryGet(#[from] TryGetError),
    /// More items were reported done than had been taken.
    #[error(transparent)]
    TaskDone(#[from] TaskDoneError),
    /// A limiter did not admit who was ready to wait.
    #[error(transparent)]
    Acquire(#[from] AcquireError),
    /// A limiter did not admit at once.
    #[error(transparent)]
    TryAcquire(#[from] TryAcquireError),
    /// A task has no value to give.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// A piece of work did not run to its end.
    #[error(transparent)]
    Run(#[from] RunError),
    /// One of many pieces of work failed, or did not run to its end.
    #[error(transparent)]
    Gather(Box<GatherError<Self>>),
    /// The body of a scope failed or panicked, or not all of its resources closed.
    #[error(transparent)]
    Scope(Box<ScopeError<Self>>),
    /// A resource did not close.
    #[error(transparent)]
    Close(#[from] CloseErrors),
    /// A breaker refused a call.
    #[error(transparent)]
    Open(#[from] Open),
    /// All attempts at something failed.
    #[error(transparent)]
    Retry(Box<RetryError<Self>>),
    /// A batch of calls came to nothing.
    #[error(transparent)]
    Bulk(BulkError<Infallible>),
    /// A message was not published. (Where this is made of the error, the message is dropped.)
    #[error(transparent)]
    Publish(PublishError<()>),
    /// A value was not loaded into a cache.
    #[error(transparent)]
    Load(#[from] LoadError<Self>),
    /// A pipeline did not get through its work.
    #[error(transparent)]
    Pipeline(Box<PipelineError<Self>>),
}

impl Retryable for Error {
    /// If what it was made of is.
    fn is_retryable(&self) -> bool {
        self.made_of().is_retryable()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.made_of().retry_after()
    }
}

impl Error {
    fn made_of(&self) -> &dyn Retryable {
        match self {
            Self::Config(error) => error,
            Self::Elapsed(error) => error,
            Self::Put(error) => error,
            Self::Closed(error) => error,
            Self::TryGet(error) => error,
            Self::TaskDone(error) => error,
            Self::Acquire(error) => error,
            Self::TryAcquire(error) => error,
            Self::Join(error) => error,
            Self::Run(error) => error,
            Self::Gather(error) => &**error,
            Self::Scope(error) => &**error,
            Self::Close(error) => error,
            Self::Open(error) => error,
            Self::Retry(error) => &**error,
            Self::Bulk(error) => error,
            Self::Publish(error) => error,
            Self::Load(error) => error,
            Self::Pipeline(error) => &**error,
        }
    }
}

impl From<CloseError> for Error {
    fn from(error: CloseError) -> Self {
        Self::Close(error.into())
    }
}

impl From<CascadeError<Self>> for Error {
    fn from(error: CascadeError<Self>) -> Self {
        match error {
            CascadeError::Elapsed(elapsed) => elapsed.into(),
            CascadeError::Failed(error) => error,
        }
    }
}

impl From<GroupError> for Error {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Elapsed(elapsed) => elapsed.into(),
            GroupError::Join(error) => error.into(),
        }
    }
}

impl From<GatherError<Self>> for Error {
    fn from(error: GatherError<Self>) -> Self {
        Self::Gather(Box::new(error))
    }
}

impl From<GatherError<Infallible>> for Error {
    fn from(error: GatherError<Infallible>) -> Self {
        match error {
            GatherError::Failed { error, .. } => match error {},
            GatherError::Unfinished { index, error } => {
                GatherError::<Self>::Unfinished { index, error }.into()
            }
        }
    }
}

impl From<ScopeError<Self>> for Error {
    fn from(error: ScopeError<Self>) -> Self {
        Self::Scope(Box::new(error))
    }
}

impl From<ScopeError> for Error {
    fn from(error: ScopeError) -> Self {
        match error {
            ScopeError::Failed { error, .. } => match error {},
            ScopeError::Panicked { panic, close_errors } => {
                ScopeError::<Self>::Panicked { panic, close_errors }.into()
            }
            ScopeError::NotClosed(errors) => ScopeError::<Self>::NotClosed(errors).into(),
        }
    }
}

impl From<BreakerError<Self>> for Error {
    fn from(error: BreakerError<Self>) -> Self {
        match error {
            BreakerError::Open(open) => open.into(),
            BreakerError::Failed(error) => error,
        }
    }
}

impl From<RetryError<Self>> for Error {
    fn from(error: RetryError<Self>) -> Self {
        Self::Retry(Box::new(error))
    }
}

impl<T> From<PutError<T>> for Error {
    fn from(error: PutError<T>) -> Self {
        Self::Put(match error {
            PutError::Full(_) => PutError::Full(()),
            PutError::Closed(_) => PutError::Closed(()),
        })
    }
}

impl From<PolicyError<Self>> for Error {
    fn from(error: PolicyError<Self>) -> Self {
        match error {
            PolicyError::Failed(error) => error,
            PolicyError::Elapsed(elapsed) => elapsed.into(),
            PolicyError::Limited(limited) => limited.into(),
            PolicyError::Open(open) => open.into(),
            PolicyError::Exhausted(retries) => {
                let RetryError { attempts, elapsed, reason, last } = *retries;
                RetryError { attempts, elapsed, reason, last: last.into() }.into()
            }
        }
    }
}

impl From<BulkError<Self>> for Error {
    fn from(error: BulkError<Self>) -> Self {
        Self::Bulk(match error {
            BulkError::Failed(error) => return error,
            BulkError::Elapsed(elapsed) => return elapsed.into(),
            BulkError::Panicked { message } => BulkError::Panicked { message },
            BulkError::Mismatched { inputs, results } => BulkError::Mismatched { inputs, results },
            BulkError::RuntimeGone => BulkError::RuntimeGone,
        })
    }
}

impl<T> From<PublishError<T>> for Error {
    fn from(error: PublishError<T>) -> Self {
        Self::Publish(match error {
            PublishError::Closed(_) => PublishError::Closed(()),
            PublishError::Full(_) => PublishError::Full(()),
            PublishError::Retained(_) => PublishError::Retained(()),
        })
    }
}

impl From<PipelineError<Self>> for Error {
    fn from(error: PipelineError<Self>) -> Self {
        Self::Pipeline(Box::new(error))
    }
}
