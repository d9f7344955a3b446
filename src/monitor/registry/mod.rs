//! Where metrics are known by their names.

mod family;
mod known;
pub(super) mod names;
mod snapshot;
mod table;
mod told;

pub use self::family::Labelled;
pub use self::snapshot::{Family, Kind, Sample, Snapshot, Value};
pub use self::told::CollectorId;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;

use self::family::{Series, in_order};
use self::known::{Kept, Known};
use self::told::Collectors;
use super::collector::{Collection, Collector};
use super::export::Text;
use super::metric::{Counter, Gauge, Histogram, HistogramOptions};
use super::stats::Stats;
use crate::config::ConfigError;

/// Metrics by their names. Clones are handles of the same one.
///
/// There is none that is global: make one, and hand it to what counts. What is asked for twice, with
/// the same help and the same labels, is the same metric; with others it is refused.
///
/// - [`counter`](Self::counter), [`gauge`](Self::gauge) and [`histogram`](Self::histogram) give
///   handles that cost a few nanoseconds to use; [`counters`](Self::counters) and the like give
///   families whose series differ in their labels.
/// - [`watch`](Self::watch) shows the `stats()` of a part of this library.
/// - [`register`](Self::register) takes a [`Collector`], for what is counted elsewhere.
/// - [`gather`](Self::gather) reads it all, and [`render`](Self::render) writes it for Prometheus.
///
/// # Names
///
/// By Prometheus' conventions: words in lower case with underscores, the unit last and a base unit
/// (`seconds`, `bytes`), and for a counter then `_total`: `http_replies_total`,
/// `http_reply_seconds`. That `_total` is at the end of a counter's name and of no other is checked,
/// as are the letters.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use mtaio::monitor::Registry;
/// use mtaio::TtlCache;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let registry = Registry::new();
///
/// let replies = registry.counters("http_replies_total", "Replies.", ["route", "status"])?;
/// replies.with(["/users", "200"]).inc();
///
/// let sessions = Arc::new(TtlCache::<u32, String>::new(&rt, 1_000)?);
/// registry.watch("sessions", {
///     let sessions = Arc::clone(&sessions);
///     move || sessions.stats()
/// })?;
/// sessions.get(&7);
///
/// let text = registry.render();
/// assert!(text.contains("http_replies_total{route=\"/users\",status=\"200\"} 1\n"));
/// assert!(text.contains("mtaio_cache_misses_total{name=\"sessions\"} 1\n"));
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    families: RwLock<BTreeMap<Arc<str>, Known>>,
    collectors: Collectors,
    max_series: usize,
    /// How long the last text was.
    length: AtomicUsize,
}

/// A registry at one moment; the counts are from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistryStats {
    /// The names that it holds itself.
    pub families: usize,
    /// Their series.
    pub series: usize,
    /// Who is asked for more.
    pub collectors: usize,
    /// How often a series was asked for that is beyond the bound of its family.
    pub overflowed: u64,
    /// What collectors told and was left out, as it breaks the rules.
    pub refused: u64,
    /// How often a collector panicked.
    pub panicked: u64,
}

impl Registry {
    /// A registry without metrics, for 1,000 series of each name.
    pub fn new() -> Self {
        Self::of(1_000)
    }

    /// A registry without metrics, for as many series of each name as `max_series`.
    ///
    /// A series takes some 250 bytes and twice the length of its labels, if it is a counter or a
    /// gauge; a counter that is used often 500 more; a [`Histogram`] what is said there.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `max_series` is zero.
    pub fn with_max_series(max_series: usize) -> Result<Self, ConfigError> {
        if max_series == 0 {
            return Err(ConfigError::new("max_series", "0", "1 or more"));
        }
        Ok(Self::of(max_series))
    }

    fn of(max_series: usize) -> Self {
        let (families, collectors) = (RwLock::default(), Collectors::default());
        Self(Arc::new(Inner { families, collectors, max_series, length: AtomicUsize::new(0) }))
    }

    /// The counter of this name.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the name is not one of a counter, or is there with another type, help or
    /// labels.
    pub fn counter(&self, name: &str, help: &str) -> Result<Counter, ConfigError> {
        Ok(self.counters(name, help, [])?.with([]))
    }

