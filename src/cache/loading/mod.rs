//! Values that have to be waited for.

mod cached;
mod error;
mod flights;
mod load;
mod refresh;
mod seat;

pub use self::cached::{Cached, cached};
pub use self::error::LoadError;
pub(crate) use self::flights::Flights;
