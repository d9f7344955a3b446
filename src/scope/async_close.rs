use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use thiserror::Error;

use super::error::CloseFailure;

/// What is closed by an async operation, such as a connection that says goodbye or a file that is
/// flushed.
///
/// `close` takes the value: it can't be closed twice, nor used afterwards, and what is closed by
/// reference or by consuming it can both be written. For a type of somebody else, or a closing that
/// is another each time, see [`ResourceScope::add_with`](super::ResourceScope::add_with).
///
/// An [`Arc`] closes what it shares if it is the last one, and fails with [`StillShared`] if it is
/// not: a scope whose resource goes into spawned tasks should outlive them.
///
/// # Cancel safety
///
/// Up to the type. A [`ResourceScope`](super::ResourceScope) drops the future of `close` when its
/// time is up, or when the runtime goes.
///
/// # Examples
///
/// ```
/// use std::io;
/// use mtaio::scope::AsyncClose;
///
/// struct Connection { /* .. */ }
///
/// impl AsyncClose for Connection {
///     type Error = io::Error;
///
///     async fn close(self) -> io::Result<()> {
///         // Say goodbye, and wait for the answer.
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a scope doesn't know how to close `{Self}`",
    label = "not `AsyncClose`",
    note = "implement `AsyncClose` for it, or say how to close it: \
            `scope.add_with(name, resource, async |resource| ..)`"
)]
pub trait AsyncClose: Sized {
    /// Why it did not close. [`Infallible`](std::convert::Infallible) if that can't be.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// Closes it.
    fn close(self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl<T: AsyncClose + Send + Sync> AsyncClose for Arc<T> {
    type Error = Box<dyn Error + Send + Sync>;

    async fn close(self) -> Result<(), Self::Error> {
        match Self::try_unwrap(self) {
            Ok(last) => last.close().await.map_err(Into::into),
            Err(shared) => Err(StillShared { others: Self::strong_count(&shared) - 1 }.into()),
        }
    }
}

/// A resource was not closed, since others hold it too: it will be dropped by the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("others hold it too: {others}")]
pub struct StillShared {
    others: usize,
}

impl StillShared {
    /// How many others there were.
    pub const fn others(&self) -> usize {
        self.others
    }
}

/// What the closure that closes something may return: `()`, or a `Result<(), E>` whose error can
/// be boxed.
#[diagnostic::on_unimplemented(
    message = "a resource can't be closed by what returns `{Self}`",
    label = "neither `()` nor a `Result<(), E>`",
    note = "`E` has to be an error that is `Send + Sync`, or a text"
)]
pub trait CloseOutput: sealed::Sealed {}

impl CloseOutput for () {}

impl<E: Into<Box<dyn Error + Send + Sync>>> CloseOutput for Result<(), E> {}

pub(super) mod sealed {
    use super::{CloseFailure, Error};

    pub trait Sealed {
        fn into_closed(self) -> Result<(), CloseFailure>;
    }

    impl Sealed for () {
        fn into_closed(self) -> Result<(), CloseFailure> {
            Ok(())
        }
    }

    impl<E: Into<Box<dyn Error + Send + Sync>>> Sealed for Result<(), E> {
        fn into_closed(self) -> Result<(), CloseFailure> {
            self.map_err(|error| CloseFailure::Failed(error.into()))
        }
    }
}
