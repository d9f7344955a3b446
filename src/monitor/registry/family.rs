use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::RwLock;

use super::names::OVERFLOW;
use super::table::Table;
use crate::config::ConfigError;
use crate::monitor::labels::Labels;

/// The series of one name.
pub(super) struct Series<M> {
    /// The names of the labels, in order.
    names: Names,
    most: usize,
    make: Box<dyn Fn() -> M + Send + Sync>,
    table: RwLock<Table<M>>,
    /// Takes what is beyond the bound.
    overflow: OnceLock<(Labels, M)>,
    overflowed: AtomicU64,
}

impl<M: Clone> Series<M> {
    pub(super) fn new(
        names: Names,
        most: usize,
        make: impl Fn() -> M + Send + Sync + 'static,
    ) -> Self {
        Self {
            names,
            most,
            make: Box::new(make),
            table: RwLock::new(Table::new()),
            overflow: OnceLock::new(),
            overflowed: AtomicU64::new(0),
        }
    }

    pub(super) const fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// The metric of these values, which are in the order of the names.
    fn get<const N: usize>(&self, values: [&str; N]) -> M {
        let table = self.table.read();
        match table.find(&values) {
            Some(metric) => return metric.clone(),
            None if table.len() >= self.most => {
                drop(table);
                return self.beyond();
            }
            None => drop(table),
        }
        // Without the lock, as a window asks the clock.
        let metric = (self.make)();
        let mut table = self.table.write();
        match table.find(&values) {
            Some(metric) => metric.clone(),
            None if table.len() >= self.most => {
                drop(table);
                self.beyond()
            }
            None => {
                let pairs = self.names.iter().cloned().zip(values.map(Box::from));
                table.insert(Labels::sorted(pairs.collect()), &metric);
                metric
            }
        }
    }

    fn beyond(&self) -> M {
        self.overflowed.fetch_add(1, Ordering::Relaxed);
        let overflow = self.overflow.get_or_init(|| {
            let labels = vec![(Arc::from(OVERFLOW), Box::from("true"))];
            (Labels::sorted(labels), (self.make)())
        });
        overflow.1.clone()
    }

    fn remove<const N: usize>(&self, values: [&str; N]) -> bool {
        let mut table = self.table.write();
        let removed = table.remove(&values);
        drop(table);
        removed.is_some()
    }

    pub(super) fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }

    pub(super) fn len(&self) -> usize {
        self.table.read().len() + usize::from(self.overflow.get().is_some())
    }

    /// Shows each series, in the order of their labels, the one that is beyond them last.
    pub(super) fn each(&self, mut show: impl FnMut(&Labels, &M)) {
        for (labels, metric) in self.table.read().in_order().chain(self.overflow.get()) {
            show(labels, metric);
        }
    }
}

/// A family whose series differ in the values of `N` labels. Clones are handles of the same one.
///
/// Any text may be a value. How many series there are is
/// [bounded](super::Registry::with_max_series): whoever asks for one more is given the series
/// `{overflow="true"}`, which all of those share, so that nothing is lost from the sum, and the memory
/// stays what it is.
///
/// # Examples
///
/// ```
/// use mtaio::monitor::Registry;
///
/// let registry = Registry::with_max_series(2)?;
/// let hits = registry.counters("hits_total", "Hits of a page.", ["page"])?;
/// for page in ["/", "/users", "/c9a1", "/c9a2", "/"] {
///     hits.with([page]).inc();
/// }
///
/// let text = registry.render();
/// assert!(text.contains("hits_total{page=\"/\"} 2\n"));
/// assert!(text.contains("hits_total{overflow=\"true\"} 2\n"));
/// assert_eq!(hits.overflowed(), 2);
/// # Ok::<(), mtaio::ConfigError>(())
/// ```
pub struct Labelled<M, const N: usize> {
    series: Arc<Series<M>>,
    /// Where among the values, as they are given, that of each name is.
    order: [usize; N],
}

impl<M: Clone, const N: usize> Labelled<M, N> {
    pub(super) const fn new(series: Arc<Series<M>>, order: [usize; N]) -> Self {
        Self { series, order }
    }

    /// The metric of these values, in the order in which the names of the labels were given.
    ///
    /// It is made when it is first asked for. To look for it takes a lock and a hash: where it is used
    /// often, keep it.
    pub fn with(&self, values: [&str; N]) -> M {
        self.series.get(self.order.map(|at| values[at]))
    }

    /// Takes a series out of the family, and tells whether it was there. Handles of it go on, unseen.
    pub fn remove(&self, values: [&str; N]) -> bool {
        self.series.remove(self.order.map(|at| values[at]))
    }

    /// How many series there are, with the one of those that are beyond the bound.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there is no series.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How often a series was asked for that is beyond the bound.
    pub fn overflowed(&self) -> u64 {
        self.series.overflowed()
    }
}

/// The names of labels in their order.
pub(super) type Names = Box<[Arc<str>]>;

/// The names of labels in their order, and where each of them was.
pub(super) fn in_order<const N: usize>(
    labels: [&str; N],
) -> Result<(Names, [usize; N]), ConfigError> {
    for name in labels {
        super::names::check_label(name)?;
    }
    let mut order = std::array::from_fn(|at| at);
    order.sort_by_key(|&at: &usize| labels[at]);
    let names: Names = order.iter().map(|&at| Arc::from(labels[at])).collect();
    match names.windows(2).find(|two| two[0] == two[1]) {
        Some(twice) => Err(super::names::label_twice(&twice[0])),
        None => Ok((names, order)),
    }
}

impl<M, const N: usize> Clone for Labelled<M, N> {
    fn clone(&self) -> Self {
        Self { series: Arc::clone(&self.series), order: self.order }
    }
}

impl<M: Clone, const N: usize> fmt::Debug for Labelled<M, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Labelled")
            .field("names", &self.series.names)
            .field("series", &self.series.len())
            .finish_non_exhaustive()
    }
}
