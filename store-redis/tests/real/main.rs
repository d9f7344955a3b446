//! With real servers, on tokio and on smol. Without `redis-server` they fail.

#![allow(clippy::expect_used, reason = "a test may fail")]

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod conditions;
mod failures;
mod races;
