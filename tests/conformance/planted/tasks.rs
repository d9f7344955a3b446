//! Tasks that are polled where they must not be, not at all, or in a context that is not theirs.

use std::future::poll_fn;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};

use mtaio_runtime::{Ambient, DynRuntime, Instant, Runtime, TaskName};

use super::wakers::Watched;
use super::{BoxFuture, BoxSleep, Fault, found, found_on_tokio};

/// Polls a future once where it is spawned: perhaps it is ready.
struct PollsInTheCall;

impl Fault for PollsInTheCall {
    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, mut future: BoxFuture) {
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            rt.spawn_detached(name, future);
        }
    }
}

#[test]
fn a_spawn_that_polls() {
    found(PollsInTheCall, "spawn_polls_nothing_by_itself", "it was polled in the call");
    found(PollsInTheCall, "context_of_a_bare_future_is_empty", "a bare future has a deadline");
}

/// Drops what its runtime returns for the task, and so cancels it.
struct CancelsAtOnce;

impl Fault for CancelsAtOnce {
    fn spawn_detached(&self, _: &DynRuntime, _: TaskName, future: BoxFuture) {
        drop(future);
    }
}

#[test]
fn a_spawn_that_cancels_at_once() {
    found(CancelsAtOnce, "spawn_detached_runs_to_the_end", "the bare future ends");
    found(CancelsAtOnce, "spawn_answers_the_value", "the task's runtime is gone");
    found(CancelsAtOnce, "cancel_not_by_detach", "it was dropped before its end");
}

/// Has room for a thousand tasks at a time.
#[derive(Default)]
struct LosesSome(AtomicU64);

impl Fault for LosesSome {
    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, future: BoxFuture) {
        if self.0.fetch_add(1, Ordering::Relaxed) % 1_000 < 999 {
            rt.spawn_detached(name, future);
        }
    }
}

#[test]
fn a_spawn_that_loses_some() {
    found(LosesSome::default(), "spawn_thousands", "in place of a value");
}

/// Polls on while a future wakes itself, and lets nobody else run.
struct NeverYields;

impl Fault for NeverYields {
    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, mut future: BoxFuture) {
        let unfair = poll_fn(move |cx| {
            loop {
                let watched = Watched::new(cx.waker());
                let polled = watched.poll(&mut future);
                if polled.is_ready() || !watched.was_woken() {
                    return polled;
                }
            }
        });
        rt.spawn_detached(name, unfair);
    }
}

#[test]
fn a_task_that_never_yields() {
    found(NeverYields, "spawn_lets_others_run", "another did not run");
}

/// Keeps a future that is ready, for its runtime's end to drop.
struct KeepsWhatIsReady;

impl Fault for KeepsWhatIsReady {
    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, future: BoxFuture) {
        let mut running = Some(future);
        let mut kept = None;
        let wasteful = poll_fn(move |cx| {
            let Some(future) = &mut running else { return Poll::Pending };
            if future.as_mut().poll(cx).is_ready() {
                kept = running.take();
            }
            let _ = &kept;
            Poll::<()>::Pending
        });
        rt.spawn_detached(name, wasteful);
    }
}

#[test]
fn a_future_that_is_kept_when_it_is_ready() {
    let check = "spawn_detached_drops_what_is_ready";
    found(KeepsWhatIsReady, check, "the future is dropped that was ready");
}

/// Hands the context of the spawn to what must not inherit it.
struct HandsOnTheContext;

impl Fault for HandsOnTheContext {
    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, future: BoxFuture) {
        rt.spawn_detached(name, Ambient::current().attach(future));
    }
}

#[test]
fn a_context_that_is_not_the_task_s_own() {
    let check = "context_of_a_bare_future_is_empty";
    found(HandsOnTheContext, check, "a bare future has a deadline");
    found_on_tokio(HandsOnTheContext, check, "a bare future has a deadline");
}

/// Finds its runtime by the thread that it is called on, and on other threads finds none.
#[derive(Default)]
struct LosesTheContext(OnceLock<ThreadId>);

impl LosesTheContext {
    fn look(&self) {
        assert_eq!(self.0.get(), Some(&thread::current().id()), "there is no runtime here");
    }
}

impl Fault for LosesTheContext {
    fn begin(&self) {
        self.0.set(thread::current().id()).expect("it begins once");
    }

    fn sleep_until(&self, rt: &DynRuntime, deadline: Instant) -> BoxSleep {
        self.look();
        rt.sleep_until(deadline)
    }

    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, future: BoxFuture) {
        self.look();
        rt.spawn_detached(name, future);
    }
}

#[test]
fn a_context_that_is_lost_on_other_threads() {
    for check in [
        "spawn_from_foreign_threads",
        "sleep_made_on_a_foreign_thread",
        "context_stays_off_foreign_threads",
    ] {
        found(LosesTheContext::default(), check, "there is no runtime here");
    }
    let check = "sleep_made_on_a_foreign_thread";
    found_on_tokio(LosesTheContext::default(), check, "there is no runtime here");
}
