//! Streams: what comes out, when, in which order, and that nothing is lost on the way.

#![allow(
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

#[path = "../common/mod.rs"]
mod common;

mod allocations;
mod broadcast;
mod by_count;
mod clock;
mod conserved;
mod for_each;
mod group_by;
mod map_async;
mod names;
mod refused;
mod retry;
mod script;
mod time_model;
mod time_reference;
mod timely;
