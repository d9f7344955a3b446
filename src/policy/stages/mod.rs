//! The parts of a policy.

mod breaker;
mod deadline;
mod fallback;
mod hedge;
mod limit;
mod retry;
mod timeout;

pub use self::breaker::{BreakerStage, IsFailure};
pub use self::deadline::DeadlineStage;
pub use self::fallback::FallbackStage;
pub use self::hedge::HedgeStage;
pub use self::limit::{Judge, Limit};
pub use self::retry::RetryStage;
pub use self::timeout::TimeoutStage;
