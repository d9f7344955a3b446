//! Windows: how much in each, and in any.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mtaio::limit::{TryAcquireError, WeightError, Window, WindowLimiter, WindowPermit};
use mtaio::{Instant, Retryable, Runtime, RuntimeExt};
use mtaio_runtime::Ambient;
use mtaio_sim::Sim;

use crate::common::{WORKER, done_or_dropped, on_every_runtime, survives};
use crate::{at, ms};

const LIMIT: u32 = 4;

fn windows(rt: &Sim, window: Window) -> WindowLimiter<Sim> {
    WindowLimiter::with_runtime(rt, window, LIMIT).expect("a limit")
}

#[test]
fn a_fixed_window_is_full_and_then_the_next_one_is_not() {
    Sim::run(0, |rt| async move {
        let limiter = windows(&rt, Window::Fixed(ms(10)));
        rt.sleep(ms(7)).await;
        limiter.try_acquire_many(3).expect("there is room");
        let refused = limiter.try_acquire_many(2).unwrap_err();
        assert_eq!(refused.retry_after(), Some(ms(3)));
        assert!(limiter.try_acquire().is_ok());
        // All who wait: two windows of them.
        for when in [10, 10, 10, 10, 20] {
            limiter.acquire().await.expect("there is no deadline");
            assert_eq!(rt.now(), at(when));
        }
        rt.sleep(ms(1_000_000)).await;
        assert_eq!(limiter.stats().available, LIMIT);
    });
}

#[test]
fn a_sliding_window_counts_what_is_left_of_the_one_before() {
    Sim::run(0, |rt| async move {
        let limiter = windows(&rt, Window::Sliding(ms(100)));
        limiter.try_acquire_many(4).expect("there is room");
        // One comes back with each quarter of the next window.
        let mut times = Vec::new();
        for _ in 0..4 {
            limiter.acquire().await.expect("there is no deadline");
            times.push((rt.now() - Instant::ZERO).as_millis());
        }
        assert_eq!(times, [125, 150, 175, 200]);
        let refused = limiter.try_acquire().unwrap_err();
        // Three in the window before, of which three quarters may count.
        assert!(refused.retry_after().is_some_and(|after| after <= ms(100)));
        rt.sleep(ms(250)).await;
        assert_eq!(limiter.stats().available, LIMIT);
    });
}

#[test]
fn what_is_given_back_goes_to_its_window() {
    Sim::run(0, |rt| async move {
        let limiter = windows(&rt, Window::Fixed(ms(10)));
        let permit = limiter.try_acquire_many(4).expect("there is room");
        limiter.refund(permit);
        assert_eq!(limiter.stats().available, 4);
        let permit: WindowPermit = limiter.try_acquire_many(4).expect("there is room");
        rt.sleep(ms(10)).await;
        limiter.try_acquire_many(2).expect("there is room");
        limiter.refund(permit);
        assert_eq!(limiter.stats().available, 2, "its window is over");
    });
}

#[test]
fn settings_and_weights_that_make_no_sense_are_refused() {
    Sim::run(0, |rt| async move {
        let new = |window, limit| WindowLimiter::new(&rt, window, limit).map(drop).unwrap_err();
        assert_eq!(new(Window::Fixed(ms(1)), 0).field(), "limit");
        for length in [Duration::ZERO, Duration::MAX] {
            assert_eq!(new(Window::Fixed(length), 1).field(), "window");
            assert_eq!(new(Window::Sliding(length), 1).field(), "window");
        }
        let limiter = windows(&rt, Window::Fixed(ms(1)));
        for weight in [0, 5] {
            let error = WeightError::new(weight, 4);
            assert_eq!(limiter.try_acquire_many(weight), Err(TryAcquireError::Weight(error)));
            assert_eq!(limiter.acquire_many(weight).await, Err(error.into()));
        }
    });
}

/// Some are heavy, so that how long one waits is not known at once: it ends at the deadline.
#[test]
fn a_deadline_ends_a_wait() {
    Sim::run(0, |rt| async move {
        let limiter = windows(&rt, Window::Fixed(ms(10)));
        limiter.try_acquire_many(4).expect("there is room");
        let heavy: Vec<_> = (0..3)
            .map(|_| {
                let limiter = limiter.clone();
                rt.spawn(async move { limiter.acquire_many(3).await })
            })
            .collect();
        rt.run_until_stalled().await;
        let ambient = Ambient::empty().with_deadline(at(33));
        assert!(ambient.attach(limiter.acquire_many(3)).await.is_err());
        assert_eq!(rt.now(), at(33));
        for task in heavy {
            assert!(matches!(task.await, Ok(Ok(_))));
        }
        assert_eq!(limiter.stats().waiting, 0);
    });
}

async fn model(rt: Sim, window: Window) {
    let limiter = windows(&rt, window);
    let taken = Arc::new(Mutex::new(Vec::new()));
    let workers: Vec<_> = (0..4_u32)
        .map(|number| {
            let (limiter, taken, rt) = (limiter.clone(), Arc::clone(&taken), rt.clone());
            rt.clone().spawn_named(WORKER, async move {
                for round in 0..4 {
                    let weight = 1 + (number + round) % LIMIT;
                    limiter.acquire_many(weight).await.expect("there is no deadline");
                    taken.lock().unwrap_or_else(PoisonError::into_inner).push((rt.now(), weight));
                    rt.sleep(ms(u64::from(3 * number))).await;
                }
            })
        })
        .collect();
    for worker in workers {
        done_or_dropped(worker.await);
    }
    limiter.acquire().await.expect("there is no deadline");
    assert_eq!(limiter.stats().waiting, 0);
    let taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    for &(start, _) in taken.iter() {
        let window_of = |instant: Instant| (instant - Instant::ZERO).as_nanos() / ms(10).as_nanos();
        let same = taken.iter().filter(|(instant, _)| window_of(*instant) == window_of(start));
        let admitted: u32 = same.map(|(_, weight)| weight).sum();
        assert!(admitted <= LIMIT, "{admitted} in the window of {start:?}");
    }
}

#[test]
fn no_window_has_more_than_its_limit() {
    survives(|rt| model(rt, Window::Fixed(ms(10))));
    survives(|rt| model(rt, Window::Sliding(ms(10))));
}

async fn all_come_through<R: Runtime>(rt: R) {
    let limiter = WindowLimiter::new(&rt, Window::Sliding(ms(5)), 10).expect("a limit");
    let tasks: Vec<_> = (0..40)
        .map(|_| {
            let limiter = limiter.clone();
            rt.spawn(async move { limiter.acquire().await })
        })
        .collect();
    for task in tasks {
        assert!(matches!(task.await, Ok(Ok(_))));
    }
}

on_every_runtime!(seeds = 10; all_come_through);
