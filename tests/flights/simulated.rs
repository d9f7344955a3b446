//! The whole in the simulator: a run can be had again, exactly, and wherever one is dropped the
//! next goes on with what it left.

use std::ffi::OsString;
use std::future::{Future, poll_fn};
use std::iter;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use mtaio::{JoinError, Runtime, RuntimeExt};
use mtaio_sim::{Cancel, Explore, Faults, Report, Schedule, Sim};
use serde_json::json;

use crate::flights::args::{self, Command};
use crate::flights::failure::Failure;
use crate::flights::job::{Job, Outcome};
use crate::sample::{January, count};

const HARSH: Faults = Faults::new().spurious_polls(0.05).late_timers(Duration::from_millis(3));

/// Lookups that fail as often as `faults` says, by the seed.
#[derive(Clone, Copy)]
struct Service {
    faults: f64,
    seed: u64,
}

fn job(january: &January, service: Service, is_resumed: bool) -> Job {
    let service = [format!("--faults={}", service.faults), format!("--seed={}", service.seed)];
    let resume = is_resumed.then(|| "--resume".to_owned());
    let arguments = january.options().into_iter().chain(service).chain(resume);
    let Ok(Command::Run(args)) = args::parse(arguments.map(OsString::from)) else {
        panic!("it is to run")
    };
    Job::prepare(&args, |_| {}).unwrap()
}

/// What a run that came to its end has to show.
fn is_complete(january: &January, outcome: &Outcome) {
    january.is_written();
    let (flights, malformed) = (january.flights.len() as u64, january.malformed.len() as u64);
    assert_eq!(json!(outcome.summary), january.summary);
    assert_eq!(outcome.news.cancelled, january.cancelled);
    assert_eq!(outcome.news.malformed, malformed);
    assert_eq!(outcome.news.written, flights);
    is_conserved(outcome, flights, malformed);
}

/// Of each item that went into the pipeline exactly one thing became, whichever went back.
fn is_conserved(outcome: &Outcome, flights: u64, malformed: u64) {
    let count = |name: &str, labels: &[(&str, &str)]| {
        let labels: Vec<_> =
            iter::once(("name", "flights")).chain(labels.iter().copied()).collect();
        let value = outcome.metrics.get(name, &labels);
        value.unwrap_or_else(|| panic!("no {name} {labels:?}")).as_f64() as u64
    };
    let items = |outcome| count("mtaio_pipeline_items_total", &[("outcome", outcome)]);
    let taken = count("mtaio_pipeline_taken_total", &[]);
    assert_eq!(items("delivered"), flights);
    assert_eq!(items("delivered") + items("dead_lettered"), taken);
    assert!(items("dead_lettered") >= malformed);
    for none in ["filtered", "skipped", "failed", "unprocessed"] {
        assert_eq!(items(none), 0, "{none}");
    }
}

/// All that can be seen of a run.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    trace_hash: u64,
    polls: u64,
    told: Vec<String>,
    alerts: usize,
    malformed: u64,
    outcome: String,
    lines: Vec<u8>,
    letters: Vec<u8>,
}

fn see(january: &January, explore: &Explore, schedule: u64, service: Service) -> Seen {
    let mut told = Vec::new();
    let job = job(january, service, false);
    let (report, outcome): (Report, _) = explore.run_reported(schedule, async |rt| {
        job.run(&rt, |it| told.push(format!("{:?} {it:?}", rt.now()))).await
    });
    let Outcome { summary, news, metrics } = outcome.unwrap().unwrap();
    Seen {
        trace_hash: report.trace_hash(),
        polls: report.polls(),
        told,
        alerts: news.alerts.len(),
        malformed: news.malformed,
        outcome: format!("{}\n{news:?}\n{metrics:?}", json!(summary)),
        lines: january.read("lines.jsonl"),
        letters: january.read("letters.jsonl"),
    }
}

/// To the poll and to the byte, times and the order of what is told and written among it.
#[test]
fn a_run_can_be_had_again_exactly() {
    let january = January::first(27_004, "replay");
    let explore = Explore::new().faults(HARSH);
    let service = Service { faults: 0.3, seed: 1 };
    let first = see(&january, &explore, 1, service);
    assert_eq!((first.alerts, first.malformed), (13, 3));
    assert!(first == see(&january, &explore, 1, service), "it is another run");
}

