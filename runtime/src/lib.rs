//! A small runtime trait for async libraries, and the task that is the same on each runtime.
//!
//! [`Runtime`] is what a library needs of an executor: a clock, timers, a place to run tasks,
//! entropy. [`RuntimeExt`] gives what callers want of it: [`spawn`](RuntimeExt::spawn),
//! [`sleep`](RuntimeExt::sleep), [`unblock`](RuntimeExt::unblock). The adapters `mtaio-tokio` and
//! `mtaio-smol` implement it, and so does the simulator `mtaio-sim`.
//!
//! # For a library that takes a runtime
//!
//! Take it as `&rt`, generic where a function uses it, erased where a type keeps it:
//!
//! ```
//! use std::time::Duration;
//! use mtaio_runtime::{DynRuntime, JoinError, Runtime, RuntimeExt, Task};
//!
//! /// Answers `ping` a while later.
//! pub async fn ping_later<R: Runtime>(rt: &R) -> &'static str {
//!     rt.sleep(Duration::from_millis(10)).await;
//!     "ping"
//! }
//!
//! /// Beats until it is dropped. Its users never write the runtime's type.
//! pub struct Heart {
//!     beating: Task<()>,
//! }
//!
//! impl Heart {
//!     pub fn new<R: Runtime>(rt: &R) -> Self {
//!         let rt = DynRuntime::new(rt);
//!         let inner = rt.clone();
//!         Self {
//!             beating: rt.spawn(async move {
//!                 loop {
//!                     inner.sleep(Duration::from_secs(1)).await;
//!                 }
//!             }),
//!         }
//!     }
//! }
//! ```
//!
//! This crate is what such a library's public API may name: it links no runtime, and changes
//! rarely. What the trait promises holds on every runtime:
//!
//! - Dropping a [`Task`] cancels it, [`detach`](Task::detach) lets it go, a panic is an error of the
//!   one who awaits it, and a runtime that was shut down answers [`JoinError::RuntimeGone`].
//! - A handle works on any thread, in and outside of the runtime, and after its end.
//! - After a sleep until `deadline`, `rt.now() >= deadline`.
//! - A task inherits its [`Ambient`] from where it was spawned.
//!
//! # For an adapter
//!
//! Implement [`Runtime`] for a handle that is cheap to clone, and [`Sleep`] for its timer. There is
//! little to get wrong, because tasks are made here, over
//! [`spawn_detached`](Runtime::spawn_detached) alone:
//!
//! - Poll the future until it is ready, on any thread, one poll at a time; drop it then, or when
//!   the runtime ends. It never panics if it comes from [`RuntimeExt::spawn`]; contain the panic of
//!   one that does not.
//! - A future inherits nothing from whoever drives the executor: wrap what you are given in
//!   [`Detached`], and run what `block_on` is given likewise.
//! - When the runtime is gone, drop what is given to you, and leave sleeps pending.
//! - Take the clock from where the timers have it, so that a sleep never ends early by it.
//!   [`Instant::from_std`] puts real clocks on one epoch; a simulation starts at
//!   [`Instant::ZERO`].
//! - Hold the runtime weakly, or by a handle that does not keep it alive: a task may capture its
//!   runtime.
//!
//! The adapters of tokio and smol are about a hundred lines each, in files of the same names.
//!
//! Whether an adapter is right is not a matter of opinion: with the feature `conformance`, as a
//! dev-dependency, this crate has the suite that ours are put to, `mtaio_runtime::conformance`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod ambient;
#[cfg(feature = "conformance")]
pub mod conformance;
mod erased;
#[cfg(feature = "fast-clock")]
mod fast_clock;
mod instant;
mod name;
mod runtime;
mod sleep;
mod task;

pub use ambient::{Ambient, Attached, Detached};
pub use erased::DynRuntime;
#[cfg(feature = "fast-clock")]
pub use fast_clock::FastClock;
pub use instant::Instant;
pub use name::TaskName;
pub use runtime::{Runtime, RuntimeExt};
pub use sleep::Sleep;
pub use task::{AbortHandle, JoinError, NewTask, Panic, Task, YieldNow};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
