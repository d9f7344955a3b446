//! What the two example services have in common, written once: it knows no runtime.
//!
//! A [`Service`] answers how many seats an aircraft has. It keeps answers in a cache in front of a
//! slow [`Store`] that fails, tells by an event what has changed, counts, and raises an alert when
//! the store is down. The services bring what is theirs: sockets, HTTP, signals. Then
//! [`work_a_day`] puts them to work, and looks whether all went as it must.

mod args;
mod backend;
mod change;
mod day;
mod front;
mod metrics;
mod page;
mod reply;
mod service;
mod store;

pub use self::args::{Args, exit_code};
pub use self::backend::{Backend, BackendError};
pub use self::change::AircraftChanged;
pub use self::day::{DayError, work_a_day};
pub use self::front::Front;
pub use self::metrics::Metrics;
pub use self::page::{Page, PageError};
pub use self::reply::Reply;
pub use self::service::Service;
pub use self::store::{Condition, Fault, Store};
