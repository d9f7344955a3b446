//! Not asking those who don't answer.

mod call;
mod circuit_breaker;
mod config;
mod core;
mod error;
mod future;
mod head;
mod ring;
mod stats;
mod timed;
mod trial;
mod window;

pub use self::call::Call;
pub use self::circuit_breaker::CircuitBreaker;
pub use self::config::BreakerConfig;
pub use self::error::{BreakerError, Open};
pub use self::future::BreakerRun;
pub use self::stats::{BreakerState, BreakerStats};
