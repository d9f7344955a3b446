//! What the simulator promises, a promise a test.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[macro_use]
mod common;
mod diagnoses;
mod faults;
mod replay;
mod schedule;
mod search;
mod teardown;
mod time;
mod wakes;
