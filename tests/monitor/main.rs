//! The monitor: what is counted, and what is told of it.

#![allow(
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

#[path = "../common/mod.rs"]
mod common;

mod allocations;
mod collectors;
mod exposition;
mod histogram;
mod parser;
mod python;
mod registry;
mod stats;
mod threads;
#[cfg(feature = "tracing")]
mod tracing;
mod window;
