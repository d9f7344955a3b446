//! Virtual time: what a timer costs that is made, pends, fires and wakes its task.

use std::time::Duration;

use mtaio_runtime::{Runtime, RuntimeExt};
use mtaio_sim::Explore;
use tokio::runtime::Builder;

use crate::harness::Aim::Gate;
use crate::harness::Bound::Nanos;
use crate::harness::{Bound, Contest, Operation, Outcome, Side, Unit, timed};

const GROUP: &str = "sim";

/// Tasks that sleep, one beside the other.
const TASKS: u64 = 100;

/// How often each of them does.
const SLEEPS: u64 = 1_000;

const EVENTS: u64 = TASKS * SLEEPS;

/// They come last: tokio's clock, once paused, is slower for the rest of the process.
///
/// madsim is no peer here, because it is one only where all of a program is compiled for it, with
/// `--cfg madsim`.
pub(super) fn contests() -> Vec<Contest> {
    vec![
        contest("timer-events", Explore::new(), Nanos(333.0)),
        contest("timer-events-recorded", Explore::new().record(), Nanos(1_000.0)),
    ]
}

/// Three million events a second are 333 ns each.
fn contest(name: &str, explore: Explore, bound: Bound) -> Contest {
    Contest::new(GROUP, name).items(EVENTS).ours(side(move || simulated(&explore))).peer(
        "tokio, clock paused",
        Gate(bound),
        side(on_tokio),
    )
}

/// A side of which one run is all the events.
fn side(run: impl Operation<Outcome>) -> Side {
    let mut runs = timed(run);
    Side::new(Unit::Nanos, move |events| runs.run(events.div_ceil(EVENTS)))
}

fn simulated(explore: &Explore) -> Outcome {
    explore.run_seed(1, async |rt| {
        let sleepers: Vec<_> = (0..TASKS).map(|task| rt.spawn(sleeper(rt.clone(), task))).collect();
        for sleeper in sleepers {
            sleeper.await?;
        }
        Ok(())
    })?
}

async fn sleeper<R: Runtime>(rt: R, task: u64) {
    for sleep in 0..SLEEPS {
        rt.sleep(length(task, sleep)).await;
    }
}

fn on_tokio() -> Outcome {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let sleepers: Vec<_> = (0..TASKS)
            .map(|task| {
                tokio::spawn(async move {
                    for sleep in 0..SLEEPS {
                        tokio::time::sleep(length(task, sleep)).await;
                    }
                })
            })
            .collect();
        for sleeper in sleepers {
            sleeper.await?;
        }
        Ok(())
    })
}

/// From 1 to 50 ms, so that a few tasks wake at once.
const fn length(task: u64, sleep: u64) -> Duration {
    Duration::from_millis(1 + (task * 7 + sleep * 13) % 50)
}
