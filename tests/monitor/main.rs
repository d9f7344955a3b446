//! The monitor: what is counted, and what is told of it.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

#[path = "../common/mod.rs"]
mod common;

mod alerts;
mod allocations;
mod collectors;
mod exposition;
mod histogram;
mod history;
mod monitor;
mod parser;
mod profiler;
mod python;
mod reference;
mod registry;
mod signals;
mod stats;
mod system;
mod threads;
mod traces;
#[cfg(feature = "tracing")]
mod tracing;
mod window;
