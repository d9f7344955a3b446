use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::reading::{MonitorStats, Reading};
use crate::event::EventEmitter;
use crate::monitor::alert::{Alert, AlertState, Evaluator, Severity};
use crate::monitor::export::tracing::{self, Weight};
use crate::monitor::history::History;
use crate::monitor::registry::Registry;
use crate::monitor::system::SystemSource;
use crate::queue::Queue;

/// What a monitor and its tasks share.
pub(super) struct Shared<R> {
    pub(super) rt: R,
    pub(super) registry: Registry,
    pub(super) emitter: EventEmitter,
    pub(super) period: Duration,
    /// Not there while it is asked, nor where there is none.
    pub(super) source: Mutex<Option<Box<dyn SystemSource>>>,
    pub(super) state: Mutex<State>,
    /// The last look. Not in the state, which takes its time.
    pub(super) current: Mutex<Option<Arc<Reading>>>,
    /// What is to be told.
    pub(super) outbox: Queue<Alert>,
    pub(super) counts: Counts,
}

/// What looks change.
pub(super) struct State {
    pub(super) history: History,
    pub(super) evaluator: Evaluator,
}

#[derive(Default)]
pub(super) struct Counts {
    pub(super) looks: AtomicU64,
    pub(super) panics: AtomicU64,
    pub(super) failed: AtomicU64,
}

impl<R> Shared<R> {
    /// Puts an alert where it is handled from. It never waits.
    pub(super) fn tell(&self, alert: Alert) {
        let weight = match (alert.state, alert.severity) {
            (AlertState::Resolved, _) | (_, Severity::Info) => Weight::Info,
            (_, Severity::Warning) => Weight::Warning,
            (_, Severity::Critical) => Weight::Error,
        };
        tracing::alert(weight, &alert.name, alert.state.name(), &alert);
        // What makes room for it, and what comes when nobody will handle it, is dropped here; the
        // queue counts it.
        let _ = self.outbox.try_put(alert);
    }

    pub(super) fn stats(&self) -> MonitorStats {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let state = self.state.lock();
        MonitorStats {
            looks: count(&self.counts.looks),
            panics: count(&self.counts.panics),
            series: state.history.len(),
            refused: state.history.refused(),
            firing: state.evaluator.count_firing(),
            episodes: state.evaluator.episodes(),
            waiting: self.outbox.len(),
            dropped: self.outbox.dropped(),
            failed: count(&self.counts.failed),
        }
    }
}
