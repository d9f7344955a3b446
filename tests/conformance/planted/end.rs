//! Runtimes whose end is not the end.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use mtaio_runtime::{DynRuntime, Instant, Runtime, TaskName};

use super::{BoxFuture, BoxSleep, Fault, Job, Odd, found, found_on_tokio};
use crate::common::Held;

/// A future that is not dropped with the task that it runs in.
struct Kept {
    future: Option<BoxFuture>,
    polled: bool,
    when: Keep,
}

#[derive(Clone, Copy, PartialEq)]
enum Keep {
    /// Whatever has not ended when the runtime ends.
    WhatIsLeft,
    /// What comes after the end.
    WhatComes,
}

impl Future for Kept {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.polled = true;
        let Some(future) = &mut self.future else { return Poll::Ready(()) };
        let polled = future.as_mut().poll(cx);
        if polled.is_ready() {
            self.future = None;
        }
        polled
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !self.polled || self.when == Keep::WhatIsLeft {
            mem::forget(self.future.take());
        }
    }
}

/// A job that is not dropped unless it has run.
struct KeptJob(Option<Job>);

impl Drop for KeptJob {
    fn drop(&mut self) {
        mem::forget(self.0.take());
    }
}

impl Fault for Keep {
    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, future: BoxFuture) {
        rt.spawn_detached(name, Kept { future: Some(future), polled: false, when: *self });
    }

    fn spawn_blocking(&self, rt: &DynRuntime, job: Job) {
        let mut job = KeptJob(Some(job));
        rt.spawn_blocking(Box::new(move || {
            if let Some(job) = job.0.take() {
                job();
            }
        }));
    }
}

#[test]
fn futures_that_outlive_their_runtime() {
    for check in ["gone_drops_what_is_left", "gone_though_tasks_hold_it"] {
        found(Keep::WhatIsLeft, check, "is still there");
        found_on_tokio(Keep::WhatIsLeft, check, "is still there");
    }
    let complaint = "a task goes on, and its runtime is gone";
    found(Keep::WhatIsLeft, "gone_is_what_tasks_answer", complaint);
}

#[test]
fn futures_and_jobs_that_come_after_the_end() {
    found(Keep::WhatComes, "gone_drops_new_tasks", "the future is kept");
    found(Keep::WhatComes, "gone_drops_new_jobs", "the job is kept");
}

/// Whether what is given to the runtime is dropped at once.
fn is_gone(rt: &DynRuntime) -> bool {
    let (held, dropped) = Held::new();
    rt.spawn_detached(TaskName::new("probe"), async move { drop(held) });
    dropped()
}

/// Its sleeps are over when their runtime is.
struct WakesUpDead;

impl Fault for WakesUpDead {
    fn sleep_until(&self, rt: &DynRuntime, deadline: Instant) -> BoxSleep {
        let inside = rt.clone();
        Odd::new(rt.sleep_until(deadline))
            .polled(move |sleep, cx| match sleep.as_mut().poll(cx) {
                Poll::Pending if is_gone(&inside) => Poll::Ready(()),
                polled => polled,
            })
            .boxed()
    }
}

#[test]
fn sleeps_that_end_with_their_runtime() {
    found(WakesUpDead, "gone_leaves_sleeps_pending", "it is over");
    found(WakesUpDead, "gone_makes_sleeps_without_end", "it is over");
}

/// Insists on a runtime that is there.
struct Insists;

impl Fault for Insists {
    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, future: BoxFuture) {
        assert!(!is_gone(rt), "there must be a runtime");
        rt.spawn_detached(name, future);
    }

    fn sleep_until(&self, rt: &DynRuntime, deadline: Instant) -> BoxSleep {
        assert!(!is_gone(rt), "there must be a runtime");
        rt.sleep_until(deadline)
    }
}

#[test]
fn a_handle_that_panics_after_the_end() {
    let complaint = "it panicked: there must be a runtime";
    found(Insists, "gone_drops_new_tasks", complaint);
    found(Insists, "gone_makes_sleeps_without_end", complaint);
    found_on_tokio(Insists, "gone_drops_new_tasks", complaint);
}
