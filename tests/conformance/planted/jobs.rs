//! Blocking jobs that run where they must not.

use std::sync::atomic::{AtomicU64, Ordering};

use mtaio_runtime::{DynRuntime, Runtime, TaskName};

use super::{Fault, Job, found, found_on_tokio, stuck_on_tokio};

/// Blocks who asked for it.
struct RunsInTheCall;

impl Fault for RunsInTheCall {
    fn spawn_blocking(&self, _: &DynRuntime, job: Job) {
        job();
    }
}

#[test]
fn a_job_that_runs_in_the_call() {
    found(RunsInTheCall, "blocking_runs_nothing_in_the_call", "the job ran in the call");
    found_on_tokio(RunsInTheCall, "blocking_runs_nothing_in_the_call", "the job ran in the call");
}

/// Runs jobs as tasks. That is right where nothing is lost by it, as in a simulation.
struct RunsAmongTheTasks;

impl Fault for RunsAmongTheTasks {
    fn spawn_blocking(&self, rt: &DynRuntime, job: Job) {
        rt.spawn_detached(TaskName::new("job"), async move { job() });
    }
}

#[test]
fn a_job_that_holds_up_the_tasks() {
    stuck_on_tokio(RunsAmongTheTasks, "blocking_holds_up_no_task");
}

/// Has room for ten jobs at a time.
#[derive(Default)]
struct LosesSome(AtomicU64);

impl Fault for LosesSome {
    fn spawn_blocking(&self, rt: &DynRuntime, job: Job) {
        if self.0.fetch_add(1, Ordering::Relaxed) < 10 {
            rt.spawn_blocking(job);
        }
    }
}

#[test]
fn jobs_that_are_lost() {
    found(LosesSome::default(), "blocking_by_the_dozen", "the task's runtime is gone");
}
