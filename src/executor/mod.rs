//! Structured tasks: work that runs beside other work, has an owner, and ends with it.
//!
//! A [`TaskExecutor`] runs futures as tasks of the runtime, in parallel, under a common limit; it
//! gathers what they return, and when it goes they go. A [`CancellationToken`] asks for an end.
//!
//! ```
//! use std::time::Duration;
//! use mtaio::RuntimeExt;
//! use mtaio::executor::{Drain, TaskExecutor};
//!
//! # mtaio_sim::Sim::run(0, |rt| async move {
//! let executor = TaskExecutor::new(&rt).limit(64)?;
//!
//! // One, with an end:
//! let answer = executor.run(async { 6 * 7 }).timeout(Duration::from_secs(1)).await;
//! assert_eq!(answer.unwrap(), 42);
//!
//! // Many, in the order of the items; the first error cancels the rest:
//! let squares = executor.map(0..4_u32, async |n| Ok::<_, String>(n * n)).await;
//! assert_eq!(squares.unwrap(), [0, 1, 4, 9]);
//!
//! let report = executor.shutdown(Drain::within(Duration::from_secs(5))).await;
//! assert!(report.stuck.is_empty());
//! # Ok::<(), mtaio::ConfigError>(())
//! # }).unwrap();
//! ```

mod calls;
mod cancellation;
mod collect;
mod error;
mod gather;
mod inline;
mod launch;
mod registry;
mod run;
mod shutdown;
mod task_executor;

pub use self::calls::{Call, Calls};
pub use self::cancellation::{CancellationToken, Cancelled, DropGuard, RunUntilCancelled};
pub use self::error::{GatherError, RunError};
pub use self::gather::{Gather, Gathering, Settle, Values};
pub use self::inline::Inline;
pub use self::launch::{InPlace, Tasks};
pub use self::run::Run;
pub use self::shutdown::{Drain, ShutdownReport};
pub use self::task_executor::{ExecutorStats, TaskExecutor};
