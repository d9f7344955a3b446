use std::error::Error;
use std::fmt;
use std::time::Duration;

use mtaio_runtime::{Instant, Panic, TaskName};

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
pub struct Failure(Box<Report>);

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Diagnosis {
    /// The scenario was not done, nothing could run and no timer would fire.
    Deadlock,
    /// The scenario was done, and tasks or timers that nothing would end were still alive.
    Leak,
    /// There were more polls than [`Explore::max_polls`](crate::Explore::max_polls) allows.
    Livelock,
    /// The scenario panicked, or a future that nobody waits for.
    Panicked,
}

#[derive(Debug)]
struct Report {
    seed: u64,
    finding: Finding,
    replay: Option<Replay>,
}

/// How a simulation failed, seen from inside of it.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) diagnosis: Diagnosis,
    pub(crate) at: Instant,
    pub(crate) polls: u64,
    pub(crate) tasks: Vec<TaskName>,
    pub(crate) timers: Vec<TaskName>,
    pub(crate) panics: Vec<Panic>,
}

/// That the seed is one of many, and the name of the test where it has one.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) test: Option<String>,
}

impl Failure {
    pub(crate) fn new(seed: u64, finding: Finding) -> Self {
        Self(Box::new(Report { seed, finding, replay: None }))
    }

    pub(crate) fn with_replay(mut self, replay: Replay) -> Self {
        self.0.replay = Some(replay);
        self
    }

    /// What kind of failure it is.
    pub fn diagnosis(&self) -> Diagnosis {
        self.0.finding.diagnosis
    }

    /// The seed that showed it, and shows it again.
    pub fn seed(&self) -> u64 {
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

    /// The tasks concerned: those that wait, that are left over, that could still run, or that
    /// panicked. The scenario itself is called `root at` the line that started the simulation.
    pub fn tasks(&self) -> &[TaskName] {
        &self.0.finding.tasks
    }

    /// The timers in the queue: of each, the task that waited for it first.
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
}

impl Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { seed, finding, replay } = &*self.0;
        let (kind, what, who) = finding.diagnosis.words();
        let time = Duration::from_nanos(finding.at.as_nanos());
        writeln!(
            f,
            "mtaio-sim: {kind} with seed {seed}, at {time:?} of virtual time, after {} polls",
            finding.polls
        )?;
        writeln!(f, "  {what}")?;
        if finding.diagnosis == Diagnosis::Panicked {
            for (task, panic) in finding.tasks.iter().zip(&finding.panics) {
                writeln!(f, "    - {task}: {panic}")?;
            }
        } else {
            list(f, who, &finding.tasks)?;
            list(f, "timers in the queue, by the task that waited for them", &finding.timers)?;
        }
        match replay {
            None => write!(f, "  replay it: the seed is fixed, so the same run fails again"),
            Some(Replay { test: Some(test) }) => {
                write!(f, "  replay it: MTAIO_SIM_SEED={seed} cargo test {test}")
            }
            Some(Replay { test: None }) => {
                write!(f, "  replay it: set MTAIO_SIM_SEED={seed} and give the same command")
            }
        }
    }
}

impl Diagnosis {
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Deadlock => (
                "deadlock",
                "the root future is not done, nothing can run and no timer will fire",
                "tasks that wait",
            ),
            Self::Leak => (
                "leak",
                "the root future is done, and what it left behind would never end (if that is \
                 meant: `Explore::allow_leaks`)",
                "tasks still alive",
            ),
            Self::Livelock => (
                "livelock",
                "that is more polls than allowed (if so many are meant: `Explore::max_polls`)",
                "tasks that could run",
            ),
            Self::Panicked => ("panic", "what panicked:", ""),
        }
    }
}

/// Equal names are told once, and not more than a screen of them.
fn list(f: &mut fmt::Formatter<'_>, title: &str, names: &[TaskName]) -> fmt::Result {
    const SHOWN: usize = 20;
    if names.is_empty() {
        return Ok(());
    }
    writeln!(f, "  {title} ({}):", names.len())?;
    let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
    names.sort_unstable();
    let groups: Vec<&[String]> = names.chunk_by(|a, b| a == b).collect();
    for group in groups.iter().take(SHOWN) {
        match group {
            [name] => writeln!(f, "    - {name}")?,
            group => writeln!(f, "    - {} ({} times)", group[0], group.len())?,
        }
    }
    if groups.len() > SHOWN {
        writeln!(f, "    and {} more names", groups.len() - SHOWN)?;
    }
    Ok(())
}
