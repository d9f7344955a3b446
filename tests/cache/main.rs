//! The cache: what it answers, what leaves and when, and that nothing is told twice or not at all.

#![allow(
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

#[path = "../common/mod.rs"]
mod common;

mod against_model;
mod allocations;
mod edges;
mod invalidation;
mod listener;
mod loading;
mod model;
mod patience;
mod stage;
mod torture;

use mtaio::Runtime;

/// Anything below `n`, by the seed of a simulation.
pub fn below<R: Runtime>(rt: &R, n: usize) -> usize {
    // The high bits, scaled: as even as 64 bits are for numbers as small as those of a test.
    ((u128::from(rt.entropy()) * n as u128) >> 64) as usize
}
