//! The monitor: what is counted, and what is told of it.

#![allow(
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

#[path = "../common/mod.rs"]
mod common;

mod alerts;
mod monitor;

mod profiler;
mod reference;
mod signals;
mod system;
mod traces;
