//! Where metrics are known by their names.

mod family;
pub(super) mod names;
mod snapshot;

pub use self::family::Labelled;
pub use self::snapshot::{Family, Kind, Sample, Snapshot, Value};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;

use self::family::{MOST_SERIES, Series};
use super::collector::{Collection, Collector};
use super::export;
use super::metric::{Counter, Gauge, Histogram, HistogramOptions};
use crate::config::ConfigError;
use crate::contain::contain;

/// Metrics by their names. Clones are handles of the same one.
///
/// # Examples
///
/// ```
/// use mtaio::monitor::Registry;
///
/// let registry = Registry::new();
/// let requests = registry.counters("http_requests_total", "Requests.", ["route", "status"])?;
/// requests.with(["/users", "200"]).inc();
///
/// let snapshot = registry.gather();
/// let labels = [("route", "/users"), ("status", "200")];
/// assert_eq!(snapshot.get("http_requests_total", &labels).unwrap().as_f64(), 1.0);
/// # Ok::<(), mtaio::ConfigError>(())
/// ```
#[derive(Clone, Default)]
pub struct Registry(Arc<Inner>);

#[derive(Default)]
struct Inner {
    families: RwLock<BTreeMap<Arc<str>, Known>>,
    collectors: RwLock<Vec<Arc<dyn Collector>>>,
}

struct Known {
    help: Arc<str>,
    series: AnySeries,
}

#[derive(Clone)]
enum AnySeries {
    Counters(Arc<Series<Counter>>),
    Gauges(Arc<Series<Gauge>>),
    Histograms(Arc<Series<Histogram>>),
}

impl Registry {
    /// A registry without metrics.
    pub fn new() -> Self {
        Self::default()
    }

    /// The counter of this name.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the name is none, or known with another type, help or labels.
    pub fn counter(&self, name: &str, help: &str) -> Result<Counter, ConfigError> {
        Ok(self.counters(name, help, [])?.with([]))
    }

    /// The gauge of this name.
    ///
    /// # Errors
    ///
    /// As of [`counter`](Self::counter).
    pub fn gauge(&self, name: &str, help: &str) -> Result<Gauge, ConfigError> {
        Ok(self.gauges(name, help, [])?.with([]))
    }

    /// The histogram of this name.
    ///
    /// # Errors
    ///
    /// As of [`counter`](Self::counter).
    pub fn histogram(&self, name: &str, help: &str) -> Result<Histogram, ConfigError> {
        self.histogram_with(name, help, &HistogramOptions::new())
    }

    /// The histogram of this name, with these options if it is new.
    ///
    /// # Errors
    ///
    /// As of [`counter`](Self::counter), and if an option is refused.
    pub fn histogram_with(
        &self,
        name: &str,
        help: &str,
        options: &HistogramOptions,
    ) -> Result<Histogram, ConfigError> {
        Ok(self.histograms(name, help, [], options)?.with([]))
    }

    /// The counters of this name, told apart by labels.
    ///
    /// # Errors
    ///
    /// As of [`counter`](Self::counter).
    pub fn counters<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Result<Labelled<Counter, N>, ConfigError> {
        let (names, order) = in_order(labels)?;
        let find = |known: &AnySeries| match known {
            AnySeries::Counters(series) => Some(Arc::clone(series)),
            _ => None,
        };
        let make = |names| {
            AnySeries::Counters(Arc::new(Series::new(names, MOST_SERIES, Box::new(Counter::new))))
        };
        let series = self.family(name, help, Kind::Counter, names, make)?;
        find(&series).map(|series| Labelled { series, order }).ok_or_else(|| taken(name))
    }

    /// The gauges of this name, told apart by labels.
    ///
    /// # Errors
    ///
    /// As of [`counter`](Self::counter).
    pub fn gauges<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Result<Labelled<Gauge, N>, ConfigError> {
        let (names, order) = in_order(labels)?;
        let make = |names| {
            AnySeries::Gauges(Arc::new(Series::new(names, MOST_SERIES, Box::new(Gauge::new))))
        };
        match self.family(name, help, Kind::Gauge, names, make)? {
            AnySeries::Gauges(series) => Ok(Labelled { series, order }),
            _ => Err(taken(name)),
        }
    }

