//! A failure, told to somebody who has not seen one before.

use std::fmt;
use std::time::Duration;

use mtaio_runtime::{Instant, TaskName};

use crate::failure::{Diagnosis, Inside, Shortest};
use crate::trace::{Step, Why};

/// How much of a list, a story or a line is shown.
const MOST_NAMES: usize = 20;
const MOST_STEPS: usize = 40;
const FIRST_STEPS: usize = 10;
const MOST_OF_A_REPLAY: usize = 400;

impl Inside {
    pub(crate) fn tell(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finding = &self.finding;
        let (kind, what, who) = finding.diagnosis.words();
        write!(f, "mtaio-sim: {kind} with ")?;
        match self.seed {
            Some(seed) => write!(f, "seed {seed}")?,
            None => write!(f, "a replay")?,
        }
        let (time, polls) = (time(finding.at), finding.polls);
        writeln!(f, ", at {time:?} of virtual time, after {polls} polls")?;
        writeln!(f, "  {what}")?;
        if let Some(detail) = &finding.detail {
            writeln!(f, "  {detail}")?;
        }
        if finding.diagnosis == Diagnosis::Panicked {
            for (task, panic) in finding.tasks.iter().zip(&finding.panics) {
                // What an assertion compares comes in lines of its own.
                let said = panic.to_string().replace('\n', "\n      ");
                writeln!(f, "    - {task}: {said}")?;
            }
        } else {
            list(f, who, &finding.tasks)?;
            list(f, "timers in the queue, by the task that waits for them", &finding.timers)?;
        }
        if let Some(shortest) = &self.shortest {
            shortest.tell(f)?;
        }
        self.tell_replay(f)
    }

    fn tell_replay(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  replay it: ")?;
        let Some(test) = &self.test else {
            return write!(f, "the seed is fixed, so the same run fails again");
        };
        let replay = self.shortest.as_ref().map(|shortest| shortest.replay.to_string());
        let variable = match (replay, self.seed) {
            // One without a choice is no more than the ordinary run.
            (Some(replay), _) if (1..=MOST_OF_A_REPLAY).contains(&replay.len()) => {
                format!("MTAIO_SIM_REPLAY={replay}")
            }
            (_, Some(seed)) => format!("MTAIO_SIM_SEED={seed}"),
            (Some(replay), None) => format!("MTAIO_SIM_REPLAY={replay}"),
            (None, None) => unreachable!("a run has a seed or a replay"),
        };
        match test {
            Some(test) => write!(f, "{variable} cargo test {test}"),
            None => write!(f, "set {variable} and give the same command"),
        }
    }
}

impl Shortest {
    fn tell(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let choices = match self.replay.len() {
            0 => "no choice".to_owned(),
            1 => "1 choice".to_owned(),
            count => format!("{count} choices"),
        };
        let choices = format!("{choices} out of the ordinary");
        match self.before {
            None => writeln!(f, "  what happened, with {choices}:")?,
            Some((before, runs)) => writeln!(
                f,
                "  the shortest schedule that fails alike has {choices} (of {before}, in {runs} \
                 runs):"
            )?,
        }
        let hidden = self.steps.len().saturating_sub(MOST_STEPS);
        for (number, Step { at, task, why }) in self.steps.iter().enumerate() {
            if number == FIRST_STEPS && hidden > 0 {
                writeln!(f, "    .. {hidden} polls")?;
            }
            if (FIRST_STEPS..FIRST_STEPS + hidden).contains(&number) {
                continue;
            }
            write!(f, "    {:>4}. {:>9}  {task}", number + 1, format!("{:?}", time(*at)))?;
            match why {
                Why::First => writeln!(f)?,
                Why::Before(first) => writeln!(f, "  <- before {first}")?,
                Why::Spurious => writeln!(f, "  <- a spurious poll")?,
                Why::Rescue => writeln!(f, "  (once more: was a wake lost?)")?,
                Why::Cancelled => writeln!(f, "  <- dropped")?,
            }
        }
        Ok(())
    }
}

impl Diagnosis {
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Deadlock => (
                "deadlock",
                "the root future is not done, and these tasks wait for ever",
                "tasks that wait",
            ),
            Self::LostWakeup => (
                "lost wakeup",
                "what these tasks waited for had happened, and nobody woke them: polled once \
                 more, they went on",
                "tasks that were not woken",
            ),
            Self::StaleWaker => (
                "stale waker",
                "what these tasks waited for had happened, but the waker that was called was not \
                 the one of their last poll: polled once more, they went on",
                "tasks whose old waker was called",
            ),
            Self::Livelock => (
                "livelock",
                "it goes on and on, over a limit (if so much is meant: raise it)",
                "tasks that went on",
            ),
            Self::Leak => (
                "leak",
                "the root future is done, nothing else can run, and this is left behind: no time \
                 passes after the end (if that is meant: `Explore::allow_leaks`)",
                "tasks still alive",
            ),
            Self::Nondeterminism => (
                "nondeterminism",
                "the same seed does not give the same run: chance, time or threads from outside \
                 of the simulation decide",
                "tasks concerned",
            ),
            Self::Panicked => ("panic", "what panicked:", ""),
        }
    }
}

fn time(at: Instant) -> Duration {
    Duration::from_nanos(at.as_nanos())
}

/// Equal names are told once, and not more than a screen of them.
fn list(f: &mut fmt::Formatter<'_>, title: &str, names: &[TaskName]) -> fmt::Result {
    if names.is_empty() {
        return Ok(());
    }
    writeln!(f, "  {title} ({}):", names.len())?;
    let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
    names.sort_unstable();
    let groups: Vec<&[String]> = names.chunk_by(|a, b| a == b).collect();
    for group in groups.iter().take(MOST_NAMES) {
        match group {
            [name] => writeln!(f, "    - {name}")?,
            group => writeln!(f, "    - {} ({} times)", group[0], group.len())?,
        }
    }
    if groups.len() > MOST_NAMES {
        writeln!(f, "    and {} more names", groups.len() - MOST_NAMES)?;
    }
    Ok(())
}
