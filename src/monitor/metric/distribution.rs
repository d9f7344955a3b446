use std::mem;

use super::scale::{self, Place};

/// Many values, told by how many lie in which bucket.
///
/// Each power of two has 64 buckets, so that a percentile is within 1 % of the value that an exact
/// sort would give; also after a merge, which adds bucket to bucket. That holds for values from 2^-32
/// (0.23 ns, in seconds) to 2^48 (256 TiB, in bytes); what is smaller counts as 0, what is larger as
/// the largest.
///
/// Only buckets that have values take memory: 16 bytes each, 82 KB at the very most.
///
/// # Examples
///
/// ```
/// use mtaio::monitor::{Histogram, HistogramOptions};
///
/// let [one, other] = [0, 500].map(|first| {
///     let histogram = Histogram::new(&HistogramOptions::new()).unwrap();
///     (first..first + 500).for_each(|value| histogram.record(f64::from(value)));
///     histogram.total()
/// });
/// let mut both = one;
/// both.merge(&other);
///
/// assert_eq!((both.count(), both.sum()), (1_000, 499_500.0));
/// let p99 = both.percentile(99.0).unwrap();
/// assert!((p99 - 989.0).abs() < 9.89);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    pub(super) counts: Vec<(Place, u64)>,
    pub(super) count: u64,
    pub(super) sum: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Distribution {
    /// No values.
    pub const fn new() -> Self {
        Self { counts: Vec::new(), count: 0, sum: 0.0, min: f64::INFINITY, max: 0.0 }
    }

    /// How many values there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What they add up to.
    pub const fn sum(&self) -> f64 {
        self.sum
    }

    /// Their average; `None` without values.
    pub fn mean(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.sum / self.count as f64)
    }

    /// The least of them; `None` without values.
    pub fn min(&self) -> Option<f64> {
        (!self.is_empty()).then_some(self.min)
    }

    /// The largest of them; `None` without values.
    pub fn max(&self) -> Option<f64> {
        (!self.is_empty()).then_some(self.max)
    }

    /// The least value that `percent` of the values are not above, by the nearest rank; `None`
    /// without values.
    ///
    /// 0 and less is the least of all, 100 and more the largest; a NaN gives `None`.
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        if self.is_empty() || percent.is_nan() {
            return None;
        }
        // Not `percent / 100.0 * count`: 99.9 percent of 1000 would be more than 999.
        let rank =
            (percent * self.count as f64 / 100.0).ceil().clamp(1.0, self.count as f64) as u64;
        if percent <= 0.0 {
            return Some(self.min);
        }
        if rank >= self.count {
            return Some(self.max);
        }
        let mut seen = 0_u64;
        for &(place, count) in &self.counts {
            seen = seen.saturating_add(count);
            if seen >= rank {
                return Some(self.within(scale::middle(place)));
            }
        }
        Some(self.max)
    }

    /// Adds the values of another one.
    pub fn merge(&mut self, other: &Self) {
        self.merge_with(other.clone());
    }

    pub(super) fn merge_with(&mut self, mut other: Self) {
        if self.counts.is_empty() {
            mem::swap(&mut self.counts, &mut other.counts);
        } else if !other.counts.is_empty() {
            self.counts.append(&mut other.counts);
            // Two runs that are in order: one pass.
            self.counts.sort_by_key(|(place, _)| *place);
            self.counts.dedup_by(|next, kept| {
                let is_same = next.0 == kept.0;
                if is_same {
                    kept.1 = kept.1.saturating_add(next.1);
                }
                is_same
            });
        }
        self.count = self.count.saturating_add(other.count);
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// What is nearest to `value` and not beyond the least and the largest.
    const fn within(&self, value: f64) -> f64 {
        value.max(self.min).min(self.max)
    }

    /// Gives up the memory that it doesn't need, as it is going to be kept.
    pub(super) fn shrink(&mut self) {
        self.counts.shrink_to_fit();
    }

    /// Appends values of a place that is after all others.
    pub(super) fn push(&mut self, place: Place, count: u64) {
        if count > 0 {
            self.counts.push((place, count));
            self.count = self.count.saturating_add(count);
        }
    }

    /// What came since `earlier`, which was read of the same values. Its least and its largest are
    /// those of their buckets, as nobody knows better.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let mut recent = Self { sum: (self.sum - earlier.sum).max(0.0), ..Self::new() };
        let mut before = earlier.counts.iter().peekable();
        for &(place, count) in &self.counts {
            let had = before.next_if(|(earlier, _)| *earlier == place).map_or(0, |(_, had)| *had);
            recent.push(place, count.saturating_sub(had));
        }
        if let (Some((first, _)), Some((last, _))) = (recent.counts.first(), recent.counts.last()) {
            recent.min = self.within(scale::middle(*first));
            recent.max = self.within(scale::middle(*last));
        }
        recent
    }

    /// How many of the values are not above each of `bounds`, which are upper edges of buckets, in
    /// order; then how many there are.
    pub(in crate::monitor) fn up_to(&self, bounds: &[f64]) -> Vec<u64> {
        let mut counts = self.counts.iter().peekable();
        let mut below = 0_u64;
        let places = bounds.iter().map(|bound| scale::place_of(*bound)).chain([scale::BEYOND]);
        let up_to = places.map(|last| {
            while let Some((_, count)) = counts.next_if(|(place, _)| *place <= last) {
                below = below.saturating_add(*count);
            }
            below
        });
        up_to.collect()
    }
}

impl Default for Distribution {
    fn default() -> Self {
        Self::new()
    }
}
