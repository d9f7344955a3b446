//! So many at once: permits, and those who wait for them.

mod core;
mod future;
mod handle;
mod permit;
mod state;
mod stats;
mod waiter;

pub use self::future::{AcquireOwnedPermit, AcquirePermit};
pub use self::handle::ConcurrencyLimiter;
pub use self::permit::{OwnedPermit, Permit};
pub use self::stats::ConcurrencyStats;
pub(in crate::limit) use self::waiter::End;
