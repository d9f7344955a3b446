use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::Instant;

use crate::config::ConfigError;
use crate::monitor::history::{History, scalar};
use crate::monitor::labels::Labels;
use crate::monitor::registry::names::check_series;
use crate::monitor::registry::{Snapshot, Value};

/// Something to watch: the values of a metric, how quickly it grows, or one of these over another.
///
/// It has a value for each series of the metric. A histogram is seen by the names that Prometheus
/// gives its parts, `latency_seconds_count` and `latency_seconds_sum`, and by its
/// [percentiles](Self::percentile).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::monitor::Signal;
///
/// let window = Duration::from_secs(300);
/// // The part of requests that failed, by route.
/// let failed = Signal::rate("failures_total", window).over(Signal::rate("requests_total", window));
/// // How long requests took, on average.
/// let average = Signal::mean("request_seconds", window);
/// // How many there are, all routes together.
/// let requests = Signal::rate("requests_total", window).sum();
/// # drop((failed, average, requests));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a signal does nothing before a rule has it"]
pub struct Signal(Expr);

#[derive(Clone, Debug)]
enum Expr {
    Value(Series),
    /// How much a counter grew within a time.
    Growth {
        of: Series,
        window: Duration,
        per_second: bool,
    },
    Percentile(Series, f64),
    Sum(Box<Self>),
    Over(Box<Self>, Box<Self>),
}

/// Those series of a metric that have certain labels.
#[derive(Clone, Debug)]
struct Series {
    name: Arc<str>,
    having: Vec<(String, String)>,
}

/// What signals are seen in.
pub(in crate::monitor) struct Moment<'a> {
    pub(in crate::monitor) at: Instant,
    pub(in crate::monitor) metrics: &'a Snapshot,
    /// Up to and with this moment.
    pub(in crate::monitor) history: &'a History,
    /// The time from one moment to the next.
    pub(in crate::monitor) period: Duration,
}

type Values = Vec<(Labels, f64)>;

impl Signal {
    /// The value of a counter, a gauge, or of a part of a histogram.
    pub fn value(name: impl Into<Arc<str>>) -> Self {
        Self(Expr::Value(Series::new(name)))
    }

    /// How much a counter grew in a second, on average over the last `window`.
    ///
    /// That is the slope from the first to the last value of the window, and the first is the last
    /// one that is not within it, if it was taken no more than two intervals before. (So nothing is
    /// extrapolated, which Prometheus' `rate` does.) A counter that is less than it was has begun anew
    /// at 0, as Prometheus has it. A series of less than two values has no rate.
    pub fn rate(name: impl Into<Arc<str>>, window: Duration) -> Self {
        Self(Expr::Growth { of: Series::new(name), window, per_second: true })
    }

    /// How much a counter grew over the last `window`: see [`rate`](Self::rate).
    pub fn increase(name: impl Into<Arc<str>>, window: Duration) -> Self {
        Self(Expr::Growth { of: Series::new(name), window, per_second: false })
    }

    /// The average of what a histogram took over the last `window`: the rate of its sum over the rate
    /// of its count.
    pub fn mean(histogram: &str, window: Duration) -> Self {
        let [sum, count] = ["sum", "count"].map(|part| format!("{histogram}_{part}"));
        Self::rate(sum, window).over(Self::rate(count, window))
    }

    /// What `percent` of the values of a histogram are not above: of its own window if it has one, of
    /// all so far if not.
    pub fn percentile(histogram: impl Into<Arc<str>>, percent: f64) -> Self {
        Self(Expr::Percentile(Series::new(histogram), percent))
    }

    /// Only those series that have this label, of all metrics that this is made of.
    pub fn having(mut self, label: &str, value: &str) -> Self {
        self.0.have(label, value);
        self
    }

    /// The sum over all series.
    pub fn sum(self) -> Self {
        Self(Expr::Sum(Box::new(self.0)))
    }

    /// This divided by `other`, for each series that both have: the one with the same labels, or the
    /// only one there is if that has no labels.
    ///
    /// Nothing over nothing is NaN, which is beyond no bound.
    pub fn over(self, other: Self) -> Self {
        Self(Expr::Over(Box::new(self.0), Box::new(other.0)))
    }

    pub(super) fn evaluate(&self, moment: &Moment<'_>) -> Values {
        self.0.evaluate(moment)
    }

    pub(super) fn check(&self, period: Duration, kept: Duration) -> Result<(), ConfigError> {
        self.0.check(period, kept)
    }
}

impl Expr {
    fn have(&mut self, label: &str, value: &str) {
        match self {
            Self::Value(of) | Self::Growth { of, .. } | Self::Percentile(of, _) => {
                of.having.push((label.to_owned(), value.to_owned()));
            }
            Self::Sum(of) => of.have(label, value),
            Self::Over(one, other) => {
                one.have(label, value);
                other.have(label, value);
            }
        }
    }

