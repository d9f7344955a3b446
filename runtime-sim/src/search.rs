use std::future::Future;
use std::sync::Arc;
use std::thread;

use mtaio_runtime::{Instant, Panic, TaskName};

use crate::cancel::CancelPlan;
use crate::choice::Choices;
use crate::drive::{self, Ran};
use crate::environment::{self, Plan};
use crate::failure::{Diagnosis, Failure, Finding, Shortest};
use crate::quiet::quietly;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::shrink::{MOST_POLLS, shrink};
use crate::{Cancel, Explore, Explored, Replay, Sim};

/// One run.
pub(crate) struct Once {
    pub(crate) choices: Choices,
    /// The task to cancel, and at which point.
    pub(crate) cancel: Option<(Cancel, u64)>,
    /// Whether somebody will read the story.
    pub(crate) told: bool,
}

impl Once {
    pub(crate) fn run<F: Future>(
        self,
        settings: Settings,
        name: TaskName,
        f: impl FnOnce(Sim) -> F,
    ) -> (Ran, Result<F::Output, Finding>) {
        let cancel = self.cancel.map(|(cancel, at)| CancelPlan::new(cancel, at));
        let shared = Arc::new(Shared::new(settings, self.choices, cancel, self.told));
        let mut output = None;
        let scenario = async { output = Some(f(Sim::new(&shared)).await) };
        let (ran, verdict) = drive::run(&shared, Box::pin(scenario), name);
        let output = verdict.map(|()| {
            output.unwrap_or_else(|| unreachable!("a run without a finding ends by its output"))
        });
        (ran, output)
    }
}

/// All the runs of an exploration.
pub(crate) struct Search<'a, S> {
    pub(crate) explore: &'a Explore,
    pub(crate) name: TaskName,
    pub(crate) scenario: S,
}

/// A seed, and the point at which the task to cancel is.
#[derive(Clone, Copy)]
struct Case {
    seed: u64,
    cancel: Option<(Cancel, u64)>,
}

