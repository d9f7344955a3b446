//! A rate for each resource that follows its load: many callers, a database that is overloaded for
//! a while, and a mail server that suffers with it.
//!
//! ```text
//! cargo run --example adaptive_limit -- --runtime smol
//! ```
//!
//! It prints what happened, and exits non-zero when that is not what must happen.

use std::process::ExitCode;
use std::time::Duration;

use mtaio::limit::{AdaptiveRateLimiter, Rate};
use mtaio::{Error, Instant, Runtime, RuntimeExt};

#[path = "common/mod.rs"]
mod common;

/// How many calls of `resource` are let in within `time`, by callers who all want in.
async fn let_in<R: Runtime>(
    rt: &R,
    limiter: &AdaptiveRateLimiter,
    resource: &'static str,
    time: Duration,
) -> usize {
    let end = rt.now() + time;
    let callers: Vec<_> =
        (0..4).map(|_| rt.spawn(call(rt.clone(), limiter.clone(), resource, end))).collect();
    let mut calls = 0;
    for caller in callers {
        calls += caller.await.unwrap_or(0);
    }
    calls
}

/// Calls again and again until `end`.
async fn call<R: Runtime>(
    rt: R,
    limiter: AdaptiveRateLimiter,
    resource: &'static str,
    end: Instant,
) -> usize {
    let mut calls = 0;
    while rt.now() < end && limiter.acquire(resource).await.is_ok() {
        calls += 1;
    }
    calls
}

/// A phase of the day: what is told of the load, and the rate that the resource then has.
struct Phase {
    what: &'static str,
    resource: &'static str,
    load: Option<f64>,
    rate: f64,
    /// While the last load is above 0.8, every rate counts half.
    counts: f64,
}

const PHASES: [Phase; 6] = [
    Phase { what: "at first", resource: "database", load: None, rate: 100.0, counts: 1.0 },
    Phase { what: "overloaded", resource: "database", load: Some(0.95), rate: 80.0, counts: 0.5 },
    Phase { what: "it suffers too", resource: "mail", load: None, rate: 100.0, counts: 0.5 },
    Phase { what: "busy", resource: "database", load: Some(0.7), rate: 80.0, counts: 1.0 },
    Phase { what: "idle", resource: "database", load: Some(0.2), rate: 96.0, counts: 1.0 },
    Phase { what: "untouched", resource: "mail", load: None, rate: 100.0, counts: 1.0 },
];

const TIME: Duration = Duration::from_millis(250);

async fn day<R: Runtime>(rt: R, sabotage: bool) -> Result<(), String> {
    let limiter = limiter(&rt).map_err(|error| error.to_string())?;
    for Phase { what, resource, load, rate, counts } in PHASES {
        if let Some(load) = load {
            let load = if sabotage { 0.1 } else { load };
            limiter.adjust_rate(resource, load).map_err(|error| error.to_string())?;
        }
        let told = limiter.rate(resource).to_hertz();
        let calls = let_in(&rt, &limiter, resource, TIME).await;
        println!("{resource}, {what}: {told:.0}/s, {calls} calls in {TIME:?}");
        if (told - rate).abs() > 1e-6 {
            return Err(format!("{resource}, {what}: {told}/s instead of {rate}/s"));
        }
        // A caller that waits at the end is let in after it; a machine may be too busy for some.
        let most = rate * counts * TIME.as_secs_f64() + 8.0;
        let least = most / 2.0 - 8.0;
        if !(least..=most).contains(&(calls as f64)) {
            return Err(format!("{resource}, {what}: {calls} calls, {least} to {most} must be"));
        }
    }
    Ok(())
}

fn limiter<R: Runtime>(rt: &R) -> Result<AdaptiveRateLimiter, Error> {
    Ok(AdaptiveRateLimiter::new(rt)
        .initial(Rate::per_second(100)?)?
        .between(Rate::per_second(10)?, Rate::per_second(200)?)?)
}

fn main() -> ExitCode {
    common::run(day)
}
