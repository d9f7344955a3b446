use std::sync::atomic::{AtomicU64, Ordering};

/// What a [`Bulk`](super::Bulk) has done so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkStats {
    /// How often the function was called.
    pub batches: u64,
    /// With how many inputs in all.
    pub inputs: u64,
    /// With how many at most.
    pub largest: u64,
}

impl BulkStats {
    /// With how many inputs on average; 0 if it never was.
    pub fn mean_size(&self) -> f64 {
        if self.batches == 0 { 0.0 } else { self.inputs as f64 / self.batches as f64 }
    }
}

#[derive(Default)]
pub(super) struct Counters {
    batches: AtomicU64,
    inputs: AtomicU64,
    largest: AtomicU64,
}

impl Counters {
    pub(super) fn count(&self, inputs: usize) {
        let inputs = inputs as u64;
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.inputs.fetch_add(inputs, Ordering::Relaxed);
        self.largest.fetch_max(inputs, Ordering::Relaxed);
    }

    pub(super) fn stats(&self) -> BulkStats {
        BulkStats {
            batches: self.batches.load(Ordering::Relaxed),
            inputs: self.inputs.load(Ordering::Relaxed),
            largest: self.largest.load(Ordering::Relaxed),
        }
    }
}
