use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cell::{Writers, read};
use super::distribution::Distribution;
use super::scale::{self, BEYOND, OCTAVES, PART, Place};

type Octave = [AtomicU64; PART];

/// What a histogram counts. An octave takes its 512 bytes when it has its first value.
///
/// There is no count of all: it is the sum of the buckets, so that the two never differ.
pub(super) struct Buckets {
    octaves: [OnceLock<Box<Octave>>; OCTAVES],
    least: AtomicU64,
    beyond: AtomicU64,
    /// Floats by their bits; for those that are not negative these have the same order.
    sum: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
}

impl Default for Buckets {
    fn default() -> Self {
        Self {
            octaves: [const { OnceLock::new() }; OCTAVES],
            least: AtomicU64::new(0),
            beyond: AtomicU64::new(0),
            sum: AtomicU64::new(0),
            min: AtomicU64::new(f64::INFINITY.to_bits()),
            max: AtomicU64::new(0),
        }
    }
}

impl Buckets {
    /// Takes a value, that is finite and not negative, as often as it is said.
    #[inline]
    pub(super) fn record<W: Writers>(&self, value: f64, times: u64) {
        let bits = value.to_bits();
        W::update(&self.sum, |sum| (f64::from_bits(sum) + value * times as f64).to_bits());
        if bits < self.min.load(Ordering::Relaxed) {
            W::update(&self.min, |min| min.min(bits));
        }
        if bits > self.max.load(Ordering::Relaxed) {
            W::update(&self.max, |max| max.max(bits));
        }
        // Last, so that what is counted is in all others.
        W::publish(self.bucket(value), |count| count.saturating_add(times));
    }

    #[inline]
    fn bucket(&self, value: f64) -> &AtomicU64 {
        match scale::locate(value) {
            Some((octave, part)) => &self.octave(octave)[part],
            None if value > scale::MOST => &self.beyond,
            None => &self.least,
        }
    }

    #[inline]
    fn octave(&self, number: usize) -> &Octave {
        let octave = &self.octaves[number];
        octave.get_or_init(|| Box::new([const { AtomicU64::new(0) }; PART]))
    }

    /// Adds what it has to `sum`.
    pub(super) fn add_to(&self, sum: &mut Distribution) {
        let mut told = Distribution::new();
        self.each(|place, count| told.push(place, count));
        // After the counts: all that they count is in these.
        let float = |bits: &AtomicU64| f64::from_bits(bits.load(Ordering::Relaxed));
        (told.sum, told.min, told.max) = (float(&self.sum), float(&self.min), float(&self.max));
        sum.merge_with(told);
    }

    /// Adds to each of `counts` what is up to its bound and beyond the one before, to the last of them
    /// what is beyond all; gives the sum.
    pub(super) fn count_by(&self, bounds: &[f64], counts: &mut [u64]) -> f64 {
        let mut bounds = bounds.iter().map(|bound| scale::place_of(*bound)).chain([BEYOND]);
        let mut counts = counts.iter_mut();
        let (mut last, mut sum) = (bounds.next(), counts.next());
        self.each(|place, count| {
            while last.is_some_and(|last| place > last) {
                (last, sum) = (bounds.next(), counts.next());
            }
            if let Some(sum) = &mut sum {
                **sum = sum.saturating_add(count);
            }
        });
        f64::from_bits(self.sum.load(Ordering::Relaxed))
    }

    /// Shows the places that have values, in order.
    fn each(&self, mut show: impl FnMut(Place, u64)) {
        let mut show = |place, count: &AtomicU64| {
            let count = read(count);
            if count > 0 {
                show(place, count);
            }
        };
        show(0, &self.least);
        for (number, octave) in self.octaves.iter().enumerate() {
            let Some(octave) = octave.get() else { continue };
            for (part, count) in octave.iter().enumerate() {
                show(scale::place(number, part), count);
            }
        }
        show(BEYOND, &self.beyond);
    }
}
