//! What both kinds of tests have in common: with real servers, and with a scripted one.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    unused_macros,
    reason = "each test file uses a part of it"
)]
#![allow(clippy::expect_used, reason = "a test may fail")]

pub mod hosts;
pub mod near;
pub mod server;

use std::time::Duration;

pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// How many rounds a test takes: `MTAIO_SIM_SEEDS=100` is for the night, for real servers too.
pub fn rounds(ordinary: u64) -> u64 {
    let factor = std::env::var("MTAIO_SIM_SEEDS").ok().and_then(|factor| factor.parse().ok());
    ordinary * factor.unwrap_or(1)
}
