//! Trying again: how often, how long, after which errors, and at whose cost.

#![allow(clippy::expect_used, unreachable_pub, reason = "a test may fail, and is no library")]

#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code, reason = "shared with the tests of time")]
#[path = "../time/probe.rs"]
mod probe;

mod budget;
mod costs;
mod deadline;
mod listener;
mod run;
mod settings;
mod wrapped;

use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
