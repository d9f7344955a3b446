//! Values that have to be waited for.

mod arrival;
mod cached;
mod error;
mod flight;
mod flights;
mod lease;
mod load;
mod refresh;
mod seat;
#[cfg(test)]
mod tests;

pub use self::cached::{Cached, cached};
pub use self::error::LoadError;
pub(crate) use self::flights::Flights;
pub use self::lease::Lease;
