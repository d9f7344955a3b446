use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mtaio_runtime::{Instant, Runtime, RuntimeExt, TaskName};

use crate::choice::{Chance, Stream};
use crate::shared::{Shared, contain};
use crate::trace::What;
use crate::{Explore, Explored, Failure, RunUntilStalled, SimSleep};

/// A simulation, as a [`Runtime`]: a handle that is cheap to clone.
///
/// It begins with [`run`](Self::run), [`try_run`](Self::try_run) or [`explore`](Self::explore),
/// and is over when these return; a handle that is kept longer belongs to a
/// [runtime that is gone](Runtime#after-the-runtime-is-gone).
///
/// Calls from other threads work while the simulation's own thread waits for them in a poll, as
/// by `join`. When such a call comes in is not the seed's choice, so keep its effects apart from
/// what the scenario does at that time.
#[derive(Clone)]
pub struct Sim {
    shared: Arc<Shared>,
}

impl Sim {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared) }
    }

    /// Runs one schedule of the scenario `f`, the one of `seed`, and returns what it returns.
    ///
    /// The same seed runs the same schedule, always. Whatever the scenario left behind is dropped
    /// before this returns.
    ///
    /// # Panics
    ///
    /// With the report of the [`Failure`], where [`try_run`](Self::try_run) returns one.
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio_runtime::RuntimeExt;
    /// use mtaio_sim::Sim;
    ///
    /// let answer = Sim::run(1, |rt| async move { rt.spawn(async { 42 }).await });
    /// assert!(matches!(answer, Ok(42)));
    /// ```
    #[track_caller]
    pub fn run<F: Future>(seed: u64, f: impl FnOnce(Self) -> F) -> F::Output {
        match Self::try_run(seed, f) {
            Ok(output) => output,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// As [`run`](Self::run), with the failure as a value. [`Explore::run_seed`] does the same
    /// under other limits.
    ///
    /// # Errors
    ///
    /// The [`Failure`]: a deadlock, a leak, a livelock or a panic.
    #[track_caller]
    pub fn try_run<F: Future>(seed: u64, f: impl FnOnce(Self) -> F) -> Result<F::Output, Failure> {
        Explore::new().run_seed(seed, f)
    }

    /// Runs the scenario `f` once for each seed of `explore`.
    ///
    /// # Panics
    ///
    /// At the first seed that fails, with the report of the [`Failure`] and the line that replays
    /// it. Before the first seed, if `MTAIO_SIM_SEED`, `MTAIO_SIM_SEEDS` or `MTAIO_SIM_REPLAY` in the
    /// environment is malformed. After the last, if there never was the task that
    /// [`Explore::cancel`] is to drop.
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    /// use std::sync::Arc;
    /// use mtaio_runtime::RuntimeExt;
    /// use mtaio_sim::{Explore, Sim};
    ///
    /// Sim::explore(Explore::new().seeds(0..100), |rt| async move {
    ///     let last = Arc::new(AtomicU32::new(0));
    ///     let [first, second] = [1, 2].map(|number| {
    ///         let last = Arc::clone(&last);
    ///         rt.spawn(async move { last.store(number, Relaxed) })
    ///     });
    ///     let _both = (first.await, second.await);
    ///     assert_eq!(last.load(Relaxed), 2, "some seed runs them the other way round");
    /// });
    /// ```
    #[track_caller]
    pub fn explore<F>(explore: Explore, f: impl Fn(Self) -> F) -> Explored
    where
        F: Future<Output = ()>,
    {
        match Self::try_explore(explore, f) {
            Ok(explored) => explored,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// As [`explore`](Self::explore), with the failure as a value.
    ///
    /// # Errors
    ///
    /// The [`Failure`] of the first seed that fails.
    ///
    /// # Panics
    ///
    /// If a variable of the environment is malformed, or if there never was the task that
    /// [`Explore::cancel`] is to drop.
    #[track_caller]
    pub fn try_explore<F>(explore: Explore, f: impl Fn(Self) -> F) -> Result<Explored, Failure>
    where
        F: Future<Output = ()>,
    {
        explore.run(f)
    }

    /// Waits until nothing else can run: every other task has ended or waits. Time does not pass.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio_runtime::{Instant, Runtime, RuntimeExt};
    /// use mtaio_sim::Sim;
    ///
    /// Sim::run(1, |rt| async move {
    ///     let task = rt.spawn(async { 42 });
    ///     rt.run_until_stalled().await;
    ///     assert!(task.is_finished());
    ///     assert_eq!(rt.now(), Instant::ZERO);
    /// });
    /// ```
    pub fn run_until_stalled(&self) -> RunUntilStalled {
        RunUntilStalled::new(Arc::clone(&self.shared))
    }

    /// Lets `time` pass, and all that happens in it, up to where nothing more happens at its end.
    /// Where [timers are late](crate::Faults::late_timers) this one may be, too.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops no clock: time passes when nothing can run, whoever waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use mtaio_runtime::RuntimeExt;
    /// use mtaio_sim::Sim;
    ///
    /// Sim::run(1, |rt| async move {
    ///     let sleep = rt.sleep(Duration::from_secs(60));
    ///     let sleeper = rt.spawn(sleep);
    ///     rt.advance(Duration::from_secs(59)).await;
    ///     assert!(!sleeper.is_finished());
    ///     rt.advance(Duration::from_secs(1)).await;
    ///     assert!(sleeper.is_finished());
    /// });
    /// ```
    pub async fn advance(&self, time: Duration) {
        self.sleep(time).await;
        self.run_until_stalled().await;
    }

    /// Whether something rare happens here, with this probability: a place in a scenario, or in a
    /// test double, that takes its unusual way now and then. In the ordinary run it never does, so
    /// a shrunk schedule has only those left that matter.
    ///
    /// After the `BUGGIFY` of FoundationDB.
    ///
    /// # Panics
    ///
    /// Unless the probability is from 0 to 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio_sim::Sim;
    ///
    /// async fn read(rt: &Sim, bytes: &[u8]) -> Vec<u8> {
    ///     let most = if rt.buggify(0.1) { 1 } else { bytes.len() };
    ///     bytes.iter().copied().take(most).collect()
    /// }
    ///
    /// let lengths: Vec<usize> = (0..100)
    ///     .map(|seed| Sim::run(seed, |rt| async move { read(&rt, b"all of it").await.len() }))
    ///     .collect();
    /// assert!(lengths.contains(&1) && lengths.contains(&9));
    /// ```
    pub fn buggify(&self, probability: f64) -> bool {
        let Some(chance) = Chance::new(probability) else {
            panic!("`Sim::buggify` was given {probability}: a probability is from 0 to 1")
        };
        let mut state = self.shared.lock();
        state.choices.decide(Stream::Buggify, 2, |generator| u64::from(chance.hits(generator))) == 1
    }
}

/// 2025-01-01 00:00 UTC: what the time of day is when a simulation begins.
const BEGIN: Duration = Duration::from_secs(1_735_689_600);

impl Runtime for Sim {
    type Sleep = SimSleep;

    /// Virtual time, from [`Instant::ZERO`].
    fn now(&self) -> Instant {
        self.shared.now()
    }

    /// Midnight (UTC) before 1 January 2025, plus virtual time, but for
    /// [jumps](crate::Faults::wall_clock_jumps).
    fn wall_clock(&self) -> SystemTime {
        let right = SystemTime::UNIX_EPOCH + BEGIN + (self.now() - Instant::ZERO);
        match self.shared.lock().wall_clock {
            (off, false) => right + off,
            (off, true) => right - off,
        }
    }

    /// Bits that follow from the seed.
    fn entropy(&self) -> u64 {
        let mut state = self.shared.lock();
        let bits = state.choices.entropy();
        state.trace.mix(What::Entropy, bits);
        bits
    }

    fn sleep_until(&self, deadline: Instant) -> SimSleep {
        SimSleep::new(Arc::clone(&self.shared), deadline)
    }

    /// A panic of `future` ends that future only, and the run is a failure when it is over:
    /// [`Diagnosis::Panicked`](crate::Diagnosis::Panicked).
    fn spawn_detached<F>(&self, name: TaskName, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.shared.spawn(name, Box::pin(future));
    }

    /// Runs `job` on the simulation's thread, where the schedule picks it: like a task that is
    /// polled once.
    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
        // As the trait has it, a job's panic is the end of that job and of nothing else.
        let job = async move { drop(contain(job)) };
        self.shared.spawn(TaskName::new("blocking job"), Box::pin(job));
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("now", &self.now()).finish_non_exhaustive()
    }
}
