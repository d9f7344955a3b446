//! The cancellation token: whom a request to end reaches, and what it costs.

#![allow(clippy::expect_used, unreachable_pub, reason = "a test may fail, and is no library")]

mod common;

#[path = "cancellation/races.rs"]
mod races;
#[path = "cancellation/tree.rs"]
mod tree;
#[path = "cancellation/waiting.rs"]
mod waiting;
