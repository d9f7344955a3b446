//! The same under all that the simulator can do.

use std::time::Duration;

use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::{Cancel, Explore, Faults, Schedule, Sim};

use super::Case;

/// The task that is dropped is called so.
const WORKER: &str = "worker";

const FAULTS: Faults = Faults::new().spurious_polls(0.1).late_timers(Duration::from_millis(3));

/// Several runs side by side, in tasks of their own, with closings that hang.
async fn side_by_side(rt: Sim) {
    let mut cases = Vec::new();
    for _ in 0..3 {
        let (case, scope) = Case::new(&rt, rt.entropy(), Some(Duration::from_millis(20)));
        let task = rt.spawn_named(WORKER, case.work(&rt, scope));
        cases.push((case, task));
    }
    for (case, task) in cases {
        let outcome = task.await.ok();
        case.settle(&rt, outcome, "timed out").await;
    }
}

#[test]
fn in_any_order() {
    Sim::explore(Explore::new().seeds(0..1_000), side_by_side);
    Sim::explore(Explore::new().seeds(0..300).policy(Schedule::Pct(3)), side_by_side);
    Sim::explore(Explore::new().seeds(0..300).policy(Schedule::Fifo), side_by_side);
}

#[test]
fn with_faults() {
    Sim::explore(Explore::new().seeds(0..1_000).faults(FAULTS), side_by_side);
    let patient = Explore::new().seeds(0..300).faults(FAULTS).rescue_before_time();
    Sim::explore(patient.policy(Schedule::Pct(2)), side_by_side);
}

#[test]
fn dropped_wherever_it_can_be() {
    let cancel = Cancel::AtEveryAwait(WORKER);
    Sim::explore(Explore::new().seeds(0..100).cancel(cancel), side_by_side);
    let faulty = Explore::new().seeds(0..50).cancel(cancel).faults(FAULTS);
    Sim::explore(faulty.policy(Schedule::Pct(2)), side_by_side);
    Sim::explore(Explore::new().seeds(0..20).cancel(cancel).rescue_before_time(), side_by_side);
}
