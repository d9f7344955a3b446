use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::notice::Severity;
use super::signal::Signal;
use crate::config::{ConfigError, LONGEST};
use crate::monitor::labels::Labels;

/// When to tell of a signal: it is above or below a bound, for long enough.
///
/// Each series of the signal is watched by itself. While its value is beyond the bound the rule holds
/// for it; once that was so for [`for_at_least`](Self::for_at_least), it fires. It is resolved when it
/// has not held for [`keep_for`](Self::keep_for). From firing to resolved is an episode, which is told
/// of twice. That is the grammar of Prometheus (`for`, `keep_firing_for`), and its meaning: a rule that
/// holds at once may fire at once, and one that stops to hold before it fires begins anew.
///
/// A series that is not there is not beyond any bound, and neither is a NaN.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::monitor::{Rule, Severity, Signal};
///
/// let minute = Duration::from_secs(60);
/// let requests = Signal::rate("requests_total", 5 * minute);
/// let rule = Rule::above("slow", Signal::rate("request_seconds_total", 5 * minute).over(requests), 0.5)
///     .for_at_least(2 * minute)
///     .keep_for(10 * minute)
///     .severity(Severity::Critical)
///     .label("team", "web");
/// assert_eq!(
///     rule.to_string(),
///     "slow: rate(request_seconds_total[300s]) / rate(requests_total[300s]) > 0.5",
/// );
/// ```
#[derive(Clone, Debug)]
#[must_use = "a rule does nothing before a monitor has it"]
pub struct Rule {
    pub(super) name: Arc<str>,
    pub(super) signal: Signal,
    pub(super) bound: Bound,
    pub(super) hold: Duration,
    pub(super) keep: Duration,
    pub(super) severity: Severity,
    pub(super) labels: Vec<(String, String)>,
    pub(super) message: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    Above(f64),
    Below(f64),
}

impl Rule {
    /// A rule that holds while `signal` is above `bound`.
    pub fn above(name: impl Into<Arc<str>>, signal: Signal, bound: f64) -> Self {
        Self::new(name.into(), signal, Bound::Above(bound))
    }

    /// A rule that holds while `signal` is below `bound`.
    pub fn below(name: impl Into<Arc<str>>, signal: Signal, bound: f64) -> Self {
        Self::new(name.into(), signal, Bound::Below(bound))
    }

    const fn new(name: Arc<str>, signal: Signal, bound: Bound) -> Self {
        Self {
            name,
            signal,
            bound,
            hold: Duration::ZERO,
            keep: Duration::ZERO,
            severity: Severity::Warning,
            labels: Vec::new(),
            message: None,
        }
    }

    /// How long it must have held to fire; it fires at once unless said.
    pub const fn for_at_least(mut self, time: Duration) -> Self {
        self.hold = time;
        self
    }

    /// How long it must not have held to be resolved, so that what goes up and down around its bound is
    /// one episode; it is resolved at once unless said.
    pub const fn keep_for(mut self, time: Duration) -> Self {
        self.keep = time;
        self
    }

    /// How bad it is; a warning unless said.
    pub const fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// A label of its alerts, in place of one of the series that has this name.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// What its alerts say; the rule itself unless said.
    pub fn message(mut self, message: impl Into<Arc<str>>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Refuses what can't be watched, by a monitor that keeps `kept` of its last times.
    pub(in crate::monitor) fn check(
        &self,
        period: Duration,
        kept: Duration,
    ) -> Result<(), ConfigError> {
        if self.name.is_empty() {
            return Err(ConfigError::new("rule", "\"\"", "a name that is not empty"));
        }
        let (Bound::Above(bound) | Bound::Below(bound)) = self.bound;
        if bound.is_nan() {
            return Err(ConfigError::new("bound", "NaN", "a number"));
        }
        for (field, time) in [("for_at_least", self.hold), ("keep_for", self.keep)] {
            if time > LONGEST {
                return Err(ConfigError::new(field, format!("{time:?}"), "at most 100 years"));
            }
        }
        let labels: Vec<_> =
            self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Labels::new(&labels)?;
        self.signal.check(period, kept)
    }

    pub(super) fn said(&self) -> Arc<str> {
        self.message.clone().unwrap_or_else(|| format!("{} {}", self.signal, self.bound).into())
    }
}

impl Bound {
    /// Whether `value` is beyond it; a NaN never is.
    pub(super) fn is_crossed_by(self, value: f64) -> bool {
        match self {
            Self::Above(bound) => value > bound,
            Self::Below(bound) => value < bound,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Above(bound) => write!(f, "> {bound}"),
            Self::Below(bound) => write!(f, "< {bound}"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.name, self.signal, self.bound)
    }
}
