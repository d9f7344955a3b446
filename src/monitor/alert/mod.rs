//! What is to be told of metrics, and when.

mod episode;
mod evaluator;
mod notice;
mod rule;
mod signal;

pub(super) use self::evaluator::Evaluator;
pub use self::notice::{Alert, AlertState, Severity};
pub use self::rule::Rule;
pub(super) use self::signal::Moment;
pub use self::signal::Signal;
