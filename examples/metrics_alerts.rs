//! Metrics of a program's own, and what is told of them: requests, errors, how long an answer takes on
//! average; an alert when there are more than 100 errors, and one while answers are slow.
//!
//! ```text
//! cargo run --example metrics_alerts -- --runtime smol
//! ```
//!
//! It prints what happened, and exits non-zero when that is not what must happen.

use std::process::ExitCode;
use std::time::Duration;

use futures::StreamExt;
use mtaio::event::EventStream;
use mtaio::monitor::{
    Alert, AlertState, Counter, Histogram, Monitor, Registry, Rule, Severity, Signal,
};
use mtaio::queue::Overflow;
use mtaio::time::timeout;
use mtaio::{Error, Runtime, RuntimeExt};

#[path = "common/mod.rs"]
mod common;

/// A minute in the guide; here it takes less.
const INTERVAL: Duration = Duration::from_millis(20);

/// What averages are over. Long enough for a machine that has no time for us.
const WINDOW: Duration = Duration::from_secs(2);

/// What the application counts.
struct Metrics {
    requests: Counter,
    errors: Counter,
    response_time: Histogram,
}

impl Metrics {
    fn new(registry: &Registry) -> Result<Self, Error> {
        Ok(Self {
            requests: registry.counter("requests_total", "Requests.")?,
            errors: registry.counter("errors_total", "Requests that failed.")?,
            response_time: registry.histogram("response_seconds", "How long answers took.")?,
        })
    }

    /// A request that took so long, told and not waited for.
    fn answered(&self, time: Duration, is_error: bool) {
        self.requests.inc();
        self.response_time.record_duration(time);
        if is_error {
            self.errors.inc();
        }
    }
}

fn monitor<R: Runtime>(rt: &R, registry: &Registry) -> Result<Monitor, Error> {
    let errors = Rule::above("high_error_rate", Signal::value("errors_total"), 100.0)
        .severity(Severity::Critical)
        .message("a high rate of errors was seen");
    let average = Signal::mean("response_seconds", WINDOW);
    let slow = Rule::above("slow_answers", average, 0.5)
        .for_at_least(INTERVAL * 2)
        .keep_for(INTERVAL * 2)
        .label("team", "web");
    Ok(Monitor::new(rt).registry(registry).interval(INTERVAL).rule(errors).rule(slow).build()?)
}

/// The next alert, which must be this one.
async fn next<R: Runtime>(
    rt: &R,
    alerts: &mut EventStream<Alert>,
    name: &str,
    state: AlertState,
) -> Result<Alert, String> {
    let next = timeout(rt, Duration::from_secs(10), alerts.next()).await;
    let alert =
        next.map_err(|_| format!("nothing was told of {name}"))?.ok_or("the monitor is gone")?;
    println!("{}", *alert);
    if *alert.name != *name || alert.state != state {
        return Err(format!("{name} must be {}, and it was {}", state.name(), *alert));
    }
    Ok((*alert).clone())
}

async fn day<R: Runtime>(rt: R, sabotage: bool) -> Result<(), String> {
    let text = |error: Error| error.to_string();
    let registry = Registry::new();
    let metrics = Metrics::new(&registry).map_err(text)?;
    let monitor = monitor(&rt, &registry).map_err(text)?;
    let mut alerts = monitor.alerts(Overflow::DropOldest(16)).map_err(|error| error.to_string())?;
    monitor.start();

    // 100 errors are no reason to tell anybody, and quick answers are none either.
    let good = if sabotage { 3 } else { 4 };
    (0..400).for_each(|n| metrics.answered(Duration::from_millis(100), n % good == 0));
    rt.sleep(INTERVAL * 3).await;
    if !monitor.firing().is_empty() {
        return Err(format!("{:?} fires too early", monitor.firing()));
    }

    metrics.answered(Duration::from_millis(100), true);
    let alert = next(&rt, &mut alerts, "high_error_rate", AlertState::Firing).await?;
    if alert.value != 101.0 || alert.severity != Severity::Critical {
        return Err(format!("101 errors must be critical: {alert:?}"));
    }

    // Answers become slow, and quick again: once each is told.
    (0..800).for_each(|_| metrics.answered(Duration::from_secs(2), false));
    let slow = next(&rt, &mut alerts, "slow_answers", AlertState::Firing).await?;
    if slow.value <= 0.5 || slow.labels.get("team") != Some("web") {
        return Err(format!("slow answers of the web team were to be told: {slow:?}"));
    }
    (0..10_000).for_each(|_| metrics.answered(Duration::from_millis(100), false));
    let over = next(&rt, &mut alerts, "slow_answers", AlertState::Resolved).await?;
    if over.episode != slow.episode {
        return Err(format!("{over:?} is of another episode"));
    }

    monitor.alert(Severity::Info, "the day is over");
    next(&rt, &mut alerts, "alert", AlertState::ByHand).await?;
    monitor.stop().await;
    report(&monitor)
}

/// What there is at the end.
fn report(monitor: &Monitor) -> Result<(), String> {
    let reading = monitor.current().ok_or("it never looked")?;
    let value =
        |name: &str| reading.metrics.get(name, &[]).map_or(f64::NAN, |value| value.as_f64());
    let (requests, errors) = (value("requests_total"), value("errors_total"));
    let seconds = monitor.history("response_seconds_sum", ..);
    let seconds =
        seconds.first().and_then(|series| series.points.last()).map_or(0.0, |last| last.value);
    println!("{requests} requests, {errors} errors, {:.3} s each on average", seconds / requests);
    for missing in reading.system.missing() {
        println!("{missing}");
    }
    let average = (401.0 * 0.1 + 800.0 * 2.0 + 10_000.0 * 0.1) / 11_201.0;
    if requests != 11_201.0 || errors != 101.0 || (seconds / requests - average).abs() > 1e-6 {
        return Err(format!("{average} s each must be the average of 11201 requests"));
    }
    let firing: Vec<_> = monitor.firing().iter().map(|alert| alert.name.to_string()).collect();
    if firing != ["high_error_rate"] || monitor.stats().episodes != 2 {
        return Err(format!("{firing:?} fire, of {} episodes", monitor.stats().episodes));
    }
    Ok(())
}

fn main() -> ExitCode {
    common::run(day)
}