    fn check(&self, period: Duration, kept: Duration) -> Result<(), ConfigError> {
        match self {
            Self::Value(of) => check_series(&of.name),
            Self::Growth { window, .. } if *window < period || *window > kept => {
                let allowed = "at least `interval`, and at most the time that is kept";
                Err(ConfigError::new("window", format!("{window:?}"), allowed))
            }
            Self::Percentile(_, percent) if !(0.0..=100.0).contains(percent) => {
                Err(ConfigError::new("percent", percent.to_string(), "0 to 100"))
            }
            Self::Growth { of, .. } | Self::Percentile(of, _) => check_series(&of.name),
            Self::Sum(of) => of.check(period, kept),
            Self::Over(one, other) => {
                one.check(period, kept)?;
                other.check(period, kept)
            }
        }
    }

    fn evaluate(&self, moment: &Moment<'_>) -> Values {
        match self {
            Self::Value(of) => of.values(moment.metrics),
            Self::Growth { of, window, per_second } => growth(moment, of, *window, *per_second),
            Self::Percentile(of, percent) => of.percentiles(moment.metrics, *percent),
            Self::Sum(of) => {
                let values = of.evaluate(moment);
                let sum = values.iter().map(|(_, value)| value).sum();
                if values.is_empty() { Values::new() } else { vec![(Labels::NONE, sum)] }
            }
            Self::Over(one, other) => over(one.evaluate(moment), other.evaluate(moment)),
        }
    }
}

impl Series {
    fn new(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), having: Vec::new() }
    }

    fn is_meant(&self, labels: &Labels) -> bool {
        self.having.iter().all(|(name, value)| labels.get(name) == Some(value))
    }

    fn values(&self, metrics: &Snapshot) -> Values {
        let (family, part) = match metrics.family(&self.name) {
            Some(family) => (Some(family), ""),
            None => match self.name.rsplit_once('_') {
                Some((histogram, part)) => (metrics.family(histogram), part),
                None => (None, ""),
            },
        };
        let samples = family.map_or(&[][..], |family| &family.samples);
        let meant = samples.iter().filter(|sample| self.is_meant(&sample.labels));
        meant
            .filter_map(|sample| Some((sample.labels.clone(), scalar(&sample.value, part)?)))
            .collect()
    }

    fn percentiles(&self, metrics: &Snapshot, percent: f64) -> Values {
        let samples = metrics.family(&self.name).map_or(&[][..], |family| &family.samples);
        let meant = samples.iter().filter(|sample| self.is_meant(&sample.labels));
        meant
            .filter_map(|sample| {
                let Value::Histogram(histogram) = &sample.value else { return None };
                let spread = histogram.recent.as_ref().unwrap_or(&histogram.total);
                Some((sample.labels.clone(), spread.percentile(percent)?))
            })
            .collect()
    }
}

fn growth(moment: &Moment<'_>, of: &Series, window: Duration, per_second: bool) -> Values {
    let from = moment.at - window;
    let earliest = from - moment.period * 2;
    let mut values = Values::new();
    moment.history.each(&of.name, earliest, |labels, points| {
        if !of.is_meant(labels) {
            return;
        }
        let mut grown = Growth::default();
        for (at, value) in points {
            if at <= from {
                grown = Growth::default();
            }
            grown.take(at, value);
        }
        values.extend(grown.value(per_second).map(|value| (labels.clone(), value)));
    });
    values
}

/// How much a counter grew, from value to value.
#[derive(Default)]
struct Growth {
    first: Option<Instant>,
    last: Option<(Instant, f64)>,
    grown: f64,
}

impl Growth {
    fn take(&mut self, at: Instant, value: f64) {
        self.first = self.first.or(Some(at));
        if let Some((_, before)) = self.last {
            // One that is less than before has begun anew.
            self.grown += if value < before { value } else { value - before };
        }
        self.last = Some((at, value));
    }

    fn value(&self, per_second: bool) -> Option<f64> {
        let time = self.last?.0 - self.first?;
        if time.is_zero() {
            return None;
        }
        Some(if per_second { self.grown / time.as_secs_f64() } else { self.grown })
    }
}

fn over(values: Values, others: Values) -> Values {
    if let [(labels, other)] = &others[..]
        && labels.is_empty()
    {
        return values.into_iter().map(|(labels, value)| (labels, value / other)).collect();
    }
    let others: BTreeMap<Labels, f64> = others.into_iter().collect();
    let pairs = values.into_iter().filter_map(|(labels, value)| {
        let other = others.get(&labels)?;
        Some((labels, value / other))
    });
    pairs.collect()
}

impl fmt::Display for Signal {
    /// As Prometheus' language has it, for the most part.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(of) => of.fmt(f),
            Self::Growth { of, window, per_second } => {
                let function = if *per_second { "rate" } else { "increase" };
                write!(f, "{function}({of}[{window:?}])")
            }
            Self::Percentile(of, percent) => write!(f, "percentile({percent}, {of})"),
            Self::Sum(of) => write!(f, "sum({of})"),
            Self::Over(one, other) => {
                let nested: Cow<'_, str> = match **other {
                    Self::Over(..) => format!("({other})").into(),
                    _ => other.to_string().into(),
                };
                write!(f, "{one} / {nested}")
            }
        }
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.having.is_empty() {
            return Ok(());
        }
        let having: Vec<_> =
            self.having.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        write!(f, "{{{}}}", having.join(","))
    }
}
