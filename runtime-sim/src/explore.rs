use std::future::Future;
use std::ops::Range;
use std::panic::Location;
use std::time::Duration;

use mtaio_runtime::{Instant, TaskName};

use crate::choice::Choices;
use crate::search::{Once, Search};
use crate::settings::Settings;
use crate::{Cancel, Explored, Failure, Faults, Replay, Report, Schedule, Sim};

/// Which schedules to run, and under which conditions: what [`Sim::explore`] takes.
///
/// By default: the seeds 0 to 99, tasks picked at random, no faults, ten million polls each, no
/// leaks.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio_sim::{Explore, Faults, Sim};
///
/// const THOROUGH: Explore = Explore::new()
///     .seeds(0..1_000)
///     .faults(Faults::new().spurious_polls(0.1).late_timers(Duration::from_millis(5)))
///     .max_polls(10_000);
///
/// let explored = Sim::explore(THOROUGH, |_rt| async { /* the scenario */ });
/// assert!(explored.runs() >= 1_000);
/// ```
#[derive(Clone, Debug)]
#[must_use = "it explores nothing until it is given to `Sim::explore`"]
pub struct Explore {
    pub(crate) seeds: Range<u64>,
    pub(crate) settings: Settings,
    pub(crate) cancel: Option<Cancel>,
    pub(crate) run_twice: u64,
    record: bool,
}

impl Explore {
    /// The defaults.
    pub const fn new() -> Self {
        let settings = Settings::new();
        Self { seeds: 0..100, settings, cancel: None, run_twice: 10, record: false }
    }

    /// The seeds to run, one schedule each. The environment's `MTAIO_SIM_SEEDS=k` makes them `k`
    /// times as many, `MTAIO_SIM_SEED=n` runs the seed `n` in their place, and
    /// `MTAIO_SIM_REPLAY=..` a [`Replay`].
    ///
    /// # Panics
    ///
    /// If the range is empty: such a test would test nothing.
    pub const fn seeds(self, seeds: Range<u64>) -> Self {
        assert!(seeds.start < seeds.end, "`Explore::seeds` was given an empty range");
        Self { seeds, ..self }
    }

    /// In which order tasks run that could run at the same time.
    ///
    /// # Panics
    ///
    /// If it is [`Schedule::Pct`] with a depth that is not from 1 to 64.
    pub const fn policy(mut self, schedule: Schedule) -> Self {
        if let Schedule::Pct(depth) = schedule {
            assert!(
                1 <= depth && depth <= 64,
                "`Schedule::Pct` was not given a depth from 1 to 64"
            );
        }
        self.settings.schedule = schedule;
        self
    }

    /// What goes wrong that may go wrong anywhere.
    pub const fn faults(mut self, faults: Faults) -> Self {
        self.settings.faults = faults;
        self
    }

    /// Runs each seed once more for each point at which a task can be dropped, and drops it there.
    pub const fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// How many times the tasks of one schedule may be polled, all together, before that is a
    /// [`Livelock`](crate::Diagnosis::Livelock).
    ///
    /// # Panics
    ///
    /// If it is 0.
    pub const fn max_polls(mut self, polls: u64) -> Self {
        assert!(polls > 0, "`Explore::max_polls` was given 0: nothing could run");
        self.settings.max_polls = polls;
        self
    }

    /// How much virtual time one schedule may take before that is a
    /// [`Livelock`](crate::Diagnosis::Livelock). By default any.
    ///
    /// # Panics
    ///
    /// If it is zero.
    pub const fn max_time(mut self, time: Duration) -> Self {
        let nanos = time.as_nanos();
        assert!(nanos > 0, "`Explore::max_time` was given zero: no timer could fire");
        let most = u64::MAX as u128;
        self.settings.max_time =
            Instant::from_nanos(if nanos < most { nanos as u64 } else { u64::MAX });
        self
    }

    /// Looks for lost wakeups not only when everything stands still, but before each advance of
    /// time: also those that a timer hides sooner or later, such as a retry after a timeout.
    ///
    /// All tasks are polled each time, which makes a run up to twice as long.
    pub const fn rescue_before_time(mut self) -> Self {
        self.settings.rescue_before_time = true;
        self
    }

