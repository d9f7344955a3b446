//! Limits: who is admitted, in which order, and what is left when somebody goes.

#![allow(
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

#[path = "../common/mod.rs"]
mod common;

mod adaptive_concurrency;
mod all;
mod concurrency;
mod ext;
mod resource;

use mtaio::Runtime;
use mtaio::limit::{Rate, RateLimiter};

/// Anything below `n`, by the seed of a simulation.
pub fn below<R: Runtime>(rt: &R, n: usize) -> usize {
    // The high bits, scaled: as even as 64 bits are for numbers as small as those of a test.
    ((u128::from(rt.entropy()) * n as u128) >> 64) as usize
}

pub fn a_rate<R: Runtime>(rt: &R, per_second: u32, burst: u32) -> RateLimiter<R> {
    let rate = Rate::per_second(per_second).expect("a rate");
    RateLimiter::with_runtime(rt, rate, burst).expect("a burst")
}
