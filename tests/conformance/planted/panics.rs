//! Panics that are swallowed, and panics that take others with them.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use mtaio_runtime::{DynRuntime, Runtime, TaskName};

use super::{BoxFuture, Fault, Job, found, stuck_on_tokio};

/// Catches the panic of a future, and forgets that the future has ended.
struct Swallows;

impl Fault for Swallows {
    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, mut future: BoxFuture) {
        let task = poll_fn(move |cx| {
            catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))).unwrap_or(Poll::Pending)
        });
        rt.spawn_detached(name, task);
    }
}

#[test]
fn a_panic_that_is_swallowed() {
    stuck_on_tokio(Swallows, "panic_of_a_bare_future");
}

/// A panic ends the thread that polls, and with it all the tasks, or all the jobs.
#[derive(Default)]
struct EndsTheThread {
    tasks: Arc<AtomicBool>,
    jobs: Arc<AtomicBool>,
}

impl Fault for EndsTheThread {
    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, mut future: BoxFuture) {
        let ended = Arc::clone(&self.tasks);
        let task = poll_fn(move |cx| {
            if ended.load(Ordering::SeqCst) {
                return Poll::Pending;
            }
            let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
            polled.unwrap_or_else(|_| {
                ended.store(true, Ordering::SeqCst);
                Poll::Ready(())
            })
        });
        rt.spawn_detached(name, task);
    }

    fn spawn_blocking(&self, rt: &DynRuntime, job: Job) {
        let ended = Arc::clone(&self.jobs);
        rt.spawn_blocking(Box::new(move || {
            if !ended.load(Ordering::SeqCst) && catch_unwind(AssertUnwindSafe(job)).is_err() {
                ended.store(true, Ordering::SeqCst);
            }
        }));
    }
}

#[test]
fn a_panic_that_ends_other_tasks() {
    stuck_on_tokio(EndsTheThread::default(), "panic_of_a_bare_future");
}

#[test]
fn a_panic_that_ends_other_jobs() {
    let check = "blocking_panic_of_a_bare_job";
    found(EndsTheThread::default(), check, "in place of a value: the task's runtime is gone");
}
