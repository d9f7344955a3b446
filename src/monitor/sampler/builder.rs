use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::{Ambient, DynRuntime, Runtime, RuntimeExt};
use parking_lot::Mutex;

use super::delivery::{MOST_WAITING, deliver};
use super::shared::{Counts, Shared, State};
use super::{Course, Monitor};
use crate::config::{ConfigError, check_period};
use crate::event::EventEmitter;
use crate::monitor::alert::{Evaluator, Rule};
use crate::monitor::history::History;
use crate::monitor::registry::Registry;
use crate::monitor::system::{Proc, SystemSource};
use crate::queue::{Overflow, Queue};

/// What a [`Monitor`] looks at, how often, and what it tells of. See [`Monitor::new`].
#[must_use = "a builder does nothing until it is built"]
pub struct MonitorBuilder<R: Runtime = DynRuntime> {
    rt: R,
    registry: Registry,
    emitter: EventEmitter,
    period: Duration,
    points: usize,
    series: usize,
    source: Option<Box<dyn SystemSource>>,
    rules: Vec<Rule>,
}

const PERIOD: Duration = Duration::from_secs(10);
const POINTS: usize = 360;
const SERIES: usize = 5_000;

impl<R: Runtime> MonitorBuilder<R> {
    pub(super) fn new(rt: R) -> Self {
        Self {
            rt,
            registry: Registry::new(),
            emitter: EventEmitter::new(),
            period: PERIOD,
            points: POINTS,
            series: SERIES,
            source: Some(Box::new(Proc::new())),
            rules: Vec::new(),
        }
    }

    /// Looks at this registry; at an empty one unless said.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = registry.clone();
        self
    }

    /// The time from look to look; 10 seconds unless said.
    pub const fn interval(mut self, period: Duration) -> Self {
        self.period = period;
        self
    }

    /// Asks `source` for the system; [`Proc`] unless said. In a simulation that is what differs from
    /// run to run: give it a script.
    pub fn system(mut self, source: impl SystemSource) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Looks at the registry alone.
    pub fn without_system(mut self) -> Self {
        self.source = None;
        self
    }

    /// Remembers the last `points` values of at most `series` series; 360 of 5,000 unless said.
    pub const fn keep(mut self, points: usize, series: usize) -> Self {
        (self.points, self.series) = (points, series);
        self
    }

    /// Tells when `rule` begins to hold and ends to. It may be called several times.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Emits alerts here; at an emitter of its own unless said.
    pub fn emitter(mut self, emitter: &EventEmitter) -> Self {
        self.emitter = emitter.clone();
        self
    }

    /// The monitor, which does not look yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for an interval that is zero or absurd, for a history without room or beyond 2^24
    /// values or series, for two rules of one name, and for a rule with a bound that is NaN, a time that
    /// is absurd, a signal of a name that no metric can have, a label that is none, or a window that is
    /// shorter than the interval or longer than what is kept.
    pub fn build(self) -> Result<Monitor<R>, ConfigError> {
        const MOST: usize = 1 << 24;
        check_period("interval", self.period)?;
        for (field, count) in [("points", self.points), ("series", self.series)] {
            if count == 0 || count > MOST {
                return Err(ConfigError::new(field, count.to_string(), "1 to 16777216"));
            }
        }
        let intervals = u32::try_from(self.points - 1).unwrap_or(u32::MAX);
        let kept = self.period.saturating_mul(intervals);
        for (place, rule) in self.rules.iter().enumerate() {
            rule.check(self.period, kept)?;
            if self.rules[..place].iter().any(|other| other.name() == rule.name()) {
                let value = format!("{:?}, twice", rule.name());
                return Err(ConfigError::new("rule", value, "each name once"));
            }
        }
        let state = State {
            history: History::new(self.points, self.series),
            evaluator: Evaluator::new(self.rules),
        };
        let shared = Arc::new(Shared {
            rt: self.rt,
            registry: self.registry,
            emitter: self.emitter,
            period: self.period,
            source: Mutex::new(self.source),
            state: Mutex::new(state),
            current: Mutex::new(None),
            outbox: Queue::new(Overflow::DropOldest(MOST_WAITING))?,
            counts: Counts::default(),
        });
        let handle = deliver(Arc::clone(&shared));
        // It outlives whoever builds it, and their deadline.
        let spawn = || shared.rt.spawn_named("monitor alerts", handle);
        let _delivery = Ambient::empty().enter(spawn);
        Ok(Monitor { shared, course: Mutex::new(Course::default()), _delivery })
    }
}

impl<R: Runtime> fmt::Debug for MonitorBuilder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitorBuilder")
            .field("interval", &self.period)
            .field("points", &self.points)
            .field("series", &self.series)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
