//! How much in each window of time.

mod acquire;
mod counts;
mod limiter;

pub use self::acquire::{WindowAcquire, WindowPermit};
pub use self::limiter::{Window, WindowLimiter, WindowStats};
