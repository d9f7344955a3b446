use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::RwLock;

use super::names::OVERFLOW;
use crate::monitor::labels::Labels;
use crate::monitor::metric::Metric;

/// How many series a family has at most, but for the one that takes what is beyond.
pub(super) const MOST_SERIES: usize = 1_000;

/// Makes the metric of a new series.
pub(super) type Make<M> = Box<dyn Fn() -> M + Send + Sync>;

/// The series of one name.
pub(super) struct Series<M> {
    /// The names of the labels, in order.
    pub(super) names: Box<[Arc<str>]>,
    pub(super) most: usize,
    pub(super) make: Make<M>,
    /// In the order of their labels.
    table: RwLock<Vec<(Labels, M)>>,
    overflow: OnceLock<(Labels, M)>,
    overflowed: AtomicU64,
}

impl<M: Metric> Series<M> {
    pub(super) fn new(names: Box<[Arc<str>]>, most: usize, make: Make<M>) -> Self {
        let (table, overflowed) = (RwLock::new(Vec::new()), AtomicU64::new(0));
        Self { names, most, make, table, overflow: OnceLock::new(), overflowed }
    }

    /// The metric of these values, which are in the order of the names.
    pub(super) fn get(&self, values: &[&str]) -> M {
        if let Ok(at) = find(&self.table.read(), values).map(|(_, metric)| metric.clone()) {
            return at;
        }
        let mut table = self.table.write();
        match find(&table, values) {
            Ok((_, metric)) => metric.clone(),
            Err(_) if table.len() >= self.most => {
                drop(table);
                self.overflowed.fetch_add(1, Ordering::Relaxed);
                self.overflow().1.clone()
            }
            Err(at) => {
                let pairs =
                    self.names.iter().cloned().zip(values.iter().map(|&value| value.into()));
                let metric = (self.make)();
                table.insert(at, (Labels::sorted(pairs.collect()), metric.clone()));
                metric
            }
        }
    }

    /// Takes a series out.
    pub(super) fn remove(&self, values: &[&str]) -> bool {
        let mut table = self.table.write();
        let at = table.binary_search_by(|(labels, _)| compare(labels, values));
        let removed = at.ok().map(|at| table.remove(at));
        drop(table);
        removed.is_some()
    }

    fn overflow(&self) -> &(Labels, M) {
        self.overflow.get_or_init(|| {
            let labels = vec![(Arc::from(OVERFLOW), Box::from("true"))];
            (Labels::sorted(labels), (self.make)())
        })
    }

    /// How often a series was asked for that is beyond the bound.
    pub(super) fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }

    pub(super) fn len(&self) -> usize {
        self.table.read().len() + usize::from(self.overflow.get().is_some())
    }

    pub(super) fn each(&self, mut f: impl FnMut(&Labels, &M)) {
        for (labels, metric) in self.table.read().iter().chain(self.overflow.get()) {
            f(labels, metric);
        }
    }
}

fn find<'a, M>(table: &'a [(Labels, M)], values: &[&str]) -> Result<&'a (Labels, M), usize> {
    table.binary_search_by(|(labels, _)| compare(labels, values)).map(|at| &table[at])
}

fn compare(labels: &Labels, values: &[&str]) -> std::cmp::Ordering {
    labels.pairs().iter().map(|(_, value)| &**value).cmp(values.iter().copied())
}

/// A family whose series differ in the values of `N` labels. Clones are handles of the same one.
pub struct Labelled<M, const N: usize> {
    pub(super) series: Arc<Series<M>>,
    /// Where among the values, as they are given, that of each name is.
    pub(super) order: [usize; N],
}

impl<M: Metric, const N: usize> Labelled<M, N> {
    /// The metric of these values, in the order in which the names of the labels were given.
    ///
    /// It is made when it is first asked for. Keep it where it is used often: it has to be looked for
    /// each time.
    pub fn with(&self, values: [&str; N]) -> M {
        self.series.get(&self.order.map(|at| values[at]))
    }

    /// Takes a series out of the family: it is not shown any more. Handles of it go on, unseen.
    pub fn remove(&self, values: [&str; N]) -> bool {
        self.series.remove(&self.order.map(|at| values[at]))
    }

    /// How often a series was asked for that is beyond the bound.
    pub fn overflowed(&self) -> u64 {
        self.series.overflowed()
    }
}

impl<M, const N: usize> Clone for Labelled<M, N> {
    fn clone(&self) -> Self {
        Self { series: Arc::clone(&self.series), order: self.order }
    }
}

impl<M: Metric, const N: usize> fmt::Debug for Labelled<M, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Labelled")
            .field("names", &self.series.names)
            .field("series", &self.series.len())
            .finish_non_exhaustive()
    }
}
