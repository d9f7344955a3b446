//! Against a scripted server, under all that the simulator can do: any order, polls for nothing, late
//! timers, bytes that come in pieces, connections that break, and calls that are dropped at every
//! point at which they can be.

#![allow(clippy::expect_used, reason = "a test may fail")]

#[path = "../common/mod.rs"]
mod common;

mod every_await;
mod failures;
mod peer;
mod races;
mod wire;