    /// The counters of this name, told apart by labels.
    ///
    /// # Errors
    ///
    /// As of [`counter`](Self::counter), and if a label's name is none or is there twice.
    pub fn counters<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Result<Labelled<Counter, N>, ConfigError> {
        self.family(name, help, Kind::Counter, labels, ())
    }

    /// The gauge of this name.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the name is not one of a gauge, or is there with another type, help or
    /// labels.
    pub fn gauge(&self, name: &str, help: &str) -> Result<Gauge, ConfigError> {
        Ok(self.gauges(name, help, [])?.with([]))
    }

    /// The gauges of this name, told apart by labels.
    ///
    /// # Errors
    ///
    /// As of [`gauge`](Self::gauge), and if a label's name is none or is there twice.
    pub fn gauges<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Result<Labelled<Gauge, N>, ConfigError> {
        self.family(name, help, Kind::Gauge, labels, ())
    }

    /// The histogram of this name, without a window, in seconds.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the name is not one of a histogram, or is there with another type, help,
    /// labels or options.
    pub fn histogram(&self, name: &str, help: &str) -> Result<Histogram, ConfigError> {
        self.histogram_with(name, help, &HistogramOptions::new())
    }

    /// The histogram of this name and these options.
    ///
    /// # Errors
    ///
    /// As of [`histogram`](Self::histogram), and if an option is refused.
    pub fn histogram_with(
        &self,
        name: &str,
        help: &str,
        options: &HistogramOptions,
    ) -> Result<Histogram, ConfigError> {
        Ok(self.histograms(name, help, [], options)?.with([]))
    }

