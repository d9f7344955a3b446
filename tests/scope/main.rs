//! Scopes: what they close, in which order, in which time, and what they tell of it.

#![allow(
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

#[path = "../common/mod.rs"]
mod common;

mod abandoned;
mod failures;
mod gone;
mod limits;
mod model;
mod order;
mod probe;
mod spawned;
