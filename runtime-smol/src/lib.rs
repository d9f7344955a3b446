//! The smol adapter of [`mtaio_runtime`]: [`Smol`] is a [`Runtime`](mtaio_runtime::Runtime) by an
//! executor of smol.
//!
//! ```
//! use std::time::Duration;
//! use mtaio_runtime::{Runtime, RuntimeExt};
//! use mtaio_smol::Smol;
//!
//! smol::block_on(async {
//!     let rt = Smol::global();
//!     let start = rt.now();
//!     rt.sleep(Duration::from_millis(10)).await;
//!     assert!(rt.now() - start >= Duration::from_millis(10));
//! });
//! ```
//!
//! # Who drives the executor
//!
//! [`Smol::global`] drives itself. The executor of [`Smol::new`] and [`Smol::from_static`] is
//! driven by its owner, who calls `executor.run(..)` on a thread or on many:
//!
//! ```
//! use std::sync::Arc;
//! use mtaio_runtime::RuntimeExt;
//! use mtaio_smol::Smol;
//!
//! let executor = Arc::new(smol::Executor::new());
//! let rt = Smol::new(&executor);
//! let task = rt.spawn(async { 42 });
//! let answer = smol::block_on(executor.run(task));
//! assert!(matches!(answer, Ok(42)));
//! ```
//!
//! The timers' thread is `async-io`'s; it needs no executor.
//!
//! When the executor has been dropped, new tasks answer
//! [`RuntimeGone`](mtaio_runtime::JoinError::RuntimeGone) and sleeps stay pending.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![allow(clippy::disallowed_methods)] // An adapter is where the clock and the entropy come from.

mod block_on;
mod clock;
mod runtime;
mod sleep;

pub use block_on::block_on;
pub use runtime::Smol;
pub use sleep::SmolSleep;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