    /// The histograms of this name, told apart by labels.
    ///
    /// # Errors
    ///
    /// As of [`histogram_with`](Self::histogram_with), and if a label's name is none or is there
    /// twice.
    pub fn histograms<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
        options: &HistogramOptions,
    ) -> Result<Labelled<Histogram, N>, ConfigError> {
        let shape = options.check()?;
        self.family(name, help, shape.kind(), labels, shape)
    }

    /// Asks `collector` each time that this is read.
    ///
    /// It is asked once at once, and refused if what it tells breaks a rule. What it tells later and
    /// breaks one is left out.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it tells a name or a label that is none, something twice or that another one
    /// tells already, a name that is known with another type or help, or if it panics.
    pub fn register(&self, collector: impl Collector) -> Result<CollectorId, ConfigError> {
        let has = |name: &str| self.0.families.read().contains_key(name);
        self.0.collectors.add(Arc::new(collector), self.0.max_series, has)
    }

    /// Shows the numbers that `stats` gives each time that this is read, with the label
    /// `name="<name>"`.
    ///
    /// Every `stats()` of this library gives such numbers, and [`Stats`] says under which names they
    /// are shown. Where nothing is left to tell of, `stats` may give `None`: with a
    /// [`Weak`](std::sync::Weak), the registry keeps nothing alive.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] as of [`register`](Self::register): if another of the same kind has this name.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use mtaio::TtlCache;
    /// use mtaio::monitor::Registry;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let registry = Registry::new();
    /// let cache = Arc::new(TtlCache::<u32, u32>::new(&rt, 100)?);
    /// let seen = Arc::downgrade(&cache);
    /// registry.watch("pages", move || seen.upgrade().map(|cache| cache.stats()))?;
    ///
    /// assert!(registry.render().contains("mtaio_cache_entries{name=\"pages\"} 0\n"));
    /// drop(cache);
    /// assert_eq!(registry.render(), "");
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn watch<S: Stats>(
        &self,
        name: &str,
        stats: impl Fn() -> S + Send + Sync + 'static,
    ) -> Result<CollectorId, ConfigError> {
        let name = name.to_owned();
        self.register(move |metrics: &mut Collection| {
            let stats = stats();
            metrics.labelled("name", &name, |metrics| stats.tell(metrics));
        })
    }

    /// Shows its own [`stats`](Self::stats), with the label `name="<name>"`: what goes beyond a bound,
    /// what collectors do wrong.
    ///
    /// # Errors
    ///
    /// As of [`watch`](Self::watch).
    pub fn watch_itself(&self, name: &str) -> Result<CollectorId, ConfigError> {
        let itself = Arc::downgrade(&self.0);
        self.watch(name, move || itself.upgrade().map(|inner| Self(inner).stats()))
    }

    /// Asks a collector no more, and tells whether it was there.
    pub fn unregister(&self, collector: CollectorId) -> bool {
        self.0.collectors.remove(collector)
    }

    /// What everything is at now.
    ///
    /// It is read series by series, while others count on. Of a histogram, the count is always the sum
    /// of the buckets; the sum has all that is counted, and may have a value more that is just being
    /// added.
    pub fn gather(&self) -> Snapshot {
        let (known, told) = self.read();
        let mut families = told.into_families();
        families.extend(known.into_iter().map(|known| {
            let (name, help) = (Arc::clone(&known.name), Arc::clone(&known.help));
            let family = Family { name, help, kind: known.kind(), samples: known.samples() };
            (known.name, family)
        }));
        Snapshot { families: families.into_values().collect() }
    }

    /// The [text format](https://prometheus.io/docs/instrumenting/exposition_formats/) of
    /// Prometheus, for a reply of the content type [`CONTENT_TYPE`](Self::CONTENT_TYPE).
    ///
    /// Families are in the order of their names, and series in that of their labels, so that the same
    /// state gives the same text. It waits for nothing, and holds up nobody who has a handle. The
    /// [module](super#serving-it) shows how to serve it.
    pub fn render(&self) -> String {
        let (known, told) = self.read();
        let told = told.into_families();
        let mut told = told.values().peekable();
        let mut text = Text::new(String::with_capacity(self.0.length.load(Ordering::Relaxed)));
        for known in known {
            while let Some(before) = told.next_if(|told| told.name < known.name) {
                before.write(&mut text);
            }
            known.write(&mut text);
        }
        told.for_each(|rest| rest.write(&mut text));
        let text = text.finish();
        self.0.length.store(text.len() + text.len() / 16, Ordering::Relaxed);
        text
    }

    /// The content type of [`render`](Self::render).
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// How it stands.
    pub fn stats(&self) -> RegistryStats {
        let families = self.0.families.read();
        RegistryStats {
            families: families.len(),
            series: families.values().map(Known::len).sum(),
            collectors: self.0.collectors.len(),
            overflowed: families.values().map(Known::overflowed).sum(),
            refused: self.0.collectors.refused(),
            panicked: self.0.collectors.panicked(),
        }
    }

    /// The families that are held here, in order, and those that the collectors tell.
    fn read(&self) -> (Vec<Known>, Collection) {
        let collectors = &self.0.collectors;
        // First, so that what a collector makes here is shown.
        let mut told = collectors.collect();
        let known: Vec<Known> = self.0.families.read().values().cloned().collect();
        known.iter().for_each(|known| told.evict(&known.name));
        told.settle(self.0.max_series);
        collectors.count_refused(&told);
        (known, told)
    }

    fn family<M: Kept, const N: usize>(
        &self,
        name: &str,
        help: &str,
        kind: Kind,
        labels: [&str; N],
        shape: M::Shape,
    ) -> Result<Labelled<M, N>, ConfigError> {
        names::check_metric(name, kind)?;
        let (labels, order) = in_order(labels)?;
        let mut families = self.0.families.write();
        if let Some(known) = families.get(name) {
            let series = known.series_of(help, &labels, &shape);
            return series
                .map(|series| Labelled::new(series, order))
                .ok_or_else(|| names::taken(name));
        }
        if self.0.collectors.tell(name) {
            return Err(names::taken(name));
        }
        let shape = Arc::new(shape);
        let make = Arc::clone(&shape);
        let series = Arc::new(Series::new(labels, self.0.max_series, move || M::make(&make)));
        let any = M::into_any(Arc::clone(&series), shape);
        let name: Arc<str> = name.into();
        let known = Known { name: Arc::clone(&name), help: help.into(), series: any };
        families.insert(name, known);
        Ok(Labelled::new(series, order))
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("stats", &self.stats()).finish()
    }
}
