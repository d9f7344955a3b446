use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use mtaio_runtime::Instant;

use crate::event::Event;
use crate::monitor::labels::Labels;

/// Something that is to be known: a rule began to hold, or ended to, or somebody said so by hand.
///
/// It is an [`Event`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Alert {
    /// The name of the rule; `alert` for one by hand.
    pub name: Arc<str>,
    /// Whether it began or ended.
    pub state: AlertState,
    /// How bad it is.
    pub severity: Severity,
    /// Those of the series that it is about, and those of the rule.
    pub labels: Labels,
    /// What there is to say.
    pub message: Arc<str>,
    /// What the signal was at; the last that there was, if it is not there any more. NaN for one by
    /// hand.
    pub value: f64,
    /// Which episode of the rule it belongs to: what fires and what is resolved have the same. They are
    /// numbered from 1, all rules together; 0 for one by hand.
    pub episode: u64,
    /// Since when the rule holds.
    pub since: Instant,
    /// When it was told.
    pub at: Instant,
    /// When that was by the time of day.
    pub wall_clock: SystemTime,
}

/// What an [`Alert`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AlertState {
    /// A rule holds, and has for as long as it must.
    Firing,
    /// It does not hold any more.
    Resolved,
    /// Somebody said so, and nobody will take it back.
    ByHand,
}

/// How bad it is: the worst is the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// To be known.
    Info,
    /// To be looked at. Unless said.
    #[default]
    Warning,
    /// To be done something about, now.
    Critical,
}

impl Alert {
    pub(in crate::monitor) fn by_hand(
        severity: Severity,
        message: Arc<str>,
        at: Instant,
        wall_clock: SystemTime,
    ) -> Self {
        Self {
            name: "alert".into(),
            state: AlertState::ByHand,
            severity,
            labels: Labels::NONE,
            message,
            value: f64::NAN,
            episode: 0,
            since: at,
            at,
            wall_clock,
        }
    }
}

impl Event for Alert {
    const NAME: &'static str = "monitor.alert";
}

impl AlertState {
    /// Its name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::ByHand => "by hand",
        }
    }
}

impl Severity {
    /// Its name in messages, and as the value of a label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, state, severity, labels, message, .. } = self;
        write!(f, "[{severity}] {name}{labels} {}: {message}", state.name())?;
        if self.value.is_nan() { Ok(()) } else { write!(f, " ({})", self.value) }
    }
}
