use std::sync::Arc;

use parking_lot::Mutex;

use super::Stats;
use crate::monitor::collector::Collection;
use crate::pipeline::{RunEnd, RunReport, StageReport};

/// Adds up the [reports](RunReport) of a pipeline's runs, to be
/// [watched](crate::monitor::Registry::watch). Clones share the sums.
///
/// # Examples
///
/// ```
/// use futures::stream;
/// use mtaio::monitor::{Registry, RunTotals};
/// use mtaio::pipeline::pipeline;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let totals = RunTotals::new();
/// let registry = Registry::new();
/// registry.watch("numbers", { let totals = totals.clone(); move || totals.clone() })?;
///
/// let numbers = pipeline::<std::num::ParseIntError>()
///     .then(async |word: &'static str| word.parse::<u64>())
///     .skip()
///     .build()?;
/// let (_, report) = numbers.run(&rt, stream::iter(["3", "x", "5"])).collect().await;
/// totals.add(&report);
///
/// let now = registry.gather();
/// let skipped = [("name", "numbers"), ("outcome", "skipped")];
/// assert_eq!(now.get("mtaio_pipeline_items_total", &skipped).unwrap().as_f64(), 1.0);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct RunTotals(Arc<Mutex<Totals>>);

#[derive(Debug, Default)]
struct Totals {
    runs: [u64; 4],
    outcomes: [u64; 6],
    taken: u64,
    outputs: u64,
    close_errors: u64,
    stages: Vec<StageReport>,
}

/// How a run ends, in the order of their counts.
const ENDS: [(RunEnd, &str); 4] = [
    (RunEnd::Finished, "finished"),
    (RunEnd::Cancelled, "cancelled"),
    (RunEnd::TimeUp, "time_up"),
    (RunEnd::Failed, "failed"),
];

/// What becomes of an item, in the order of their counts.
const OUTCOMES: [&str; 6] =
    ["delivered", "filtered", "skipped", "dead_lettered", "failed", "unprocessed"];

impl RunTotals {
    /// No run yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what became of a run. Stages are those of one pipeline: they are told apart by where they
    /// stand.
    pub fn add<E>(&self, report: &RunReport<E>) {
        let mut totals = self.0.lock();
        for ((end, _), count) in ENDS.iter().zip(&mut totals.runs) {
            *count += u64::from(report.end == *end);
        }
        let outcomes = [
            report.delivered,
            report.filtered,
            report.skipped,
            report.dead_lettered,
            report.failed,
            report.unprocessed,
        ];
        for (sum, count) in totals.outcomes.iter_mut().zip(outcomes) {
            *sum += count;
        }
        totals.taken += report.taken;
        totals.outputs += report.outputs;
        totals.close_errors += report.close_errors.len() as u64;
        for (at, stage) in report.stages.iter().enumerate() {
            match totals.stages.get_mut(at) {
                Some(sum) => add_stage(sum, stage),
                None => totals.stages.push(stage.clone()),
            }
        }
    }
}

/// Adds the counts of a further run; the name and the times are those of the last one.
fn add_stage(sum: &mut StageReport, last: &StageReport) {
    let (taken, given, errors) = (sum.taken, sum.given, sum.errors);
    sum.clone_from(last);
    sum.taken += taken;
    sum.given += given;
    sum.errors += errors;
}

impl Stats for RunTotals {
    fn tell(&self, metrics: &mut Collection) {
        let totals = self.0.lock();
        for ((_, end), count) in ENDS.iter().zip(totals.runs) {
            metrics.counter(
                "mtaio_pipeline_runs_total",
                "Runs, by how they ended.",
                &[("end", end)],
                count,
            );
        }
        for (outcome, count) in OUTCOMES.iter().zip(totals.outcomes) {
            let help = "Items, by what became of them.";
            metrics.counter("mtaio_pipeline_items_total", help, &[("outcome", outcome)], count);
        }
        metrics.counter(
            "mtaio_pipeline_taken_total",
            "Items taken from the source.",
            &[],
            totals.taken,
        );
        metrics.counter(
            "mtaio_pipeline_outputs_total",
            "What came out at the end.",
            &[],
            totals.outputs,
        );
        metrics.counter(
            "mtaio_pipeline_close_errors_total",
            "Stages that did not close.",
            &[],
            totals.close_errors,
        );
        for (at, stage) in totals.stages.iter().enumerate() {
            let at = at.to_string();
            let labels = [("position", at.as_str()), ("stage", stage.name.as_str())];
            tell_stage(stage, &labels, metrics);
        }
    }
}

fn tell_stage(stage: &StageReport, labels: &[(&str, &str)], metrics: &mut Collection) {
    let counts = [
        ("mtaio_pipeline_stage_taken_total", "Items that the stage began to work on.", stage.taken),
        ("mtaio_pipeline_stage_given_total", "Items that the stage gave.", stage.given),
        ("mtaio_pipeline_stage_errors_total", "Errors and panics of the stage.", stage.errors),
    ];
    for (name, help, count) in counts {
        metrics.counter(name, help, labels, count);
    }
    let times = [
        (
            "mtaio_pipeline_stage_mean_seconds",
            "The mean time for an item, in the last run.",
            stage.mean_latency,
        ),
        (
            "mtaio_pipeline_stage_longest_seconds",
            "The longest time for an item, in the last run.",
            stage.longest_latency,
        ),
    ];
    for (name, help, time) in times {
        metrics.gauge(name, help, labels, time.as_secs_f64());
    }
}
