//! Events: who is told, in which order, what a view makes of them, where a pipe leads, and what is
//! left when somebody goes.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

#[path = "../common/mod.rs"]
mod common;

mod allocations;
mod batches;
mod emitting;
mod journal;
mod model;
mod patterns;
mod pipes;
mod timed;
mod topics;
mod views;
mod waiting;
