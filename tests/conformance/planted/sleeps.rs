//! Timers that wake the wrong one, at the wrong time, or not at all.

use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Instant, Runtime, TaskName};

use super::{BoxSleep, Fault, Odd, found, stuck_on_tokio};

/// Wakes who polled first, whoever polled since.
struct StaleWaker;

impl Fault for StaleWaker {
    fn sleep_until(&self, rt: &DynRuntime, deadline: Instant) -> BoxSleep {
        let mut first = None::<Waker>;
        Odd::new(rt.sleep_until(deadline))
            .polled(move |sleep, cx| {
                let first = first.get_or_insert_with(|| cx.waker().clone());
                sleep.as_mut().poll(&mut Context::from_waker(first))
            })
            .boxed()
    }
}

#[test]
fn a_stale_waker() {
    found(StaleWaker, "sleep_wakes_the_last_waker", "the waker of the last poll is woken");
    found(StaleWaker, "sleep_moves_between_tasks", "the last task is woken");
    found(StaleWaker, "sleep_moves_between_threads", "the task that polled last is woken");
    found(StaleWaker, "reset_and_moved_to_another_task", "the other task is woken");
    stuck_on_tokio(StaleWaker, "sleep_moves_between_tasks");
}

/// Wakes everybody who ever polled.
struct WakesThemAll;

impl Fault for WakesThemAll {
    fn sleep_until(&self, rt: &DynRuntime, deadline: Instant) -> BoxSleep {
        let inside = rt.clone();
        Odd::new(rt.sleep_until(deadline))
            .polled(move |sleep, cx| {
                if sleep.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                let (timer, waker) = (inside.sleep_until(deadline), cx.waker().clone());
                inside.spawn_detached(TaskName::new("timer"), async move {
                    timer.await;
                    waker.wake();
                });
                Poll::Pending
            })
            .boxed()
    }
}

#[test]
fn a_waker_that_is_never_forgotten() {
    found(WakesThemAll, "sleep_wakes_the_last_waker", "the waker of an earlier poll was woken");
    found(WakesThemAll, "sleep_that_is_dropped_is_gone", "has woken somebody");
}

/// Counts in whole milliseconds, and rounds down.
struct RoundsDown;

impl Fault for RoundsDown {
    fn sleep_until(&self, rt: &DynRuntime, deadline: Instant) -> BoxSleep {
        rt.sleep_until(Instant::from_nanos(deadline.as_nanos() / 1_000_000 * 1_000_000))
    }
}

#[test]
fn sleeps_that_are_early() {
    found(RoundsDown, "sleep_is_never_early", "a sleep of 1µs took 0ns");
    found(RoundsDown, "clock_agrees_with_the_timers", "early");
    found(RoundsDown, "sleep_by_the_thousand", "one of them was early");
}

/// Every second timer goes to a wheel that turns ten times a second only.
#[derive(Default)]
struct TwoWheels(AtomicU64);

impl Fault for TwoWheels {
    fn sleep_until(&self, rt: &DynRuntime, deadline: Instant) -> BoxSleep {
        const TURN: u64 = 100_000_000;
        match self.0.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => rt.sleep_until(deadline),
            _ => rt.sleep_until(Instant::from_nanos(deadline.as_nanos().div_ceil(TURN) * TURN)),
        }
    }
}

#[test]
fn sleeps_that_end_out_of_order() {
    found(TwoWheels::default(), "sleep_ends_in_order", "was over before the one number");
}

/// Keeps the milliseconds to wait in 32 bits.
struct Overflows;

impl Fault for Overflows {
    fn sleep_until(&self, rt: &DynRuntime, deadline: Instant) -> BoxSleep {
        let wait = deadline - rt.now();
        #[allow(clippy::cast_possible_truncation, reason = "that is the fault")]
        let millis = wait.as_millis() as u32;
        rt.sleep_until(deadline.min(rt.now() + Duration::from_millis(u64::from(millis) + 1)))
    }
}

#[test]
fn a_far_future_that_overflows() {
    found(Overflows, "sleep_far_into_the_future", "the endless sleep number");
}

/// Has no timers for what is over already.
struct NothingForThePast;

impl Fault for NothingForThePast {
    fn sleep_until(&self, rt: &DynRuntime, deadline: Instant) -> BoxSleep {
        rt.sleep_until(if deadline > rt.now() { deadline } else { Instant::MAX })
    }
}

#[test]
fn sleeps_of_no_time_that_never_end() {
    found(NothingForThePast, "sleep_of_nothing_is_soon_over", "deadlock");
    found(NothingForThePast, "sleep_until_long_ago_is_over_at_once", "is pending");
}

/// Begins to count when it is polled.
struct LazyStart;

impl Fault for LazyStart {
    fn sleep_until(&self, rt: &DynRuntime, deadline: Instant) -> BoxSleep {
        let (inside, mut wait) = (rt.clone(), Some(deadline - rt.now()));
        Odd::new(rt.sleep_until(Instant::MAX))
            .polled(move |sleep, cx| {
                if let Some(wait) = wait.take() {
                    sleep.as_mut().reset(inside.now() + wait);
                }
                sleep.as_mut().poll(cx)
            })
            .boxed()
    }
}

#[test]
fn sleeps_that_begin_with_their_first_poll() {
    found(LazyStart, "sleep_begins_when_it_is_made", "are not over");
}

/// Which resets have no effect.
enum ResetIgnored {
    Always,
    ToEarlier,
    ToLater,
    AfterReady,
}

impl Fault for ResetIgnored {
    fn sleep_until(&self, rt: &DynRuntime, deadline: Instant) -> BoxSleep {
        let odd = Odd::new(rt.sleep_until(deadline));
        let mut present = deadline;
        match self {
            Self::Always => odd.resets(|_, _| {}).boxed(),
            Self::ToEarlier => odd
                .resets(move |sleep, deadline| {
                    present = present.max(deadline);
                    sleep.as_mut().reset(present);
                })
                .boxed(),
            Self::ToLater => odd
                .resets(move |sleep, deadline| {
                    present = present.min(deadline);
                    sleep.as_mut().reset(present);
                })
                .boxed(),
            Self::AfterReady => {
                let mut ready = false;
                odd.polled(move |sleep, cx| {
                    if !ready && sleep.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    ready = true;
                    Poll::Ready(())
                })
                .boxed()
            }
        }
    }
}

#[test]
fn resets_that_are_ignored() {
    found(ResetIgnored::Always, "reset_before_the_first_poll", "took 3600s");
    found(ResetIgnored::Always, "reset_many_times", "late");
}

#[test]
fn resets_to_earlier_that_are_ignored() {
    found(ResetIgnored::ToEarlier, "reset_to_earlier", "took 3600s");
    found(ResetIgnored::ToEarlier, "reset_to_the_past", "moved to the past took");
}

#[test]
fn resets_to_later_that_are_ignored() {
    found(ResetIgnored::ToLater, "reset_to_later", "early");
    found(ResetIgnored::ToLater, "reset_to_later_when_time_is_up", "early");
    found(ResetIgnored::ToLater, "reset_to_never_and_back", "has come");
}

#[test]
fn resets_after_the_end_that_are_ignored() {
    found(ResetIgnored::AfterReady, "reset_after_it_was_ready", "early the time number 1");
}