impl<S, F> Search<'_, S>
where
    S: Fn(Sim) -> F,
    F: Future<Output = ()>,
{
    /// Runs the seeds, up to the first that fails.
    pub(crate) fn run(&self) -> Result<Explored, Failure> {
        let seeds = match environment::plan(&self.explore.seeds) {
            Ok(Plan::Seeds(seeds)) => seeds,
            Ok(Plan::Replay(replay)) => return self.replay(&replay),
            Err(malformed) => panic!("{malformed}"),
        };
        let mut explored = Explored::default();
        let mut cancel_points = 0;
        for (number, seed) in seeds.enumerate() {
            let twice = (number as u64).is_multiple_of(self.explore.run_twice)
                && !self.explore.settings.allow_foreign_wakes;
            // The last of the runs of a seed is the one whose point never came.
            for point in 0.. {
                let case = Case { seed, cancel: self.explore.cancel.map(|cancel| (cancel, point)) };
                let ran = self.run_case(case, &mut explored, twice && point == 0)?;
                cancel_points += ran.cancel_points;
                if ran.cancel_points <= point {
                    break;
                }
            }
        }
        if let Some(cancel) = self.explore.cancel {
            assert!(
                cancel_points > 0,
                "`Explore::cancel`: no task of the name {:?} was polled under any seed",
                cancel.name()
            );
        }
        Ok(explored)
    }

    fn run_case(&self, case: Case, explored: &mut Explored, twice: bool) -> Result<Ran, Failure> {
        let (ran, verdict) = self.once(case.seeded(), case.cancel, false);
        explored.add(&ran.report);
        if let Err(finding) = verdict {
            return Err(self.investigate(case, finding, ran));
        }
        if twice {
            let (again, verdict) = self.once(case.seeded(), case.cancel, false);
            explored.add(&again.report);
            if verdict.is_err() || again.report.trace_hash() != ran.report.trace_hash() {
                return Err(self.nondeterminism(case, ran));
            }
        }
        Ok(ran)
    }

    fn once(
        &self,
        choices: Choices,
        cancel: Option<(Cancel, u64)>,
        told: bool,
    ) -> (Ran, Result<(), Finding>) {
        let once = Once { choices, cancel, told };
        once.run(self.explore.settings, self.name.clone(), &self.scenario)
    }

    fn replay(&self, replay: &Replay) -> Result<Explored, Failure> {
        let cancel = self.explore.cancel.map(|cancel| (cancel, 0));
        let (ran, verdict) = self.once(Choices::from_replay(replay.clone()), cancel, true);
        let mut explored = Explored::default();
        explored.add(&ran.report);
        match verdict {
            Ok(()) => Ok(explored),
            Err(finding) => {
                Err(Failure::replayed(replay.clone(), finding, ran).of_test(test_name()))
            }
        }
    }

    /// Makes the most of a failure: does it fail again, with how few choices, and what happens
    /// then?
    fn investigate(&self, case: Case, finding: Finding, ran: Ran) -> Failure {
        quietly(|| {
            // One that is this long would not be shrunk, nor its replay read.
            let recorded = ran.report.polls <= MOST_POLLS;
            let choices = if recorded { case.seeded().recorded() } else { case.seeded() };
            let (again, verdict) = self.once(choices, case.cancel, false);
            let same = again.report.trace_hash() == ran.report.trace_hash()
                && verdict.is_err_and(|again| again.is_alike(&finding));
            let known = finding.diagnosis == Diagnosis::Nondeterminism;
            if !same && !known && !self.explore.settings.allow_foreign_wakes {
                return self.nondeterminism(case, ran);
            }
            let Some(replay) = again.report.replay.filter(|_| same && !known) else {
                return Failure::new(Some(case.seed), finding, ran.report).of_test(test_name());
            };
            let shrunk = shrink(replay, |candidate| {
                let choices = Choices::from_replay(candidate.clone()).recorded();
                let (ran, verdict) = self.once(choices, case.cancel, false);
                let fails = verdict.is_err_and(|again| again.is_alike(&finding));
                (ran.report.polls, ran.report.replay.filter(|_| fails))
            });
            let choices = Choices::from_replay(shrunk.replay.clone());
            let (story, _) = self.once(choices, case.cancel, true);
            let shortest = Shortest {
                replay: shrunk.replay,
                before: Some((shrunk.before, shrunk.runs)),
                steps: story.steps,
            };
            Failure::new(Some(case.seed), finding, ran.report)
                .with_shortest(shortest)
                .of_test(test_name())
        })
    }

    /// Two runs of one seed that differ, and where.
    fn nondeterminism(&self, case: Case, ran: Ran) -> Failure {
        let story = || self.once(case.seeded(), case.cancel, true).0;
        let (one, other) = quietly(|| (story(), story()));
        let count = one.steps.len().max(other.steps.len());
        let differs = (0..count).find(|&at| one.steps.get(at) != other.steps.get(at));
        let mut finding = Finding {
            diagnosis: Diagnosis::Nondeterminism,
            at: ran.report.at,
            polls: ran.report.polls,
            tasks: Vec::new(),
            timers: Vec::new(),
            detail: None,
            panics: Vec::<Panic>::new(),
        };
        let told = match differs {
            None => "their polls are the same; their wakes, timers, entropy or outcomes are not"
                .to_owned(),
            Some(at) => {
                let mut task = |run: &Ran| match run.steps.get(at) {
                    None => "the end".to_owned(),
                    Some(step) => {
                        finding.tasks.push(step.task.clone());
                        format!("`{}` at {:?}", step.task, step.at - Instant::ZERO)
                    }
                };
                let (one, other) = (task(&one), task(&other));
                format!("poll {} is {one} in one run and {other} in the other", at + 1)
            }
        };
        finding.tasks.dedup();
        finding.detail = Some(told);
        Failure::new(Some(case.seed), finding, ran.report).of_test(test_name())
    }
}

impl Case {
    fn seeded(self) -> Choices {
        Choices::from_seed(self.seed)
    }
}

/// The harness runs each test on a thread of that name. `main` is no test.
fn test_name() -> Option<String> {
    thread::current().name().filter(|&name| name != "main").map(str::to_owned)
}
