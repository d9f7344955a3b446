//! What the two example services have in common: the table of seats behind its policies, the
//! limits at the front door, and the day that a client has with them. It knows no runtime.

mod backend;
mod day;
mod front;
mod store;

pub use self::backend::{Backend, BackendError};
pub use self::day::{DayError, work_a_day};
pub use self::front::Front;
pub use self::store::{Fault, Store};
