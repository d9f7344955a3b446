use std::sync::Arc;
use std::sync::atomic::Ordering;

use mtaio_runtime::{Runtime, RuntimeExt};

use super::reading::Reading;
use super::shared::{Shared, State};
use crate::contain::{contain, discard};
use crate::executor::CancellationToken;
use crate::monitor::alert::Moment;
use crate::monitor::collector::Collection;
use crate::monitor::registry::Snapshot;
use crate::monitor::system::{self, System};
use crate::time::{MissedTick, interval};

impl<R: Runtime> Shared<R> {
    /// Looks at each interval, until it is to stop.
    pub(super) async fn look(self: &Arc<Self>, stop: &CancellationToken) {
        self.state.lock().evaluator.forget_pending();
        // The builder has checked the period.
        let Ok(ticks) = interval(&self.rt, self.period) else { return };
        let mut ticks = ticks.missed(MissedTick::Skip);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let shared = Arc::clone(self);
            // When the runtime is gone there is no next tick either.
            let _ = self.rt.unblock(move || shared.look_once()).await;
        }
    }

    /// Looks, where that may block.
    fn look_once(&self) {
        let system = self.read_system();
        let mut metrics = self.registry.gather();
        let (at, wall_clock) = (self.rt.now(), self.rt.wall_clock());
        let before = self.current.lock().clone();
        let cpu_usage = before.and_then(|before| system::usage(&before.system, &system));
        add(&system, cpu_usage, &mut metrics);
        let reading = Arc::new(Reading { at, wall_clock, system, cpu_usage, metrics });
        let alerts = {
            let mut state = self.state.lock();
            let State { history, evaluator } = &mut *state;
            history.push(at, &reading.metrics);
            let moment = Moment { at, metrics: &reading.metrics, history, period: self.period };
            evaluator.evaluate(&moment, wall_clock)
        };
        let before = self.current.lock().replace(reading);
        drop(before);
        for alert in alerts {
            self.tell(alert);
        }
        self.counts.looks.fetch_add(1, Ordering::Relaxed);
    }

    /// Asks the source, which is taken out for that: it is foreign code, and there may be no lock.
    fn read_system(&self) -> System {
        let source = self.source.lock().take();
        let Some(mut source) = source else { return System::unsupported("nobody reads it") };
        let read = contain(|| source.read());
        *self.source.lock() = Some(source);
        read.unwrap_or_else(|panic| {
            self.counts.panics.fetch_add(1, Ordering::Relaxed);
            let why = format!("its source panicked: {}", panic.message());
            discard(panic);
            System::unsupported(why)
        })
    }
}

/// Adds the system to what the registry told, which goes first where both have a name.
fn add(system: &System, cpu_usage: Option<f64>, metrics: &mut Snapshot) {
    let mut collection = Collection::default();
    system::collect(system, cpu_usage, &mut collection);
    for (name, family) in collection.into_families() {
        let place = metrics.families.binary_search_by(|known| known.name.cmp(&name));
        if let Err(place) = place {
            metrics.families.insert(place, family);
        }
    }
}