    /// The histograms of this name, told apart by labels.
    ///
    /// # Errors
    ///
    /// As of [`counter`](Self::counter), and if an option is refused.
    pub fn histograms<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
        options: &HistogramOptions,
    ) -> Result<Labelled<Histogram, N>, ConfigError> {
        let (names, order) = in_order(labels)?;
        Histogram::new(options)?;
        let options = options.clone();
        let new = move || Histogram::new(&options).expect("the options were accepted once");
        let make =
            |names| AnySeries::Histograms(Arc::new(Series::new(names, MOST_SERIES, Box::new(new))));
        match self.family(name, help, Kind::Histogram, names, make)? {
            AnySeries::Histograms(series) => Ok(Labelled { series, order }),
            _ => Err(taken(name)),
        }
    }

    /// Asks `collector` each time that this is read.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it tells what can't be shown.
    pub fn register(&self, collector: impl Collector) -> Result<(), ConfigError> {
        self.0.collectors.write().push(Arc::new(collector));
        Ok(())
    }

    /// What everything is at now.
    pub fn gather(&self) -> Snapshot {
        let collectors = self.0.collectors.read().clone();
        let mut families = BTreeMap::new();
        for collector in collectors {
            let mut collection = Collection::default();
            if contain(|| collector.collect(&mut collection)).is_ok() {
                families.extend(collection.into_families());
            }
        }
        let known: Vec<_> = self
            .0
            .families
            .read()
            .iter()
            .map(|(name, known)| (Arc::clone(name), Arc::clone(&known.help), known.series.clone()))
            .collect();
        for (name, help, series) in known {
            let family = Family {
                name: Arc::clone(&name),
                help,
                kind: series.kind(),
                samples: series.samples(),
            };
            families.insert(name, family);
        }
        Snapshot { families: families.into_values().collect() }
    }

    /// The text format of Prometheus.
    pub fn render(&self) -> String {
        export::prometheus::render(&self.gather())
    }

    fn family(
        &self,
        name: &str,
        help: &str,
        kind: Kind,
        labels: Box<[Arc<str>]>,
        make: impl FnOnce(Box<[Arc<str>]>) -> AnySeries,
    ) -> Result<AnySeries, ConfigError> {
        names::check_metric(name, kind)?;
        let mut families = self.0.families.write();
        if let Some(known) = families.get(name) {
            let is_same = *known.help == *help
                && known.series.kind() == kind
                && *known.series.names() == *labels;
            return if is_same { Ok(known.series.clone()) } else { Err(taken(name)) };
        }
        let series = make(labels);
        let known = Known { help: help.into(), series: series.clone() };
        families.insert(name.into(), known);
        Ok(series)
    }
}

impl AnySeries {
    fn kind(&self) -> Kind {
        match self {
            Self::Counters(_) => Kind::Counter,
            Self::Gauges(_) => Kind::Gauge,
            Self::Histograms(_) => Kind::Histogram,
        }
    }

    fn names(&self) -> &[Arc<str>] {
        match self {
            Self::Counters(series) => &series.names,
            Self::Gauges(series) => &series.names,
            Self::Histograms(series) => &series.names,
        }
    }

    fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::new();
        let mut push =
            |labels: &super::Labels, value| samples.push(Sample { labels: labels.clone(), value });
        match self {
            Self::Counters(series) => {
                series.each(|labels, counter| push(labels, Value::Counter(counter.get())))
            }
            Self::Gauges(series) => {
                series.each(|labels, gauge| push(labels, Value::Gauge(gauge.get())))
            }
            Self::Histograms(series) => series.each(|labels, histogram| {
                push(labels, Value::Histogram(Box::new(histogram.value())));
            }),
        }
        samples
    }
}

/// The names of labels in their order, and where each of them was.
fn in_order<const N: usize>(
    labels: [&str; N],
) -> Result<(Box<[Arc<str>]>, [usize; N]), ConfigError> {
    for name in labels {
        names::check_label(name)?;
    }
    let mut order = std::array::from_fn(|at| at);
    order.sort_by_key(|&at: &usize| labels[at]);
    let names: Box<[Arc<str>]> = order.iter().map(|&at| Arc::from(labels[at])).collect();
    match names.windows(2).find(|two| two[0] == two[1]) {
        Some(twice) => Err(names::label_twice(&twice[0])),
        None => Ok((names, order)),
    }
}

fn taken(name: &str) -> ConfigError {
    ConfigError::new("name", name, "a name that is not known with another type, help or labels")
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let families = self.0.families.read();
        f.debug_struct("Registry").field("families", &families.keys()).finish_non_exhaustive()
    }
}
