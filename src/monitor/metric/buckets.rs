use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cell::{Writers, read};
use super::distribution::Distribution;
use super::scale::{self, BEYOND, OCTAVES, PART};

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
        told.push(0, read(&self.least));
        for (number, octave) in self.octaves.iter().enumerate() {
            let Some(octave) = octave.get() else { continue };
            for (part, count) in octave.iter().enumerate() {
                told.push(scale::place(number, part), read(count));
            }
        }
        told.push(BEYOND, read(&self.beyond));
        // After the counts: all that they count is in these.
        let float = |bits: &AtomicU64| f64::from_bits(bits.load(Ordering::Relaxed));
        (told.sum, told.min, told.max) = (float(&self.sum), float(&self.min), float(&self.max));
        sum.merge_with(told);
    }
}
