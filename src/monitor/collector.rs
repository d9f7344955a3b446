use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::labels::Labels;
use super::metric::HistogramValue;
use super::registry::{Family, Kind, Sample, Value, names};
use crate::config::ConfigError;

/// Metrics that are asked for: what a program counts already, told when a registry is read.
///
/// A closure is one. [`Registry::register`](super::Registry::register) takes it; for the parts of this
/// library there is [`Registry::watch`](super::Registry::watch).
///
/// It is called at each read, on the thread that reads, with no lock held; so it may use the registry.
/// It should be quick. When it panics, what it told this time is left out.
///
/// # Examples
///
/// Requests, errors and the mean time of a reply, as an application counts them:
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use mtaio::monitor::{Collection, Collector, Counter, Histogram, HistogramOptions, Registry};
///
/// struct Replies {
///     errors: Counter,
///     latency: Histogram,
/// }
///
/// impl Collector for Replies {
///     fn collect(&self, metrics: &mut Collection) {
///         let latency = self.latency.total();
///         metrics.counter("app_replies_total", "Replies.", &[], latency.count());
///         metrics.counter("app_errors_total", "Replies with an error.", &[], self.errors.get());
///         let mean = latency.mean().unwrap_or(0.0);
///         metrics.gauge("app_reply_mean_seconds", "The mean time of a reply.", &[], mean);
///     }
/// }
///
/// let latency = Histogram::new(&HistogramOptions::new())?;
/// let replies = Arc::new(Replies { errors: Counter::new(), latency });
/// let registry = Registry::new();
/// registry.register(Arc::clone(&replies))?;
///
/// replies.latency.record_duration(Duration::from_millis(250));
/// replies.latency.record_duration(Duration::from_millis(750));
/// replies.errors.inc();
/// let now = registry.gather();
/// assert_eq!(now.get("app_reply_mean_seconds", &[]).unwrap().as_f64(), 0.5);
/// assert_eq!(now.get("app_errors_total", &[]).unwrap().as_f64(), 1.0);
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

impl<C: Collector + ?Sized> Collector for Arc<C> {
    fn collect(&self, metrics: &mut Collection) {
        (**self).collect(metrics);
    }
}

/// Where a [`Collector`] puts what it tells.
///
/// The rules are those of a [`Registry`](super::Registry): a name has one type and one help. What
/// breaks them, or is told twice, is left out, and counted as
/// [refused](super::RegistryStats::refused); the collector is told of it when it is registered, if it
/// tells it then.
#[derive(Debug, Default)]
pub struct Collection {
    families: BTreeMap<Arc<str>, Family>,
    common: Vec<(String, String)>,
    refused: Refused,
}

/// The first of the samples that were refused, and how many there are.
type Refused = Option<(ConfigError, usize)>;

impl Collection {
    /// Tells a counter; its name ends with `_total`.
    pub fn counter(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: u64) {
        self.push(name, help, Kind::Counter, labels, Value::Counter(value));
    }

    /// Tells a counter of what comes in fractions, as seconds; its name ends with `_total`.
    pub fn sum(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.push(name, help, Kind::Counter, labels, Value::Sum(value));
    }

    /// Tells a gauge.
    pub fn gauge(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.push(name, help, Kind::Gauge, labels, Value::Gauge(value));
    }

    /// Tells a histogram; one that shows no bounds is a summary.
    pub fn histogram(
        &mut self,
        name: &str,
        help: &str,
        labels: &[(&str, &str)],
        value: HistogramValue,
    ) {
        let kind = value.kind();
        self.push(name, help, kind, labels, Value::Histogram(Box::new(value)));
    }

    /// Gives all that `tell` tells one more label.
    pub fn labelled(&mut self, name: &str, value: &str, tell: impl FnOnce(&mut Self)) {
        self.common.push((name.into(), value.into()));
        tell(self);
        self.common.pop();
    }

    fn push(&mut self, name: &str, help: &str, kind: Kind, labels: &[(&str, &str)], value: Value) {
        if let Err(error) = self.try_push(name, help, kind, labels, value) {
            refuse(&mut self.refused, error, 1);
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
        let labels = if self.common.is_empty() {
            Labels::new(labels)?
        } else {
            let common = self.common.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            Labels::new(&common.chain(labels.iter().copied()).collect::<Vec<_>>())?
        };
        let sample = Sample { labels, value };
        match self.families.get_mut(name) {
            Some(family) if family.kind == kind && *family.help == *help => {
                family.samples.push(sample);
            }
            Some(_) => return Err(names::taken(name)),
            None => {
                names::check_metric(name, kind)?;
                let name: Arc<str> = name.into();
                let samples = vec![sample];
                let family = Family { name: Arc::clone(&name), help: help.into(), kind, samples };
                self.families.insert(name, family);
            }
        }
        Ok(())
    }

    /// The first of the samples that were refused, and how many they are.
    pub(super) const fn refused(&self) -> Option<&(ConfigError, usize)> {
        self.refused.as_ref()
    }

    /// Forgets what was refused.
    pub(super) fn forgive(&mut self) {
        self.refused = None;
    }

    /// The names of all that was told.
    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.families.keys()
    }

    /// Adds what another collector told.
    pub(super) fn absorb(&mut self, other: Self) {
        if let Some((error, times)) = other.refused {
            refuse(&mut self.refused, error, times);
        }
        for (name, family) in other.families {
            match self.families.entry(name) {
                Entry::Vacant(place) => _ = place.insert(family),
                Entry::Occupied(mut place) if place.get().is_like(&family) => {
                    place.get_mut().samples.extend(family.samples);
                }
                Entry::Occupied(_) => {
                    refuse(&mut self.refused, names::taken(&family.name), family.samples.len());
                }
            }
        }
    }

    /// Puts the series of each family in order, and leaves out those that are there twice or beyond
    /// the bound.
    pub(super) fn settle(&mut self, most: usize) {
        for family in self.families.values_mut() {
            let told = family.samples.len();
            family.samples.sort_by(|one, other| one.labels.cmp(&other.labels));
            let mut twice = None;
            family.samples.dedup_by(|next, kept| {
                let is_told = next.labels == kept.labels;
                if is_told && twice.is_none() {
                    twice = Some(kept.labels.clone());
                }
                is_told
            });
            let different = family.samples.len();
            family.samples.truncate(most);
            let shown = family.samples.len();
            if let Some(labels) = twice {
                let error = names::told_twice(&family.name, &labels);
                refuse(&mut self.refused, error, told - different);
            }
            if shown < different {
                refuse(&mut self.refused, names::too_many(&family.name, most), different - shown);
            }
        }
    }

    /// Leaves out a family that has no right to its name.
    pub(super) fn evict(&mut self, name: &str) {
        if let Some(family) = self.families.remove(name) {
            refuse(&mut self.refused, names::taken(name), family.samples.len());
        }
    }

    pub(super) fn into_families(self) -> BTreeMap<Arc<str>, Family> {
        self.families
    }
}

fn refuse(refused: &mut Refused, error: ConfigError, times: usize) {
    refused.get_or_insert((error, 0)).1 += times;
}
