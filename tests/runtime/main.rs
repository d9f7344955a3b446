//! Tasks, seen from inside of `mtaio-runtime`, and what adapters offer beyond the trait: each scenario
//! is written once, and the runtime that fails is in the test's name.
//!
//! What every adapter owes the trait is in the conformance suite, `mtaio_runtime::conformance`, which
//! each of ours is put to in its `tests/conformance.rs`.

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
mod soak;
mod task;
