//! The same tasks and the same timers on every runtime: each scenario is written once, and the
//! runtime that fails is in the test's name.

#![allow(clippy::expect_used, reason = "a test may fail")]
#![allow(clippy::async_yields_async, reason = "tasks and sleeps are handed around here")]

#[path = "../common/mod.rs"]
mod common;

mod adapter;
mod blocking;
mod cancel;
mod context;
mod gone;
mod panics;
mod real;
mod sleep;
mod soak;
mod task;
