//! The tokio adapter of [`mtaio_runtime`]: [`Tokio`] is a [`Runtime`](mtaio_runtime::Runtime) by a
//! tokio handle.
//!
//! ```
//! use std::time::Duration;
//! use mtaio_runtime::{Runtime, RuntimeExt};
//! use mtaio_tokio::Tokio;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let rt = Tokio::current()?;
//!     let start = rt.now();
//!     rt.sleep(Duration::from_millis(10)).await;
//!     assert!(rt.now() - start >= Duration::from_millis(10));
//!     Ok(())
//! }
//! ```
//!
//! The handle works from any thread, also outside of tokio. Timers and clock are tokio's: under
//! `tokio::time::pause` they stand still together. (From threads outside of the paused runtime
//! its clock is seen with the feature `test-util`, which costs each `now` an entry into tokio's
//! context.)
//!
//! When the runtime has been shut down, new tasks answer
//! [`RuntimeGone`](mtaio_runtime::JoinError::RuntimeGone) and sleeps stay pending: see
//! [`TokioSleep`].

#![cfg_attr(docsrs, feature(doc_cfg))]
#![allow(clippy::disallowed_methods)] // An adapter is where the clock and the entropy come from.

mod block_on;
mod clock;
mod error;
mod runtime;
mod sleep;

pub use block_on::block_on;
pub use error::InvalidRuntime;
pub use runtime::Tokio;
pub use sleep::TokioSleep;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
