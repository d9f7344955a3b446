//! Timeouts, intervals and backoff: what they wait for, how long, and what they cost.

#![allow(clippy::expect_used, unreachable_pub, reason = "a test may fail, and is no library")]

#[path = "../common/mod.rs"]
mod common;

mod allocations;
mod backoff;
mod deadline;
mod interval;
mod interval_exact;
mod jitter;
mod probe;
mod timeout;
mod timeout_exact;

use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

/// As long as a setting may name.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
