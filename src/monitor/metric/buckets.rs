use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::distribution::Distribution;
use super::scale::{self, LEAST, MOST, OCTAVES, PART};

type Octave = [AtomicU64; PART];

/// What a histogram counts. An octave takes memory when it has its first value.
pub(super) struct Buckets {
    octaves: [OnceLock<Box<Octave>>; OCTAVES],
    least: AtomicU64,
    beyond: AtomicU64,
    /// Floats by their bits; for those that are not negative these have the same order.
    sum: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
}

impl Buckets {
    pub(super) fn new() -> Self {
        Self {
            octaves: [const { OnceLock::new() }; OCTAVES],
            least: AtomicU64::new(0),
            beyond: AtomicU64::new(0),
            sum: AtomicU64::new(0),
            min: AtomicU64::new(f64::INFINITY.to_bits()),
            max: AtomicU64::new(0),
        }
    }

    /// Takes a value that is finite and not negative.
    #[inline]
    pub(super) fn record(&self, value: f64, times: u64) {
        let bucket = self.bucket(value);
        let add = |now: u64| Some(now.saturating_add(times));
        let _ = bucket.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        let add = |now: u64| Some((f64::from_bits(now) + value * times as f64).to_bits());
        let _ = self.sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        self.min.fetch_min(value.to_bits(), Ordering::Relaxed);
        self.max.fetch_max(value.to_bits(), Ordering::Relaxed);
    }

    #[inline]
    fn bucket(&self, value: f64) -> &AtomicU64 {
        if value > LEAST && value <= MOST {
            let (octave, part) = scale::locate(value);
            let octave =
                self.octaves[octave].get_or_init(|| Box::new([const { AtomicU64::new(0) }; PART]));
            &octave[part]
        } else if value > MOST {
            &self.beyond
        } else {
            &self.least
        }
    }

    /// What it has, added to `sum`.
    pub(super) fn read(&self) -> Distribution {
        let mut counts = Vec::new();
        let mut total = 0_u64;
        let mut push = |place, count: &AtomicU64| {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                total = total.saturating_add(count);
                counts.push((place, count));
            }
        };
        push(0, &self.least);
        for (number, octave) in self.octaves.iter().enumerate() {
            let Some(octave) = octave.get() else { continue };
            for (part, count) in octave.iter().enumerate() {
                push(scale::place(number, part), count);
            }
        }
        push(scale::BEYOND, &self.beyond);
        let float = |bits: &AtomicU64| f64::from_bits(bits.load(Ordering::Relaxed));
        Distribution {
            counts,
            count: total,
            sum: float(&self.sum),
            min: float(&self.min),
            max: float(&self.max),
        }
    }
}
