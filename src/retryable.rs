//! Which errors are worth another attempt.

use std::time::Duration;

/// An error that knows whether the same call may succeed when it is tried again.
///
/// Every error of this library implements it. Implement it for yours, and
/// `Retry::only_retryable` knows what to do with them.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::Retryable;
///
/// enum Lookup {
///     Busy { for_about: Duration },
///     NoSuchName,
/// }
///
/// impl Retryable for Lookup {
///     fn is_retryable(&self) -> bool {
///         matches!(self, Self::Busy { .. })
///     }
///
///     fn retry_after(&self) -> Option<Duration> {
///         match self {
///             Self::Busy { for_about } => Some(*for_about),
///             Self::NoSuchName => None,
///         }
///     }
/// }
/// # assert!(!Lookup::NoSuchName.is_retryable());
/// # let busy = Lookup::Busy { for_about: Duration::from_secs(1) };
/// # assert!(busy.is_retryable() && busy.retry_after().is_some());
/// ```
pub trait Retryable {
    /// Whether the same call may succeed when it is tried again.
    fn is_retryable(&self) -> bool;

    /// How long to wait before that, where it is known.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}
