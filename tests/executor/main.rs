//! The executor: what it runs, in which order, under which limit, and how it ends.

#![allow(
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

#[path = "../common/mod.rs"]
mod common;

mod gather;
mod limit;
mod many;
mod run;
mod shutdown;
mod stuck;
