//! Waiting with an end: timeouts, deadlines, intervals and the delays between attempts.
//!
//! ```
//! use std::time::Duration;
//! use mtaio::RuntimeExt;
//! use mtaio::time::{interval, timeout};
//!
//! # mtaio_sim::Sim::run(0, |rt| async move {
//! let mut ticks = interval(&rt, Duration::from_millis(100))?;
//! let first = ticks.tick().await;
//! assert_eq!(ticks.tick().await - first, Duration::from_millis(100));
//!
//! let slow = rt.sleep(Duration::from_secs(60));
//! let late = timeout(&rt, Duration::from_secs(1), slow).await.unwrap_err();
//! assert_eq!(late.to_string(), "not done within 1s");
//! # Ok::<(), mtaio::ConfigError>(())
//! # }).unwrap();
//! ```
//!
//! # Timeouts and deadlines
//!
//! A [`timeout`] is how long one wait may take; [`Timeouts`] are many of a kind, counted; a
//! [`cascade`] gives each attempt another one. A [`Deadline`] is when all of a piece of work must be
//! over, whatever it waits for: it is inherited by what runs under it and by the tasks that are
//! spawned there. A [`TimeoutGroup`] is several tasks under one.
//!
//! Every wait of this library that has a runtime ends at the inherited deadline, with an
//! [`Elapsed`] that says so; `rt.sleep`, which has no error to tell it by, does not, but [`sleep`]
//! does. What knows no runtime, as a queue, and what is foreign, is put into [`until_deadline`].
//!
//! Who is ready at the deadline is in time: the future is always looked at before the clock.

mod backoff;
mod cascade;
mod cover;
mod deadline;
mod elapsed;
mod group;
mod handle;
mod interval;
mod scope;
mod sleep;
mod timeout;
mod timeouts;

pub use self::backoff::{Backoff, Delays, Jitter};
pub use self::cascade::{Cascade, CascadeError, Cascading, NoFallback, Step, cascade};
pub use self::deadline::Deadline;
pub use self::elapsed::{Elapsed, TimeLimit};
pub use self::group::{GroupError, TimeoutGroup};
pub use self::interval::{Interval, MissedTick, Ticks, interval};
pub use self::scope::{WithDeadline, until_deadline};
pub use self::sleep::{Sleeping, sleep, sleep_until};
pub use self::timeout::{Timeout, timeout};
pub use self::timeouts::{Counted, Timeouts, TimeoutsStats};