    /// Runs the first seed, and each `every`-th after it, a second time, to see that it does the
    /// same: see [`Nondeterminism`](crate::Diagnosis::Nondeterminism). By default every tenth; 1
    /// is all of them.
    ///
    /// # Panics
    ///
    /// If it is 0.
    pub const fn run_twice(mut self, every: u64) -> Self {
        assert!(every > 0, "`Explore::run_twice` was given 0: 1 is every seed");
        self.run_twice = every;
        self
    }

    /// Ends a schedule as soon as the scenario is done, as a real runtime's `block_on` does: tasks
    /// and timers that are still alive are dropped, and are no [`Leak`](crate::Diagnosis::Leak).
    pub const fn allow_leaks(mut self) -> Self {
        self.settings.allow_leaks = true;
        self
    }

    /// Lets other threads wake tasks, which is [`Nondeterminism`](crate::Diagnosis::Nondeterminism)
    /// otherwise. No seed is run twice then. It is for scenarios in which a poll waits for the
    /// thread, as by `join`.
    pub const fn allow_foreign_wakes(mut self) -> Self {
        self.settings.allow_foreign_wakes = true;
        self
    }

    /// Lets each waker of a task wake it, not only the one of its last poll: for foreign futures
    /// that know that they are never moved to another task. See
    /// [`StaleWaker`](crate::Diagnosis::StaleWaker).
    pub const fn allow_stale_wakers(mut self) -> Self {
        self.settings.allow_stale_wakers = true;
        self
    }

    /// Keeps the choices of a run for its [`Report`]. (Those of a seed that fails are kept
    /// anyway.)
    pub const fn record(mut self) -> Self {
        self.record = true;
        self
    }

    /// One schedule, under the conditions of this exploration but for its cancellations: what the
    /// seeds are doesn't matter.
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
        self.run_reported(seed, f).1
    }

    /// As [`run_seed`](Self::run_seed), with the [`Report`] of the run, which is there also when
    /// it failed.
    #[track_caller]
    pub fn run_reported<F: Future>(
        &self,
        seed: u64,
        f: impl FnOnce(Sim) -> F,
    ) -> (Report, Result<F::Output, Failure>) {
        let choices = Choices::from_seed(seed);
        let choices = if self.record { choices.recorded() } else { choices };
        let once = Once { choices, cancel: None, told: false };
        let (ran, output) = once.run(self.settings, root_name(), f);
        let report = ran.report.clone();
        (report, output.map_err(|finding| Failure::new(Some(seed), finding, ran.report)))
    }

    /// The one schedule that `replay` tells, under the conditions of this exploration: they have
    /// to be those under which it was found.
    ///
    /// # Errors
    ///
    /// What went wrong, with the story of the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio_runtime::RuntimeExt;
    /// use mtaio_sim::{Explore, Replay};
    ///
    /// let replay: Replay = "s0=1".parse()?;
    /// let order = Explore::new().run_replay(&replay, |rt| async move {
    ///     let [first, second] = [1, 2].map(|number| {
    ///         let rt = rt.clone();
    ///         rt.clone().spawn(async move { (rt.now().as_nanos(), number) })
    ///     });
    ///     (first.await.is_ok(), second.await.is_ok())
    /// });
    /// assert!(matches!(order, Ok((true, true))));
    /// # use mtaio_runtime::Runtime;
    /// # Ok::<(), mtaio_sim::ParseReplayError>(())
    /// ```
    #[track_caller]
    pub fn run_replay<F: Future>(
        &self,
        replay: &Replay,
        f: impl FnOnce(Sim) -> F,
    ) -> Result<F::Output, Failure> {
        let choices = Choices::from_replay(replay.clone());
        let once = Once { choices, cancel: self.cancel.map(|cancel| (cancel, 0)), told: true };
        let (ran, output) = once.run(self.settings, root_name(), f);
        output.map_err(|finding| Failure::replayed(replay.clone(), finding, ran))
    }

    /// All the seeds, up to the first that fails.
    #[track_caller]
    pub(crate) fn run<F>(&self, f: impl Fn(Sim) -> F) -> Result<Explored, Failure>
    where
        F: Future<Output = ()>,
    {
        Search { explore: self, name: root_name(), scenario: f }.run()
    }
}

impl Default for Explore {
    fn default() -> Self {
        Self::new()
    }
}

/// What the scenario's own task is called.
#[track_caller]
fn root_name() -> TaskName {
    TaskName::from(format!("root at {}", Location::caller()))
}
