//! Limits: how often, how many at once, how much in all.

mod error;
mod limiter;

pub use self::error::{AcquireError, TryAcquireError, WeightError};
pub use self::limiter::{Limiter, Outcome};
