use std::fmt;
use std::time::Duration;

use super::window::{BUCKETS, Span};
use crate::config::{ConfigError, check_period};
use crate::policy::listener::Listener;

/// The settings of a [`CircuitBreaker`](super::CircuitBreaker).
///
/// | what | unless said |
/// | --- | --- |
/// | [window](Self::window) | the last 100 calls |
/// | [failure rate](Self::failure_rate) | 0.5 |
/// | [slow calls](Self::slow_calls) | none are |
/// | [least number of calls](Self::min_calls) | 10, or the window where that is less |
/// | [open for](Self::open_for) | 30 s |
/// | [probes](Self::probes) | 3 |
#[derive(Clone, Copy)]
#[must_use = "settings do nothing by themselves"]
pub struct BreakerConfig<L = ()> {
    pub(super) settings: Settings,
    pub(super) listener: L,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) span: Span,
    pub(super) failure_rate: f64,
    pub(super) slow: Option<(Duration, f64)>,
    min_calls: Option<u32>,
    pub(super) open_for: Duration,
    pub(super) probes: u32,
}

const MIN_CALLS: u32 = 10;
const MOST_CALLS: u32 = 1_000_000;

impl BreakerConfig {
    /// The settings of the table above.
    pub const fn new() -> Self {
        let settings = Settings {
            span: Span::Calls(100),
            failure_rate: 0.5,
            slow: None,
            min_calls: None,
            open_for: Duration::from_secs(30),
            probes: 3,
        };
        Self { settings, listener: () }
    }
}

impl<L> BreakerConfig<L> {
    /// It counts the last so many calls, 1 to a million.
    pub const fn window(mut self, calls: u32) -> Self {
        self.settings.span = Span::Calls(calls);
        self
    }

    /// It counts the calls of the last so long, give or take a tenth of that.
    pub const fn time_window(mut self, time: Duration) -> Self {
        self.settings.span = Span::Time(time);
        self
    }

    /// It opens when this share of the calls has failed, more than 0 and at most 1.
    pub const fn failure_rate(mut self, rate: f64) -> Self {
        self.settings.failure_rate = rate;
        self
    }

    /// A call that takes `after` or longer is slow, whatever it comes to; it opens when a share of
    /// `rate` of the calls was slow, more than 0 and at most 1. To tell, it looks at the clock twice
    /// a call.
    pub const fn slow_calls(mut self, after: Duration, rate: f64) -> Self {
        self.settings.slow = Some((after, rate));
        self
    }

    /// It does not open before so many calls are in the window.
    pub const fn min_calls(mut self, calls: u32) -> Self {
        self.settings.min_calls = Some(calls);
        self
    }

    /// How long it stays open before it lets calls through, to see how they go. It waits as long for
    /// the answer of one of these before it lets another one through in its place.
    pub const fn open_for(mut self, time: Duration) -> Self {
        self.settings.open_for = time;
        self
    }

    /// How many calls it lets through to see how they go, 1 to a million. By the same shares it then
    /// closes or opens again, as soon as those that have not answered can't change that.
    pub const fn probes(mut self, calls: u32) -> Self {
        self.settings.probes = calls;
        self
    }

    /// Who hears when it opens, is half-open, and closes; nobody unless said.
    pub fn listener<M: Listener + 'static>(self, listener: M) -> BreakerConfig<M> {
        BreakerConfig { settings: self.settings, listener }
    }
}

impl Settings {
    pub(super) fn min_calls(&self) -> u32 {
        self.min_calls.unwrap_or(match self.span {
            Span::Calls(window) => window.min(MIN_CALLS),
            Span::Time(_) => MIN_CALLS,
        })
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        check_rate("failure_rate", self.failure_rate)?;
        match self.span {
            Span::Calls(window) => check_calls("window", window)?,
            Span::Time(time) => {
                check_period("time_window", time)?;
                if time < Duration::from_nanos(BUCKETS) {
                    let value = format!("{time:?}");
                    return Err(ConfigError::new("time_window", value, "10 ns or more"));
                }
            }
        }
        if let Some((after, rate)) = self.slow {
            check_period("slow_calls", after)?;
            check_rate("slow_calls", rate)?;
        }
        if let Some(calls) = self.min_calls {
            check_calls("min_calls", calls)?;
            if matches!(self.span, Span::Calls(window) if calls > window) {
                let allowed = "at most `window`";
                return Err(ConfigError::new("min_calls", calls.to_string(), allowed));
            }
        }
        check_calls("probes", self.probes)?;
        check_period("open_for", self.open_for)
    }
}

/// NaN is in no range.
fn check_rate(field: &'static str, rate: f64) -> Result<(), ConfigError> {
    if rate > 0.0 && rate <= 1.0 {
        return Ok(());
    }
    Err(ConfigError::new(field, rate.to_string(), "more than 0 and at most 1"))
}

fn check_calls(field: &'static str, calls: u32) -> Result<(), ConfigError> {
    if (1..=MOST_CALLS).contains(&calls) {
        return Ok(());
    }
    Err(ConfigError::new(field, calls.to_string(), "1 to 1000000"))
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl<L> fmt::Debug for BreakerConfig<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerConfig").field("settings", &self.settings).finish_non_exhaustive()
    }
}
