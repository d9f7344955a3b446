//! What the simulator promises, a promise a test.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[macro_use]
mod common;
mod diagnoses;
mod replay;
mod schedule;
mod teardown;
mod time;
