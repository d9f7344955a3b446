//! Pipelines: every item has one end, in order where it is promised, whatever fails or is cancelled.

#![allow(clippy::expect_used, unreachable_pub, reason = "a test may fail, and is no library")]

#[path = "../common/mod.rs"]
mod common;

mod arity;
mod boxed;
mod conservation;
mod details;
mod drain;
mod errors;
mod open;
mod panics;
mod progress;
mod transforms;
mod turns;

use mtaio::pipeline::RunReport;

/// Holds the report to what it promises of each item.
#[track_caller]
fn assert_conserved<E: std::fmt::Debug>(report: &RunReport<E>) {
    let ends = report.delivered
        + report.filtered
        + report.skipped
        + report.dead_lettered
        + report.failed
        + report.unprocessed;
    assert_eq!(ends, report.taken, "{report:?}");
}
