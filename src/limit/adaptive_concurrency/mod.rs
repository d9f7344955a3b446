//! So many at once as goes well.

mod adaptation;
mod controller;
mod limiter;

pub use self::adaptation::Adaptation;
pub use self::limiter::{AdaptiveConcurrency, AdaptiveConcurrencyStats, AdaptivePermit};
