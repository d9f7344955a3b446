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
        self.recent_at(self.rt.now(), total)
    }

    fn recent_at(&self, now: Instant, total: impl Fn() -> Distribution) -> Distribution {
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
        let mut total = total();
        total.shrink();
        past.push_back(Step { ended_at, total });
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use mtaio_sim::Sim;

    use super::*;

    /// A window of a minute, and what there is: as many values as are told.
    fn with_window(test: impl Fn(&Window, &Cell<u64>, &dyn Fn() -> Distribution)) {
        let rt = Sim::run(0, |rt| async move { DynRuntime::new(&rt) });
        let window = Window::new(&rt, Duration::from_secs(60));
        let count = Cell::new(0);
        let total = || {
            let mut total = Distribution::new();
            total.push(1, count.get());
            (total.min, total.max) = (0.0, 1.0);
            total
        };
        test(&window, &count, &total);
    }

    const fn at(secs: u64) -> Instant {
        Instant::from_nanos(secs * 1_000_000_000)
    }

    #[test]
    fn a_clock_that_goes_back_turns_nothing() {
        with_window(|window, count, total| {
            window.turn_at(at(1_000), total);
            count.set(5);
            for back in [999, 500, 0] {
                window.turn_at(at(back), total);
                assert_eq!(window.recent_at(at(back), total).count(), 5);
            }
            assert_eq!(window.past.lock().len(), 1);
            assert_eq!(window.recent_at(at(1_001), total).count(), 5);
            assert_eq!(window.recent_at(at(1_100), total).count(), 0);
        });
    }

    #[test]
    fn a_clock_that_leaps_takes_one_step() {
        with_window(|window, count, total| {
            count.set(3);
            window.turn_at(Instant::MAX, total);
            count.set(4);
            assert_eq!(window.recent_at(Instant::MAX, total).count(), 1);
            assert!(window.past.lock().len() <= 3);
        });
    }

    #[test]
    fn as_many_steps_are_kept_as_are_needed() {
        with_window(|window, count, total| {
            for second in 0..1_000 {
                window.turn_at(at(second), total);
                count.set(second + 1);
                let most = window.past.lock().len();
                assert!(most <= STEPS as usize + 2, "{most}");
                // One value a second.
                let recent = window.recent_at(at(second), total).count();
                assert!((60.min(second + 1)..=70).contains(&recent), "{recent}");
            }
        });
    }
}
