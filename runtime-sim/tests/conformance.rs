//! A simulation is all that [`Runtime`](mtaio_runtime::Runtime) promises, in whatever order.

#![allow(clippy::expect_used, reason = "a test may fail")]

use std::env;
use std::future::Future;
use std::ops::Range;

use mtaio_runtime::conformance::{Capability, Erased, Host, Suite};
use mtaio_sim::{Explore, Sim};

/// One schedule, with what the scenario leaves behind.
struct Seed(u64);

impl Host for Seed {
    type Runtime = Sim;

    fn run<F: Future>(&self, body: impl FnOnce(Sim) -> F) -> F::Output {
        let run = Explore::new().allow_leaks().allow_foreign_wakes().run_seed(self.0, body);
        run.unwrap_or_else(|failure| panic!("{failure}"))
    }

    fn lacks(&self, capability: Capability) -> Option<&'static str> {
        match capability {
            Capability::ForeignWaits => Some("it does not wait for threads that it does not know"),
            Capability::ParallelJobs => Some("it has one thread, which runs the jobs too"),
            Capability::ContainedPanics => Some("a panic that nobody hears of is a finding"),
            _ => None,
        }
    }
}

/// Half a hundred, or as many times that as the environment says, as in explorations.
fn seeds() -> Range<u64> {
    let factor = env::var("MTAIO_SIM_SEEDS").map_or(1, |factor| factor.parse().expect("a number"));
    0..50 * factor
}

#[test]
fn schedules() {
    for seed in seeds() {
        Suite::new().verify(Seed(seed));
    }
}

#[test]
fn schedules_erased() {
    for seed in seeds() {
        Suite::new().verify(Erased(Seed(seed)));
    }
}
