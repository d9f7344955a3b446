//! The batteries of an async service, written once against a small runtime trait: the same code
//! runs on tokio, on smol, inside a library that does not choose, and in a deterministic simulator.
//!
//! ```
//! use std::time::Duration;
//! use mtaio::time::timeout;
//! use mtaio::{Error, Runtime, RuntimeExt, TaskExecutor};
//!
//! /// Knows no runtime: it takes one.
//! async fn lengths<R: Runtime>(rt: &R, words: Vec<String>) -> Result<Vec<usize>, Error> {
//!     let executor = TaskExecutor::new(rt).limit(8)?;
//!     let all = executor.map(words, async |word: String| word.len()).values();
//!     Ok(timeout(rt, Duration::from_secs(1), all.into_future()).await??)
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let words = || ["event", "queue"].map(String::from).to_vec();
//!
//!     let on_tokio = mtaio_tokio::block_on(async |rt| lengths(&rt, words()).await)??;
//!     let on_smol = mtaio_smol::block_on(async |rt| lengths(&rt, words()).await)??;
//!     let simulated = mtaio_sim::Sim::run(7, async |rt| lengths(&rt, words()).await)?;
//!
//!     assert_eq!(on_tokio, [5, 5]);
//!     assert_eq!(on_smol, on_tokio);
//!     assert_eq!(simulated, on_tokio);
//!     Ok(())
//! }
//! ```
//!
//! # The parts
//!
//! | module | what it has |
//! | --- | --- |
//! | [`time`] | [`timeout`](time::timeout), [`Deadline`](time::Deadline), [`cascade`](time::cascade), [`Timeouts`](time::Timeouts), [`TimeoutGroup`](time::TimeoutGroup), [`interval`](time::interval), [`Backoff`](time::Backoff) |
//! | [`queue`] | [`Queue`](queue::Queue), [`PriorityQueue`](queue::PriorityQueue), [`LifoQueue`](queue::LifoQueue); [`Latch`](queue::Latch), [`Overflow`](queue::Overflow) |
//! | [`executor`] | [`TaskExecutor`]: run, gather, map, shut down; [`CancellationToken`] |
//! | [`scope`] | [`ResourceScope`]: close resources in order, all of them, whatever happens |
//! | [`policy`] | [`Policy`](policy::Policy) and its parts: [`Retry`](policy::Retry), [`CircuitBreaker`](policy::CircuitBreaker), [`Fallback`](policy::Fallback), [`Hedge`](policy::Hedge), [`Bulk`](policy::Bulk) |
//! | [`stream`] | [`StreamExt`]: windows, batches, groups, copies, many calls at once; [`Timed`](stream::Timed): the same by the clock |
//! | [`pipeline`] | [`pipeline`](pipeline::pipeline()), [`Stage`](pipeline::Stage), [`Transform`](pipeline::Transform): every item has one end |
//! | [`event`] | [`EventEmitter`], its views and pipes; [`Topics`](event::Topics): publish and subscribe by name |
//! | [`observable`] | [`Observable`](observable::Observable), [`ObservableMap`](observable::ObservableMap): values that tell when they change |
//! | [`callback`] | what an async closure must be to be called many times at once |
//! | [`cache`] | [`TtlCache`]: in the process, with a time to live, and loads that are shared; [`LayeredCache`](cache::LayeredCache), [`DistributedCache`](cache::DistributedCache): across machines |
//! | [`limit`] | [`Limiter`](limit::Limiter): how often, how many at once |
//! | [`monitor`] | [`Registry`](monitor::Registry): metrics and their exports; [`Monitor`](monitor::Monitor): history and alerts; [`Profiler`](monitor::Profiler): spans |
//! | [`retryable`] | [`Retryable`]: which errors are worth another attempt |
//! | [`config`] | [`ConfigError`]: the one refusal of all builders |
//! | [`error`](mod@error) | [`Error`]: the one error for applications that want one |
//!
//! # The runtime
//!
//! A runtime is passed as `&rt`. The traits and the task come from the crate `mtaio-runtime`, which
//! is small and stable: a library's public API may name it. Take `&impl Runtime` in functions; in a
//! type, keep a [`DynRuntime`] (its users then write no parameter) or a parameter `R: Runtime`.
//! Every type here that keeps one does both: `Type::new(&rt)` erases it, `Type::with_runtime(&rt)`
//! does not.
//!
//! # Cancel safety
//!
//! Every async method says what is lost when its future is dropped. Mostly that is nothing, and
//! dropping a future that owns tasks cancels them.
//!
//! # Panics
//!
//! A panic of your code in a task, a callback or a job is an error of the one who waits for it. It
//! costs nobody else.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod cache;
pub mod callback;
pub mod config;
mod contain;
pub mod error;
pub mod event;
pub mod executor;
#[cfg(any(doc, doctest))]
pub mod guide;
pub mod limit;
pub mod monitor;
pub mod observable;
pub mod pipeline;
pub mod policy;
pub mod queue;
pub mod retryable;
pub mod scope;
pub mod stream;
pub mod time;

pub use mtaio_runtime::{
    Ambient, DynRuntime, Instant, JoinError, Runtime, RuntimeExt, Task, TaskName,
};

pub use crate::cache::TtlCache;
pub use crate::config::ConfigError;
pub use crate::error::Error;
pub use crate::event::EventEmitter;
pub use crate::executor::{CancellationToken, TaskExecutor};
pub use crate::retryable::Retryable;
pub use crate::scope::ResourceScope;
pub use crate::stream::StreamExt;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
