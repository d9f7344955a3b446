//! Several limiters at once.

mod acquire;
mod set;

pub use self::acquire::acquire_all;
pub use self::set::{Ask, LimiterSet};
