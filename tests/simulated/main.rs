//! What the library's parts promise, held against a model under everything that the simulator can
//! do to them: any order, polls for nothing, late timers, and the task that uses them dropped at
//! every point at which it can be.

#![allow(clippy::expect_used, reason = "a test may fail")]

#[path = "../common/mod.rs"]
mod common;

mod cache;
mod event;
mod event_batches;
mod executor;
mod policy;
mod tasks;
mod time;
