use std::collections::HashSet;
use std::error::Error;
use std::fmt;

use mtaio_runtime::{Instant, Panic, TaskName};

use crate::drive::Ran;
use crate::trace::Step;
use crate::{Replay, Report};

/// What went wrong in a simulation, where, and how to see it again.
///
/// Its `Display` is the report that [`Sim::run`](crate::Sim::run) and
/// [`Sim::explore`](crate::Sim::explore) panic with.
///
/// # Examples
///
/// ```
/// use mtaio_sim::{Diagnosis, Sim};
///
/// let failed = Sim::try_run(7, |_rt| std::future::pending::<()>()).err();
/// assert_eq!(failed.map(|failure| failure.diagnosis()), Some(Diagnosis::Deadlock));
/// ```
#[derive(Debug)]
pub struct Failure(pub(crate) Box<Inside>);

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Diagnosis {
    /// The scenario was not done, nothing could run and no timer would fire; or the only ones to
    /// run were tasks that wait for timers and wake nobody, until a limit was reached.
    Deadlock,
    /// Tasks waited, and polling them once more made them go on (to end, to wake or spawn another,
    /// or to wait for a timer): what they waited for had happened, and nobody woke them.
    LostWakeup,
    /// As [`LostWakeup`](Self::LostWakeup), where somebody did call a waker, but one of an earlier
    /// poll: of a future, only the waker of the last poll has to work, and each poll here comes
    /// with a new one where the old one was kept.
    StaleWaker,
    /// There were more polls than [`Explore::max_polls`](crate::Explore::max_polls) allows, or
    /// more virtual time than [`Explore::max_time`](crate::Explore::max_time) does.
    Livelock,
    /// The scenario was done, and tasks or timers were still alive when nothing could run any more.
    /// (No time passes after the end: a task that sleeps then is one of them.)
    Leak,
    /// A second run of the same seed did something else, or another thread woke a task: the
    /// scenario takes chance from elsewhere, and its seeds mean nothing.
    Nondeterminism,
    /// The scenario panicked, or a future that nobody waits for.
    Panicked,
}

#[derive(Debug)]
pub(crate) struct Inside {
    /// `None` where a replay was run.
    pub(crate) seed: Option<u64>,
    pub(crate) finding: Finding,
    pub(crate) report: Report,
    pub(crate) shortest: Option<Shortest>,
    /// Set where the run was one of many, to the name of the test where it has one.
    pub(crate) test: Option<Option<String>>,
}

/// How a simulation failed, seen from inside of it.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) diagnosis: Diagnosis,
    pub(crate) at: Instant,
    pub(crate) polls: u64,
    pub(crate) tasks: Vec<TaskName>,
    pub(crate) timers: Vec<TaskName>,
    pub(crate) detail: Option<String>,
    pub(crate) panics: Vec<Panic>,
}

/// The shortest schedule known to fail alike.
#[derive(Debug)]
pub(crate) struct Shortest {
    pub(crate) replay: Replay,
    /// How many choices there were before shrinking, and how many runs that took.
    pub(crate) before: Option<(usize, u64)>,
    pub(crate) steps: Vec<Step>,
}

impl Finding {
    /// Whether it is the same failure as `other`, as far as one can tell: nobody else is concerned.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        let first_line = |finding: &Self| {
            let panic = finding.panics.first()?;
            panic.message().lines().next().map(str::to_owned)
        };
        let others: HashSet<&TaskName> = other.tasks.iter().collect();
        self.diagnosis == other.diagnosis
            && first_line(self) == first_line(other)
            && self.tasks.iter().all(|task| others.contains(task))
    }
}

impl Failure {
    pub(crate) fn new(seed: Option<u64>, finding: Finding, report: Report) -> Self {
        Self(Box::new(Inside { seed, finding, report, shortest: None, test: None }))
    }

    pub(crate) fn replayed(replay: Replay, finding: Finding, ran: Ran) -> Self {
        let shortest = Shortest { replay, before: None, steps: ran.steps };
        Self::new(None, finding, ran.report).with_shortest(shortest)
    }

    pub(crate) fn with_shortest(mut self, shortest: Shortest) -> Self {
        self.0.shortest = Some(shortest);
        self
    }

    pub(crate) fn of_test(mut self, test: Option<String>) -> Self {
        self.0.test = Some(test);
        self
    }

    /// What kind of failure it is.
    pub fn diagnosis(&self) -> Diagnosis {
        self.0.finding.diagnosis
    }

    /// The seed that showed it, and shows it again; `None` for a replay.
    pub fn seed(&self) -> Option<u64> {
        self.0.seed
    }

    /// When it was found, in virtual time.
    pub fn at(&self) -> Instant {
        self.0.finding.at
    }

    /// How many times a task had been polled by then.
    pub fn polls(&self) -> u64 {
        self.0.finding.polls
    }

    /// The tasks concerned: those that wait, whose wake was lost, that are left over, that went on
    /// and on, or that panicked. The scenario itself is called `root at` the line that started the
    /// simulation.
    pub fn tasks(&self) -> &[TaskName] {
        &self.0.finding.tasks
    }

    /// The timers in the queue: of each, the task that waits for it.
    pub fn timers(&self) -> &[TaskName] {
        &self.0.finding.timers
    }

    /// What the first panic said, if that is what it was.
    pub fn panic_message(&self) -> Option<&str> {
        self.0.finding.panics.first().map(Panic::message)
    }

    /// The first panic, to look at what it carried or to go on with it.
    pub fn into_panic(self) -> Option<Panic> {
        self.0.finding.panics.into_iter().next()
    }

    /// What the failing run came to.
    pub fn report(&self) -> &Report {
        &self.0.report
    }

    /// The shortest schedule that was found to fail alike. An exploration looks for it; a single
    /// run, whose scenario can be run only once, has none.
    pub fn replay(&self) -> Option<&Replay> {
        self.0.shortest.as_ref().map(|shortest| &shortest.replay)
    }
}

impl Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.tell(f)
    }
}
