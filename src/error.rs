//! One error for applications that want one.

use std::convert::Infallible;

use mtaio_runtime::JoinError;
use thiserror::Error;

use crate::config::ConfigError;
use crate::executor::{GatherError, RunError};
use crate::limit::{AcquireError, TryAcquireError};
use crate::queue::{Closed, PutError, TaskDoneError, TryGetError};
use crate::scope::{CloseError, CloseErrors, ScopeError};
use crate::time::Elapsed;

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
    /// One of many pieces of work did not run to its end.
    #[error(transparent)]
    Gather(#[from] GatherError<Infallible>),
    /// The body of a scope panicked, or not all of its resources closed.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// A resource did not close.
    #[error(transparent)]
    Close(#[from] CloseErrors),
}

impl From<CloseError> for Error {
    fn from(error: CloseError) -> Self {
        Self::Close(error.into())
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
