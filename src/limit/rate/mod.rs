//! How often something may happen: tokens that come back with time.

mod acquire;
mod gcra;
mod limiter;
mod speed;
mod terms;

pub use self::acquire::RateAcquire;
pub use self::limiter::{RateLimiter, RateStats};
pub use self::speed::Rate;
pub(super) use self::terms::Terms;
