//! The text format of Prometheus, version 0.0.4:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::sync::Arc;

use super::PERCENTILES;
use super::number::{name_of, push_finite, push_whole};
use crate::monitor::labels::Labels;
use crate::monitor::metric::{Cumulative, HistogramValue};
use crate::monitor::registry::{Kind, Value};

/// The text, written family by family.
pub(in crate::monitor) struct Text {
    text: String,
    /// The name of the present family.
    name: Arc<str>,
    /// Bounds, and how they are written: those of a family are the same for all of its series.
    bounds: Option<(Arc<[f64]>, Vec<String>)>,
}

impl Text {
    /// Goes on in `text`.
    pub(in crate::monitor) fn new(text: String) -> Self {
        Self { text, name: Arc::default(), bounds: None }
    }

    pub(in crate::monitor) fn finish(self) -> String {
        self.text
    }

    /// Begins a family.
    pub(in crate::monitor) fn family(&mut self, name: &Arc<str>, help: &str, kind: Kind) {
        self.name = Arc::clone(name);
        self.push(&["# HELP ", name, " "]);
        for char in help.chars() {
            match char {
                '\\' => self.text.push_str(r"\\"),
                '\n' => self.text.push_str(r"\n"),
                other => self.text.push(other),
            }
        }
        self.push(&["\n# TYPE ", name, " ", kind.name(), "\n"]);
    }

    /// A series of the family, and its value.
    pub(in crate::monitor) fn sample(&mut self, labels: &Labels, value: &Value) {
        match value {
            Value::Counter(count) => self.whole(labels, *count),
            Value::Sum(number) | Value::Gauge(number) => self.float(labels, *number),
            Value::Histogram(histogram) => self.histogram(labels, histogram),
        }
    }

    pub(in crate::monitor) fn whole(&mut self, labels: &Labels, number: u64) {
        self.series("", labels, None);
        self.whole_value(number);
    }

    pub(in crate::monitor) fn float(&mut self, labels: &Labels, number: f64) {
        self.series("", labels, None);
        self.float_value(number);
    }

    pub(in crate::monitor) fn histogram(&mut self, labels: &Labels, value: &HistogramValue) {
        let total = &value.total;
        if let Some(cumulative) = value.cumulative() {
            return self.cumulative(labels, &cumulative);
        }
        let recent = value.recent.as_ref().unwrap_or(total);
        for (percent, quantile) in PERCENTILES {
            self.series("", labels, Some(("quantile", quantile)));
            self.float_value(recent.percentile(percent).unwrap_or(f64::NAN));
        }
        self.sum_and_count(labels, total.sum(), total.count());
    }

    pub(in crate::monitor) fn cumulative(&mut self, labels: &Labels, of: &Cumulative<'_>) {
        let (bounds, names) = self.take_bounds(of.bounds);
        for (name, count) in names.iter().map(String::as_str).chain(["+Inf"]).zip(&of.counts) {
            self.series("_bucket", labels, Some(("le", name)));
            self.whole_value(*count);
        }
        self.bounds = Some((bounds, names));
        self.sum_and_count(labels, of.sum, of.counts.last().copied().unwrap_or(0));
    }

    fn sum_and_count(&mut self, labels: &Labels, sum: f64, count: u64) {
        self.series("_sum", labels, None);
        self.float_value(sum);
        self.series("_count", labels, None);
        self.whole_value(count);
    }

    /// The bounds, with how they are written.
    fn take_bounds(&mut self, bounds: &Arc<[f64]>) -> (Arc<[f64]>, Vec<String>) {
        if let Some(known) = self.bounds.take_if(|(known, _)| Arc::ptr_eq(known, bounds)) {
            return known;
        }
        let name = |bound: &f64| {
            let mut name = String::new();
            push_finite(&mut name, *bound);
            name
        };
        (Arc::clone(bounds), bounds.iter().map(name).collect())
    }

    /// The name of a series, and its labels with one more.
    fn series(&mut self, suffix: &str, labels: &Labels, more: Option<(&str, &str)>) {
        self.text.push_str(&self.name);
        self.text.push_str(suffix);
        match more {
            None if labels.is_empty() => self.text.push(' '),
            None => self.push(&["{", labels.text(), "} "]),
            Some((name, value)) => {
                let comma = if labels.is_empty() { "" } else { "," };
                self.push(&["{", labels.text(), comma, name, "=\"", value, "\"} "]);
            }
        }
    }

    fn whole_value(&mut self, number: u64) {
        push_whole(&mut self.text, number);
        self.text.push('\n');
    }

    fn float_value(&mut self, number: f64) {
        match name_of(number) {
            Some(name) => self.text.push_str(name),
            None => push_finite(&mut self.text, number),
        }
        self.text.push('\n');
    }

    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.text.push_str(part);
        }
    }
}
