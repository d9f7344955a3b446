use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Instant, Runtime};
use parking_lot::Mutex;

use super::distribution::Distribution;

/// A window moves in this many steps.
const STEPS: u32 = 6;

/// What a histogram remembers of its past, so that it can tell what came within a time: what it had
/// at the last few steps. All that it counts is the sum from its beginning; recent is what was not
/// there yet at the step before the window.
pub(super) struct Window {
    rt: DynRuntime,
    length: Duration,
    /// When the present step ends, in nanoseconds.
    ends_at: AtomicU64,
    past: Mutex<VecDeque<Step>>,
}

struct Step {
    /// What is in `total` came before this, the rest since.
    ended_at: Instant,
    total: Distribution,
}

impl Window {
    pub(super) fn new(rt: &DynRuntime, length: Duration) -> Self {
        let ends_at = rt.now().saturating_add(step(length)).as_nanos();
        let past = Mutex::new(VecDeque::new());
        Self { rt: rt.clone(), length, ends_at: AtomicU64::new(ends_at), past }
    }

    /// Ends the present step if its time is over; `total` tells what there is by now.
    #[inline]
    pub(super) fn turn(&self, total: impl Fn() -> Distribution) {
        self.turn_at(self.rt.now(), total);
    }

    #[inline]
    fn turn_at(&self, now: Instant, total: impl Fn() -> Distribution) {
        if now.as_nanos() >= self.ends_at.load(Ordering::Acquire) {
            self.step(now, &total);
        }
    }

    /// What of `total` came within the window.
    pub(super) fn recent(&self, total: impl Fn() -> Distribution) -> Distribution {
        let now = self.rt.now();
        self.turn_at(now, &total);
        let past = self.past.lock();
        let from = now.saturating_sub(self.length);
        let before = past.iter().rev().find(|step| step.ended_at <= from);
        // Under the lock, so that nothing is in the step that is not in what it is taken from.
        let total = total();
        before.map_or_else(|| total.clone(), |before| total.since(&before.total))
    }

    #[cold]
    fn step(&self, now: Instant, total: &dyn Fn() -> Distribution) {
        let mut past = self.past.lock();
        let ended_at = Instant::from_nanos(self.ends_at.load(Ordering::Relaxed));
        if now < ended_at {
            return;
        }
        past.push_back(Step { ended_at, total: total() });
        // Of those that are before the window, the last one is all that is needed.
        let from = now.saturating_sub(self.length);
        while past.get(1).is_some_and(|second| second.ended_at <= from) {
            past.pop_front();
        }
        let next = now.saturating_add(step(self.length)).as_nanos();
        self.ends_at.store(next, Ordering::Release);
    }
}

fn step(window: Duration) -> Duration {
    (window / STEPS).max(Duration::from_nanos(1))
}
