//! A simulation is all that [`Runtime`](mtaio_runtime::Runtime) promises, in whatever order.

use std::future::Future;

use mtaio_runtime::conformance::{Capability, Erased, Host, Suite};
use mtaio_sim::{Explore, Sim};

/// One schedule, with what the scenario leaves behind.
struct Seed(u64);

impl Host for Seed {
    type Runtime = Sim;

    fn run<F: Future>(&self, body: impl FnOnce(Sim) -> F) -> F::Output {
        let run = Explore::new().allow_leaks().run_seed(self.0, body);
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

#[test]
fn schedules() {
    for seed in 0..20 {
        Suite::new().verify(Seed(seed));
    }
}

#[test]
fn schedules_erased() {
    for seed in 0..20 {
        Suite::new().verify(Erased(Seed(seed)));
    }
}
