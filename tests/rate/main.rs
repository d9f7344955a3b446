//! Rates: what they admit, in which order, at what cost, and that nothing is lost or made, whatever
//! becomes of those who wait.

#![allow(clippy::expect_used, unreachable_pub, reason = "a test may fail, and is no library")]

#[path = "../common/mod.rs"]
mod common;

mod adaptive;
mod deadlines;
mod exact;
mod keyed;
mod ledger;
mod model;
mod waiting;
mod window;

use std::time::Duration;

use mtaio::limit::{Rate, RateLimiter};
use mtaio::{Instant, Runtime};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// So much after a simulation has begun.
fn at(millis: u64) -> Instant {
    Instant::ZERO + ms(millis)
}

fn per_second(count: u32) -> Rate {
    Rate::per_second(count).expect("a rate")
}

fn limiter<R: Runtime>(rt: &R, rate: Rate, burst: u32) -> RateLimiter<R> {
    RateLimiter::with_runtime(rt, rate, burst).expect("a burst")
}
