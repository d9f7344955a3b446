use std::sync::atomic::{AtomicU64, Ordering, fence};

/// Who may write to a cell at the same time.
pub(super) trait Writers {
    /// Sets `cell` to what `f` makes of it, and tells what it was.
    fn update(cell: &AtomicU64, f: impl Fn(u64) -> u64) -> u64;

    /// As `update`; who [`read`]s the outcome sees what was done before, too.
    #[inline]
    fn publish(cell: &AtomicU64, f: impl Fn(u64) -> u64) {
        fence(Ordering::Release);
        Self::update(cell, f);
    }
}

/// What is in a cell, and with it what was done before it was [published](Writers::publish).
#[inline]
pub(super) fn read(cell: &AtomicU64) -> u64 {
    cell.load(Ordering::Acquire)
}

/// This thread alone; others may read.
pub(super) struct One;

/// Any thread.
pub(super) struct Many;

impl Writers for One {
    #[inline]
    fn update(cell: &AtomicU64, f: impl Fn(u64) -> u64) -> u64 {
        let now = cell.load(Ordering::Relaxed);
        cell.store(f(now), Ordering::Relaxed);
        now
    }
}

impl Writers for Many {
    #[inline]
    fn update(cell: &AtomicU64, f: impl Fn(u64) -> u64) -> u64 {
        let mut now = cell.load(Ordering::Relaxed);
        while let Err(changed) =
            cell.compare_exchange_weak(now, f(now), Ordering::Relaxed, Ordering::Relaxed)
        {
            now = changed;
        }
        now
    }
}

/// On a cache line of its own, so that writing it disturbs nobody.
#[derive(Default)]
#[repr(align(64))]
pub(super) struct Line<T>(pub(super) T);
