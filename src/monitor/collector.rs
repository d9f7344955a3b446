use std::collections::BTreeMap;
use std::sync::Arc;

use super::labels::Labels;
use super::metric::HistogramValue;
use super::registry::{Family, Kind, Sample, Value, names};
use crate::config::ConfigError;

/// Metrics that are asked for: what a program counts already, told when a registry is read.
///
/// A closure is one.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use mtaio::monitor::{Collection, Registry};
///
/// let bytes = Arc::new(AtomicU64::new(0));
/// let registry = Registry::new();
/// registry.register({
///     let bytes = Arc::clone(&bytes);
///     move |metrics: &mut Collection| {
///         metrics.counter("read_bytes_total", "Bytes that were read.", &[], bytes.load(Ordering::Relaxed));
///     }
/// })?;
/// bytes.fetch_add(10, Ordering::Relaxed);
/// assert!(registry.render().contains("read_bytes_total 10\n"));
/// # Ok::<(), mtaio::ConfigError>(())
/// ```
pub trait Collector: Send + Sync + 'static {
    /// Tells what there is at this moment.
    fn collect(&self, metrics: &mut Collection);
}

impl<F: Fn(&mut Collection) + Send + Sync + 'static> Collector for F {
    fn collect(&self, metrics: &mut Collection) {
        self(metrics);
    }
}

/// Where a [`Collector`] puts what it tells.
#[derive(Debug, Default)]
pub struct Collection {
    families: BTreeMap<Arc<str>, Family>,
    refused: Vec<ConfigError>,
}

impl Collection {
    /// Tells a counter.
    pub fn counter(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: u64) {
        self.push(name, help, Kind::Counter, labels, Value::Counter(value));
    }

    /// Tells a counter of what comes in fractions, as seconds.
    pub fn sum(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.push(name, help, Kind::Counter, labels, Value::Sum(value));
    }

    /// Tells a gauge.
    pub fn gauge(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.push(name, help, Kind::Gauge, labels, Value::Gauge(value));
    }

    /// Tells a histogram.
    pub fn histogram(
        &mut self,
        name: &str,
        help: &str,
        labels: &[(&str, &str)],
        value: HistogramValue,
    ) {
        self.push(name, help, Kind::Histogram, labels, Value::Histogram(Box::new(value)));
    }

    fn push(&mut self, name: &str, help: &str, kind: Kind, labels: &[(&str, &str)], value: Value) {
        if let Err(error) = self.try_push(name, help, kind, labels, value) {
            self.refused.push(error);
        }
    }

    fn try_push(
        &mut self,
        name: &str,
        help: &str,
        kind: Kind,
        labels: &[(&str, &str)],
        value: Value,
    ) -> Result<(), ConfigError> {
        let labels = Labels::new(labels)?;
        if !self.families.contains_key(name) {
            names::check_metric(name, kind)?;
            let name: Arc<str> = name.into();
            let family =
                Family { name: Arc::clone(&name), help: help.into(), kind, samples: Vec::new() };
            self.families.insert(name, family);
        }
        if let Some(family) = self.families.get_mut(name) {
            family.samples.push(Sample { labels, value });
        }
        Ok(())
    }

    pub(super) fn into_families(self) -> BTreeMap<Arc<str>, Family> {
        self.families
    }
}
