//! Waiting with an end: timeouts, intervals and the delays between attempts.
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
