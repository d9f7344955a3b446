use std::sync::atomic::{AtomicU64, Ordering};

use super::stats::DistributedStats;

/// What was done, one atomic each.
#[derive(Default)]
pub(super) struct Counts {
    reads: AtomicU64,
    hits: AtomicU64,
    writes: AtomicU64,
    writes_missed: AtomicU64,
    short: AtomicU64,
    damaged: AtomicU64,
    repairs: AtomicU64,
    repairs_skipped: AtomicU64,
}

impl Counts {
    pub(super) fn read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn write(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn write_missed(&self) {
        self.writes_missed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn short(&self) {
        self.short.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn damaged(&self) {
        self.damaged.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn repaired(&self) {
        self.repairs.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn repair_skipped(&self) {
        self.repairs_skipped.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stats(&self, background: usize) -> DistributedStats {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        DistributedStats {
            reads: read(&self.reads),
            hits: read(&self.hits),
            writes: read(&self.writes),
            writes_missed: read(&self.writes_missed),
            quorums_missed: read(&self.short),
            damaged: read(&self.damaged),
            repairs: read(&self.repairs),
            repairs_skipped: read(&self.repairs_skipped),
            background,
        }
    }
}
