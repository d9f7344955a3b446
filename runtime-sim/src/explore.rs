use std::future::Future;
use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;
use std::thread;

use mtaio_runtime::TaskName;

use crate::drive::{self, Limits};
use crate::failure::{Failure, Replay};
use crate::shared::Shared;
use crate::{Sim, seeds};

/// Which schedules to run, and under which limits: what [`Sim::explore`] takes.
///
/// By default: the seeds 0 to 99, ten million polls each, no leaks.
///
/// # Examples
///
/// ```
/// use mtaio_sim::{Explore, Sim};
///
/// const THOROUGH: Explore = Explore::new().seeds(0..1_000).max_polls(10_000);
///
/// Sim::explore(THOROUGH, |_rt| async { /* the scenario */ });
/// ```
#[derive(Clone, Debug)]
#[must_use = "it explores nothing until it is given to `Sim::explore`"]
pub struct Explore {
    seeds: Range<u64>,
    limits: Limits,
}

impl Explore {
    /// The defaults.
    pub const fn new() -> Self {
        let limits = Limits { max_polls: 10_000_000, allow_leaks: false };
        Self { seeds: 0..100, limits }
    }

    /// The seeds to run, one schedule each. The environment's `MTAIO_SIM_SEEDS=k` makes them `k`
    /// times as many, and `MTAIO_SIM_SEED=n` runs the seed `n` in their place.
    ///
    /// # Panics
    ///
    /// If the range is empty: such a test would test nothing.
    pub const fn seeds(self, seeds: Range<u64>) -> Self {
        assert!(seeds.start < seeds.end, "`Explore::seeds` was given an empty range");
        Self { seeds, ..self }
    }

    /// How many times the tasks of one schedule may be polled, all together, before that is a
    /// [`Livelock`](crate::Diagnosis::Livelock).
    ///
    /// # Panics
    ///
    /// If it is 0.
    pub const fn max_polls(mut self, polls: u64) -> Self {
        assert!(polls > 0, "`Explore::max_polls` was given 0: nothing could run");
        self.limits.max_polls = polls;
        self
    }

    /// Ends a schedule as soon as the scenario is done, as a real runtime's `block_on` does: tasks
    /// and timers that are still alive are dropped, and are no [`Leak`](crate::Diagnosis::Leak).
    pub const fn allow_leaks(mut self) -> Self {
        self.limits.allow_leaks = true;
        self
    }

    /// One schedule, under the limits of this exploration: what the seeds are doesn't matter.
    ///
    /// # Errors
    ///
    /// What went wrong, as with [`Sim::try_run`].
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio_runtime::RuntimeExt;
    /// use mtaio_sim::Explore;
    ///
    /// let left = Explore::new().allow_leaks().run_seed(1, |rt| async move {
    ///     rt.spawn(std::future::pending::<()>()).detach();
    ///     "done"
    /// });
    /// assert!(matches!(left, Ok("done")));
    /// ```
    #[track_caller]
    pub fn run_seed<F: Future>(
        &self,
        seed: u64,
        f: impl FnOnce(Sim) -> F,
    ) -> Result<F::Output, Failure> {
        let name = TaskName::from(format!("root at {}", Location::caller()));
        let shared = Arc::new(Shared::new(seed));
        let mut output = None;
        let scenario = async { output = Some(f(Sim::new(&shared)).await) };
        let ended = drive::run(&shared, Box::pin(scenario), name, self.limits);
        match (ended, output) {
            (Ok(()), Some(output)) => Ok(output),
            (Err(finding), _) => Err(Failure::new(seed, finding)),
            (Ok(()), None) => unreachable!("a run without a finding ends by the root's output"),
        }
    }

    /// All the seeds, up to the first that fails.
    #[track_caller]
    pub(crate) fn run<F>(&self, f: impl Fn(Sim) -> F) -> Result<(), Failure>
    where
        F: Future<Output = ()>,
    {
        let seeds = match seeds::from_environment(&self.seeds) {
            Ok(seeds) => seeds,
            Err(malformed) => panic!("{malformed}"),
        };
        for seed in seeds {
            if let Err(failure) = self.run_seed(seed, &f) {
                return Err(failure.with_replay(replay()));
            }
        }
        Ok(())
    }
}

impl Default for Explore {
    fn default() -> Self {
        Self::new()
    }
}

/// The harness runs each test on a thread of that name. `main` is no test.
fn replay() -> Replay {
    let test = thread::current().name().filter(|&name| name != "main").map(str::to_owned);
    Replay { test }
}
