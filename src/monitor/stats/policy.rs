use std::sync::Arc;

use super::Stats;
use crate::monitor::collector::Collection;
use crate::monitor::metric::Counter;
use crate::policy::{
    BreakerState, BreakerStats, BulkStats, GaveUp, Listener, PolicyEvent, RetryBudgetStats,
};

impl Stats for RetryBudgetStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.gauge(
            "mtaio_retry_budget_saved",
            "Whole retries that were paid for and that nobody has made.",
            &[],
            self.saved as f64,
        );
        metrics.counter("mtaio_retry_budget_granted_total", "Retries granted.", &[], self.granted);
        metrics.counter("mtaio_retry_budget_refused_total", "Retries refused.", &[], self.refused);
    }
}

impl Stats for BulkStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.counter(
            "mtaio_bulk_batches_total",
            "How often the function was called.",
            &[],
            self.batches,
        );
        metrics.counter(
            "mtaio_bulk_inputs_total",
            "Inputs that it was called with.",
            &[],
            self.inputs,
        );
        metrics.gauge(
            "mtaio_bulk_largest",
            "The most inputs of one call.",
            &[],
            self.largest as f64,
        );
    }
}

impl Stats for BreakerStats {
    fn tell(&self, metrics: &mut Collection) {
        let states = [
            (BreakerState::Closed, "closed"),
            (BreakerState::Open, "open"),
            (BreakerState::HalfOpen, "half_open"),
            (BreakerState::ForcedClosed, "forced_closed"),
            (BreakerState::ForcedOpen, "forced_open"),
        ];
        for (state, name) in states {
            let is_it = f64::from(self.state == state);
            metrics.gauge(
                "mtaio_breaker_state",
                "1 for the state that it is in.",
                &[("state", name)],
                is_it,
            );
        }
        metrics.gauge("mtaio_breaker_window_calls", "Calls in the window.", &[], self.calls as f64);
        metrics.gauge(
            "mtaio_breaker_window_failures",
            "Calls in the window that failed.",
            &[],
            self.failures as f64,
        );
        metrics.gauge(
            "mtaio_breaker_window_slow",
            "Calls in the window that were slow.",
            &[],
            self.slow as f64,
        );
        metrics.counter(
            "mtaio_breaker_refused_total",
            "Calls that were refused.",
            &[],
            self.refused,
        );
        metrics.counter("mtaio_breaker_opened_total", "How often it opened.", &[], self.opened);
    }
}

/// Counts what a policy, a retry or a breaker does: a [`Listener`] to give them, and numbers to
/// [watch](crate::monitor::Registry::watch). Clones share them.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::monitor::{PolicyCounts, Registry};
/// use mtaio::policy::{Attempt, Retry};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let counts = PolicyCounts::new();
/// let registry = Registry::new();
/// registry.watch("quotes", { let counts = counts.clone(); move || counts.clone() })?;
///
/// let retry = Retry::constant(Duration::from_millis(10)).listener(counts).build()?;
/// let answer = retry.run(&rt, async |attempt: Attempt| match attempt.number() {
///     1 => Err("busy"),
///     _ => Ok("done"),
/// });
/// assert_eq!(answer.await.unwrap(), "done");
/// assert!(registry.render().contains("mtaio_policy_retries_total{name=\"quotes\"} 1\n"));
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct PolicyCounts(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    attempts: Counter,
    retries: Counter,
    gave_up: [Counter; 5],
    opened: Counter,
    half_opened: Counter,
    closed: Counter,
    limited: Counter,
    timed_out: Counter,
}

/// The reasons for which a retry gives up, in the order of their counters.
const REASONS: [(GaveUp, &str); 5] = [
    (GaveUp::Stopped, "stopped"),
    (GaveUp::Attempts, "attempts"),
    (GaveUp::Time, "time"),
    (GaveUp::Deadline, "deadline"),
    (GaveUp::Budget, "budget"),
];

impl PolicyCounts {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Listener for PolicyCounts {
    fn hear(&self, event: &PolicyEvent) {
        let counts = &*self.0;
        match event {
            PolicyEvent::Attempt(_) => counts.attempts.inc(),
            PolicyEvent::Retry { .. } => counts.retries.inc(),
            PolicyEvent::GaveUp { reason, .. } => {
                let known = REASONS.iter().zip(&counts.gave_up);
                known.filter(|((known, _), _)| known == reason).for_each(|(_, count)| count.inc());
            }
            PolicyEvent::Opened { .. } => counts.opened.inc(),
            PolicyEvent::HalfOpen => counts.half_opened.inc(),
            PolicyEvent::Closed => counts.closed.inc(),
            PolicyEvent::Limited => counts.limited.inc(),
            PolicyEvent::TimedOut { .. } => counts.timed_out.inc(),
        }
    }
}

impl Stats for PolicyCounts {
    fn tell(&self, metrics: &mut Collection) {
        let counts = &*self.0;
        let plain = [
            ("mtaio_policy_attempts_total", "Attempts that were begun.", &counts.attempts),
            (
                "mtaio_policy_retries_total",
                "Attempts that failed, and another one came.",
                &counts.retries,
            ),
            ("mtaio_policy_opened_total", "How often a breaker opened.", &counts.opened),
            (
                "mtaio_policy_half_opened_total",
                "How often a breaker let a few calls through.",
                &counts.half_opened,
            ),
            ("mtaio_policy_closed_total", "How often a breaker closed.", &counts.closed),
            (
                "mtaio_policy_limited_total",
                "Calls that a limiter or a breaker did not admit.",
                &counts.limited,
            ),
            (
                "mtaio_policy_timed_out_total",
                "Calls that were not done in their time.",
                &counts.timed_out,
            ),
        ];
        for (name, help, count) in plain {
            metrics.counter(name, help, &[], count.get());
        }
        for ((_, reason), count) in REASONS.iter().zip(&counts.gave_up) {
            let help = "Attempts that failed, and no other one came.";
            metrics.counter("mtaio_policy_gave_up_total", help, &[("reason", reason)], count.get());
        }
    }
}
