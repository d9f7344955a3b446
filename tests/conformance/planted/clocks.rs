//! Clocks that their timers do not follow, and entropy that repeats itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, ThreadId};
use std::time::{Duration, SystemTime};

use mtaio_runtime::{DynRuntime, Instant, Runtime};

use super::{Fault, found, found_on_tokio};

/// Shows the time of the last tick, and not that of its timers.
struct Lags;

impl Fault for Lags {
    fn now(&self, rt: &DynRuntime) -> Instant {
        rt.now() - Duration::from_millis(5)
    }
}

#[test]
fn a_clock_that_lags_its_timers() {
    for check in ["clock_agrees_with_the_timers", "sleep_by_the_thousand"] {
        found(Lags, check, "early");
        found_on_tokio(Lags, check, "early");
    }
}

/// Goes back by a moment, now and then.
#[derive(Default)]
struct GoesBack(AtomicU64);

impl Fault for GoesBack {
    fn now(&self, rt: &DynRuntime) -> Instant {
        let back = if self.0.fetch_add(1, Ordering::Relaxed) % 7 == 6 { 1 } else { 0 };
        rt.now() - Duration::from_millis(back)
    }
}

#[test]
fn a_clock_that_goes_back() {
    found(GoesBack::default(), "clock_is_monotonic", "after");
    found_on_tokio(GoesBack::default(), "clock_is_monotonic_across_threads", "after");
}

/// Stands still.
struct Stands;

impl Fault for Stands {
    fn now(&self, _: &DynRuntime) -> Instant {
        Instant::from_nanos(7)
    }
}

#[test]
fn a_clock_that_stands_still() {
    found(Stands, "clock_moves_as_sleeps_end", "0ns passed in a sleep of 2ms");
}

/// Each thread has a clock of its own, and they are three seconds apart.
#[derive(Default)]
struct OneAThread(OnceLock<ThreadId>);

impl Fault for OneAThread {
    fn now(&self, rt: &DynRuntime) -> Instant {
        let here = thread::current().id();
        let ahead = if *self.0.get_or_init(|| here) == here { 0 } else { 3 };
        rt.now() + Duration::from_secs(ahead)
    }
}

#[test]
fn a_clock_a_thread() {
    found(OneAThread::default(), "clock_is_one_for_all_handles", "after");
    found_on_tokio(OneAThread::default(), "clock_is_one_for_all_handles", "after");
}

/// Its time of day does not move.
struct StoppedWatch;

impl Fault for StoppedWatch {
    fn wall_clock(&self, _: &DynRuntime) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }
}

#[test]
fn a_time_of_day_that_stands_still() {
    found(StoppedWatch, "clock_of_the_wall_is_sane", "0ns passed in 40 ms");
}

/// Counts, from a seed of its own in each handle.
struct Counts {
    next: AtomicU64,
    step: u64,
    shared: bool,
}

impl Counts {
    const fn by(step: u64) -> Self {
        Self { next: AtomicU64::new(1), step, shared: true }
    }
}

impl Fault for Counts {
    fn entropy(&self, _: &DynRuntime) -> u64 {
        self.next.fetch_add(self.step, Ordering::Relaxed)
    }

    fn twin(&self) -> Option<Arc<dyn Fault>> {
        let next = AtomicU64::new(self.next.load(Ordering::Relaxed));
        let twin = Self { next, ..*self };
        (!self.shared).then(|| Arc::new(twin) as Arc<dyn Fault>)
    }
}

#[test]
fn entropy_that_is_a_constant() {
    found(Counts::by(0), "entropy_differs", "1 values in 500 draws");
}

#[test]
fn entropy_that_counts() {
    found(Counts::by(1), "entropy_has_64_bits", "these bits are never set");
}

#[test]
fn entropy_that_is_cloned_with_its_handle() {
    let own = || Counts { shared: false, ..Counts::by(0x9E37_79B9_7F4A_7C15) };
    found(own(), "entropy_is_one_for_all_handles", "values in");
    found(own(), "entropy_differs_between_threads", "values in");
}
