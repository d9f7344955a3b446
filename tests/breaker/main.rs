//! The circuit breaker: when it opens, whom it lets through then, and what counts.

#![allow(clippy::expect_used, unreachable_pub, reason = "a test may fail, and is no library")]

#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code, reason = "shared with the tests of time")]
#[path = "../time/probe.rs"]
mod probe;

mod costs;
mod dropped;
mod events;
mod half_open;
mod model;
mod opens;
mod settings;
mod slow;
mod stale;
mod threads;

use std::time::Duration;

use mtaio::Runtime;
use mtaio::policy::{BreakerConfig, BreakerState, CircuitBreaker};

const SECOND: Duration = Duration::from_secs(1);

/// The window of most tests here.
const SMALL: BreakerConfig =
    BreakerConfig::new().window(4).min_calls(4).failure_rate(0.5).open_for(SECOND).probes(1);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn breaker<R: Runtime>(rt: &R, config: BreakerConfig) -> CircuitBreaker<R> {
    CircuitBreaker::with_runtime(rt, config).expect("good settings")
}

/// Makes a call that ends at once; whether it was let through.
fn call<R: Runtime>(breaker: &CircuitBreaker<R>, succeeds: bool) -> bool {
    match breaker.try_begin() {
        Ok(call) if succeeds => call.success(),
        Ok(call) => call.failure(),
        Err(_) => return false,
    }
    true
}

/// Makes it open, by failures.
fn open<R: Runtime>(breaker: &CircuitBreaker<R>) {
    while breaker.state() == BreakerState::Closed {
        assert!(call(breaker, false));
    }
    assert_eq!(breaker.state(), BreakerState::Open);
}