#[test]
fn another_seed_is_another_run() {
    let january = January::first(300, "no-replay");
    let explore = Explore::new().faults(HARSH);
    let service = Service { faults: 0.3, seed: 1 };
    let first = see(&january, &explore, 1, service);
    for (schedule, seed) in [(2, 1), (1, 2)] {
        let other = see(&january, &explore, schedule, Service { seed, ..service });
        assert_ne!(other.trace_hash, first.trace_hash, "schedule {schedule}, faults {seed}");
        assert_ne!(other.lines, first.lines, "schedule {schedule}, faults {seed}");
    }
}

/// Polls `future` so many times, and drops it where it is not done then.
async fn dropped_at<F: Future>(poll: u64, future: F) -> Option<F::Output> {
    let (mut future, mut polls) = (pin!(future), 0);
    poll_fn(|cx| {
        if polls == poll {
            return Poll::Ready(None);
        }
        polls += 1;
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Runs are dropped at any of their polls, up to three times, each beside a service of its own that
/// fails as it likes; the last goes to its end. How many left something to go on with is counted.
async fn dropped_and_resumed(rt: Sim, january: &January, midway: &AtomicU64) {
    let mut runs = 0;
    loop {
        let service = Service { faults: (rt.entropy() % 46) as f64 / 100.0, seed: rt.entropy() };
        let job = job(january, service, runs > 0);
        let poll = if runs < 3 { 1 + rt.entropy() % POLLS } else { u64::MAX };
        let outcome = dropped_at(poll, job.run(&rt, |_| {})).await;
        // What blocks and is begun goes on to its end.
        rt.run_until_stalled().await;
        let Some(outcome) = outcome else {
            january.is_in_order();
            let written = count(&january.read("lines.jsonl"));
            let is_midway = 0 < written && written < january.flights.len();
            midway.fetch_add(u64::from(is_midway), Ordering::Relaxed);
            if rt.buggify(0.5) {
                january.tear();
            }
            runs += 1;
            continue;
        };
        return is_complete(january, &outcome.unwrap());
    }
}

/// Several batches, and another chunk.
const MANY: usize = 1_100;

/// About how often a run of them is polled.
const POLLS: u64 = 2_000;

fn explore_drops(name: &str, explore: Explore) {
    let (january, midway) = (January::first(MANY, name), AtomicU64::new(0));
    let explored = Sim::explore(explore, async |rt| {
        dropped_and_resumed(rt, &january, &midway).await;
    });
    let midway = midway.into_inner();
    eprintln!("{} runs, {midway} of them dropped with something written", explored.runs());
    assert!(midway > 0 || explored.runs() < 5, "none was dropped midway");
}

#[test]
fn goes_on_wherever_it_is_dropped() {
    explore_drops("dropped", Explore::new().seeds(0..10));
}

#[test]
fn goes_on_wherever_it_is_dropped_although_timers_are_late_and_polls_spurious() {
    explore_drops("dropped-harsh", Explore::new().seeds(0..10).faults(HARSH));
}

#[test]
fn goes_on_wherever_it_is_dropped_whoever_comes_first() {
    let explore = Explore::new().seeds(0..5).policy(Schedule::Pct(3)).faults(HARSH);
    explore_drops("dropped-pct", explore);
}

/// A task of the name is cancelled at each of its awaits in turn. What runs fails, or is gone, and
/// goes on from its files until it comes to its end.
fn explore_cancels(name: &str, task: &'static str) {
    let january = &January::first(24, name);
    let explore = Explore::new().seeds(0..2).faults(HARSH).cancel(Cancel::AtEveryAwait(task));
    Sim::explore(explore, async |rt: Sim| {
        let mut runs = 0;
        loop {
            let service = Service { faults: 0.3, seed: rt.entropy() };
            let job = job(january, service, runs > 0);
            let run = rt.clone();
            let run = rt.spawn_named("run", async move { job.run(&run, |_| {}).await });
            let outcome = run.await;
            rt.run_until_stalled().await;
            match outcome {
                Ok(Ok(outcome)) => return is_complete(january, &outcome),
                Ok(Err(Failure::Reading(_) | Failure::Writing(_)))
                | Err(JoinError::RuntimeGone) => january.is_in_order(),
                Ok(Err(other)) => panic!("it failed otherwise: {other}"),
                Err(other) => panic!("it ended otherwise: {other}"),
            }
            runs += 1;
            assert!(runs < 2, "one was cancelled, and no more");
        }
    });
}

#[test]
fn goes_on_wherever_its_task_is_cancelled() {
    explore_cancels("cancelled", "run");
}

/// Those that read a chunk, write a batch, or write a dead letter.
#[test]
fn goes_on_whichever_blocking_job_is_cancelled() {
    explore_cancels("cancelled-jobs", "blocking job");
}
