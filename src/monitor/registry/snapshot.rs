use std::sync::Arc;

use crate::monitor::export::{Text, json};
use crate::monitor::labels::Labels;
use crate::monitor::metric::HistogramValue;

/// What a registry held at one moment: its families by name, each with its series in order.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Snapshot {
    /// The families, in the order of their names.
    pub families: Vec<Family>,
}

/// The series of one name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Family {
    /// Its name.
    pub name: Arc<str>,
    /// What it is, in a line.
    pub help: Arc<str>,
    /// What its series are.
    pub kind: Kind,
    /// Its series.
    pub samples: Vec<Sample>,
}

/// One series and its value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sample {
    /// What tells it from the other series of its family.
    pub labels: Labels,
    /// What it was.
    pub value: Value,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// It only goes up.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Many values, told by how many are not above each of some bounds.
    Histogram,
    /// Many values, told by percentiles of the last of them.
    Summary,
}

/// The value of a series.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// Of a counter.
    Counter(u64),
    /// Of a counter of what comes in fractions, as seconds.
    Sum(f64),
    /// Of a gauge.
    Gauge(f64),
    /// Of a histogram.
    Histogram(Box<HistogramValue>),
}

impl Snapshot {
    /// The text format of Prometheus, as [`Registry::render`](super::Registry::render) gives it.
    pub fn to_prometheus(&self) -> String {
        let mut text = Text::new(String::new());
        self.families.iter().for_each(|family| family.write(&mut text));
        text.finish()
    }

    /// All of it as JSON: an object with a list of `families`, each with `name`, `help`, `type` and a
    /// list of `samples` with their `labels` and their `value`.
    ///
    /// The value of a histogram is an object with `count`, `sum`, `min`, `max`, and the `percentiles`
    /// 50, 90, 95, 99 and 99.9; with a window, `recent` is one of the same shape. Where there are no
    /// values these are `null`. A number that JSON has no word for is the string `"NaN"`, `"+Inf"` or
    /// `"-Inf"`.
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// The family of this name.
    pub fn family(&self, name: &str) -> Option<&Family> {
        let at = self.families.binary_search_by(|family| (*family.name).cmp(name)).ok()?;
        Some(&self.families[at])
    }

    /// The value of the series of this name that has exactly these labels, in any order.
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<&Value> {
        self.family(name)?.get(labels)
    }
}

impl Family {
    /// Whether `other` is of the same name, type and help.
    pub(in crate::monitor) fn is_like(&self, other: &Self) -> bool {
        self.kind == other.kind && self.name == other.name && self.help == other.help
    }

    pub(super) fn write(&self, text: &mut Text) {
        text.family(&self.name, &self.help, self.kind);
        for sample in &self.samples {
            text.sample(&sample.labels, &sample.value);
        }
    }

    /// The value of the series that has exactly these labels, in any order.
    pub fn get(&self, labels: &[(&str, &str)]) -> Option<&Value> {
        let has = |sample: &&Sample| {
            sample.labels.len() == labels.len()
                && labels.iter().all(|&(name, value)| sample.labels.get(name) == Some(value))
        };
        self.samples.iter().find(has).map(|sample| &sample.value)
    }
}

impl Value {
    /// Its number: that of a counter or a gauge; of a histogram, how many values it has.
    pub fn as_f64(&self) -> f64 {
        match self {
            Self::Counter(count) => *count as f64,
            Self::Sum(value) | Self::Gauge(value) => *value,
            Self::Histogram(histogram) => histogram.total.count() as f64,
        }
    }
}

impl Kind {
    /// Its name in messages and formats.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }
}
