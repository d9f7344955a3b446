//! What holds a part against a model under everything that the simulator can do to it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mtaio::JoinError;
use mtaio_sim::{Cancel, Explore, Faults, Schedule, Sim};

/// The task that is dropped is called so.
pub const WORKER: &str = "worker";

pub const FAULTS: Faults = Faults::new().spurious_polls(0.1).late_timers(ms(3));

pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Runs the scenario in many orders, with faults and without, and with its worker dropped wherever
/// it can be.
#[track_caller]
pub fn survives<F: Future<Output = ()>>(scenario: impl Fn(Sim) -> F) {
    let limited = || Explore::new().max_polls(50_000);
    let cancel = Cancel::AtEveryAwait(WORKER);
    for explore in [
        limited().seeds(0..100),
        limited().seeds(0..100).policy(Schedule::Pct(3)).faults(FAULTS),
        limited().seeds(0..100).faults(FAULTS).rescue_before_time(),
        limited().seeds(0..20).cancel(cancel),
        limited().seeds(0..20).policy(Schedule::Pct(2)).cancel(cancel).faults(FAULTS),
        limited().seeds(0..5).policy(Schedule::Lifo).cancel(cancel).rescue_before_time(),
    ] {
        Sim::explore(explore, &scenario);
    }
}

/// A worker may have been dropped, but what it asserts must hold.
#[track_caller]
pub fn done_or_dropped<T>(answer: Result<T, JoinError>) -> Option<T> {
    match answer {
        Ok(value) => Some(value),
        Err(JoinError::RuntimeGone) => None,
        Err(other) => panic!("{other}"),
    }
}

/// Counts who is alive, and remembers the most there were.
#[derive(Clone, Debug, Default)]
pub struct Census(Arc<(AtomicUsize, AtomicUsize)>);

#[derive(Debug)]
pub struct Alive(Census);

impl Census {
    pub fn enter(&self) -> Alive {
        let now = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.1.fetch_max(now, Ordering::SeqCst);
        Alive(self.clone())
    }

    pub fn now(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }

    pub fn most(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}
