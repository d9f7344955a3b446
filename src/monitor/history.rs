//! The last values of each series, in memory that is bounded.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use mtaio_runtime::Instant;

use super::labels::Labels;
use super::registry::{Snapshot, Value};

/// The values of one series over some time.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Series {
    /// What tells it from the other series of its name.
    pub labels: Labels,
    /// Its values, the oldest first.
    pub points: Vec<Point>,
}

/// A value at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// When it was taken.
    pub at: Instant,
    /// What it was.
    pub value: f64,
}

/// As many values of as many series as there is room for: 8 bytes a value, and the times once for all
/// of them.
pub(super) struct History {
    times: VecDeque<Instant>,
    /// How many times there were before those.
    first: u64,
    points: usize,
    most_series: usize,
    families: BTreeMap<Arc<str>, Vec<(Labels, Values)>>,
    series: usize,
    refused: u64,
}

/// The values of a series, one a time; there may be none of the last times.
struct Values {
    /// The number of the time of the first value.
    first: u64,
    values: VecDeque<f64>,
}

/// Stands for a value that is not there: the NaN that Prometheus has for it.
const MISSING: u64 = 0x7ff0_0000_0000_0002;

impl History {
    pub(super) const fn new(points: usize, most_series: usize) -> Self {
        Self {
            times: VecDeque::new(),
            first: 0,
            points,
            most_series,
            families: BTreeMap::new(),
            series: 0,
            refused: 0,
        }
    }

    /// Takes all values of a moment, which is not before the last one.
    pub(super) fn push(&mut self, at: Instant, metrics: &Snapshot) {
        self.times.push_back(at);
        if self.times.len() > self.points {
            self.times.pop_front();
            self.first += 1;
        }
        let now = self.first + self.times.len() as u64 - 1;
        for family in &metrics.families {
            let is_histogram = matches!(
                family.samples.first().map(|sample| &sample.value),
                Some(Value::Histogram(_))
            );
            for part in if is_histogram { &["_count", "_sum"][..] } else { &[""] } {
                let name = match *part {
                    "" => Arc::clone(&family.name),
                    part => format!("{}{part}", family.name).into(),
                };
                let values = family.samples.iter().filter_map(|sample| {
                    let value = scalar(&sample.value, part.trim_start_matches('_'))?;
                    Some((&sample.labels, value))
                });
                self.push_family(now, name, values);
            }
        }
        self.evict();
    }

    fn push_family<'a>(
        &mut self,
        now: u64,
        name: Arc<str>,
        values: impl Iterator<Item = (&'a Labels, f64)>,
    ) {
        let known = self.families.entry(name).or_default();
        // They come in the order in which they are kept, mostly: the next one is where it is looked
        // for first.
        let mut next = 0;
        for (labels, value) in values {
            let place = match known.get(next) {
                Some((found, _)) if found == labels => Ok(next),
                _ => known.binary_search_by(|(found, _)| found.cmp(labels)),
            };
            let place = match place {
                Ok(place) => place,
                Err(_) if self.series >= self.most_series => {
                    self.refused += 1;
                    continue;
                }
                Err(place) => {
                    self.series += 1;
                    let values = Values { first: now, values: VecDeque::new() };
                    known.insert(place, (labels.clone(), values));
                    place
                }
            };
            known[place].1.push(now, value, self.points);
            next = place + 1;
        }
    }

    /// Lets go of what is older than the oldest time.
    fn evict(&mut self) {
        let (first, mut series) = (self.first, 0);
        self.families.retain(|_, known| {
            known.retain_mut(|(_, values)| values.evict(first));
            series += known.len();
            !known.is_empty()
        });
        self.series = series;
    }

    /// The values of each series of a name from a time on.
    pub(super) fn each<'a>(
        &'a self,
        name: &str,
        from: Instant,
        mut f: impl FnMut(&'a Labels, &mut dyn Iterator<Item = (Instant, f64)>),
    ) {
        let begin = self.first + self.times.partition_point(|time| *time < from) as u64;
        for (labels, values) in self.families.get(name).into_iter().flatten() {
            let skip = begin.saturating_sub(values.first);
            let before = values.first.saturating_sub(self.first);
            let (skip, before) = (to_place(skip), to_place(before));
            let times = self.times.iter().skip(before);
            let points = times.zip(&values.values).skip(skip);
            let mut points =
                points.map(|(at, value)| (*at, *value)).filter(|(_, value)| !is_missing(*value));
            f(labels, &mut points);
        }
    }

    /// The series of a name over a range of time; those that have no value there are left out.
    pub(super) fn series(&self, name: &str, range: impl RangeBounds<Instant>) -> Vec<Series> {
        let from = match range.start_bound() {
            Bound::Included(from) | Bound::Excluded(from) => *from,
            Bound::Unbounded => Instant::ZERO,
        };
        let mut found = Vec::new();
        self.each(name, from, |labels, points| {
            let within = points.filter(|(at, _)| range.contains(at));
            let points: Vec<_> = within.map(|(at, value)| Point { at, value }).collect();
            if !points.is_empty() {
                found.push(Series { labels: labels.clone(), points });
            }
        });
        found
    }

    /// How many series there are.
    pub(super) const fn len(&self) -> usize {
        self.series
    }

    /// How many values had no room.
    pub(super) const fn refused(&self) -> u64 {
        self.refused
    }
}

impl Values {
    fn push(&mut self, now: u64, value: f64, most: usize) {
        let next = self.first + self.values.len() as u64;
        if next > now {
            // A collector may tell a series twice.
            if let Some(last) = self.values.back_mut() {
                *last = value;
            }
            return;
        }
        let behind = to_place(now - next);
        let missing = f64::from_bits(MISSING);
        for value in std::iter::repeat_n(missing, behind.min(most)).chain([value]) {
            if self.values.len() == self.values.capacity() {
                // Not to grow beyond what there will ever be.
                let more = self.values.len().clamp(4, most.max(4));
                self.values
                    .reserve_exact(more.min((most + 1).saturating_sub(self.values.len()).max(1)));
            }
            self.values.push_back(value);
        }
    }

    /// Lets go of the values before `first`, and answers whether any is left.
    fn evict(&mut self, first: u64) -> bool {
        while self.first < first && self.values.pop_front().is_some() {
            self.first += 1;
        }
        !self.values.is_empty()
    }
}

/// The number of a value, or of the `part` of a histogram that has this name.
pub(super) fn scalar(value: &Value, part: &str) -> Option<f64> {
    match (value, part) {
        (Value::Histogram(histogram), "count") => Some(histogram.total.count() as f64),
        (Value::Histogram(histogram), "sum") => Some(histogram.total.sum()),
        (Value::Histogram(_), _) => None,
        (value, "") => Some(value.as_f64()),
        _ => None,
    }
}

const fn is_missing(value: f64) -> bool {
    value.to_bits() == MISSING
}

/// It is bounded by the values there are, which are in memory.
fn to_place(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
