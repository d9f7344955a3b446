//! Which errors are worth another attempt.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::JoinError;

/// An error that knows whether the same call may succeed when it is tried again.
///
/// Every error of this library implements it. Implement it for yours, and
/// [`only_retryable`](crate::policy::RetryBuilder::only_retryable) knows what to do with them.
///
/// For `dyn Error`, with `Send + Sync` or without, and so for a box of one, it is answered by the first error of this
/// library among it and its [sources](std::error::Error::source). Without one, there is nobody who
/// knows, and it is not retryable. (An error whose variant is `#[error(transparent)]` does not show
/// what it is made of as its source: implement this trait for it, and pass the question on.)
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::Retryable;
/// use mtaio::time::Elapsed;
///
/// enum Lookup {
///     Busy { for_about: Duration },
///     Late(Elapsed),
///     NoSuchName,
/// }
///
/// impl Retryable for Lookup {
///     fn is_retryable(&self) -> bool {
///         match self {
///             Self::Busy { .. } => true,
///             Self::Late(elapsed) => elapsed.is_retryable(),
///             Self::NoSuchName => false,
///         }
///     }
///
///     fn retry_after(&self) -> Option<Duration> {
///         match self {
///             Self::Busy { for_about } => Some(*for_about),
///             Self::Late(_) | Self::NoSuchName => None,
///         }
///     }
/// }
/// # assert!(!Lookup::NoSuchName.is_retryable());
/// # let busy = Lookup::Busy { for_about: Duration::from_secs(1) };
/// # assert!(busy.is_retryable() && busy.retry_after().is_some());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether it is worth another attempt",
    label = "not `Retryable`",
    note = "implement `mtaio::Retryable` for it, or look at it with `classify(|error: &{Self}| ..)`"
)]
pub trait Retryable {
    /// Whether the same call may succeed when it is tried again.
    fn is_retryable(&self) -> bool;

    /// How long to wait before that, where it is known.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

impl<E: Retryable + ?Sized> Retryable for &E {
    fn is_retryable(&self) -> bool {
        (**self).is_retryable()
    }

    fn retry_after(&self) -> Option<Duration> {
        (**self).retry_after()
    }
}

impl<E: Retryable + ?Sized> Retryable for Box<E> {
    fn is_retryable(&self) -> bool {
        (**self).is_retryable()
    }

    fn retry_after(&self) -> Option<Duration> {
        (**self).retry_after()
    }
}

impl<E: Retryable + ?Sized> Retryable for Arc<E> {
    fn is_retryable(&self) -> bool {
        (**self).is_retryable()
    }

    fn retry_after(&self) -> Option<Duration> {
        (**self).retry_after()
    }
}

impl Retryable for Infallible {
    fn is_retryable(&self) -> bool {
        match *self {}
    }
}

impl Retryable for JoinError {
    /// Never: a task that panics does so again, and one that was ended was to end.
    fn is_retryable(&self) -> bool {
        false
    }
}
