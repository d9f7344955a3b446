//! What may be set, and what it comes to.

use std::time::Duration;

use allocation_counter::measure;
use mtaio::ConfigError;
use mtaio::Retryable;
use mtaio::limit::{AcquireError, ConcurrencyLimiter, TryAcquireError};
use mtaio_sim::Sim;

use crate::common::{Wakes, poll_with};

#[track_caller]
fn refused<T>(built: Result<T, ConfigError>, field: &str, value: &str) {
    let Err(error) = built else { panic!("`{field}` of {value} was let in") };
    assert_eq!((error.field(), error.value()), (field, value));
}

#[test]
fn mistakes_are_refused_by_name() {
    Sim::run(0, |rt| async move {
        refused(ConcurrencyLimiter::new(&rt, 0), "limit", "0");
        let limiter = ConcurrencyLimiter::new(&rt, u32::MAX).expect("the most there is");
        refused(limiter.set_limit(0), "limit", "0");
        refused(limiter.clone().longest_wait(Duration::ZERO), "longest_wait", "0ns");
        refused(
            limiter.clone().longest_wait(Duration::MAX),
            "longest_wait",
            "18446744073709551615.999999999s",
        );
        for weight in [0, 6] {
            limiter.set_limit(5).expect("a limit");
            let tried = limiter.try_acquire_many(weight).expect_err("never admitted");
            assert!(!tried.is_retryable());
            let TryAcquireError::Weight(told) = tried else { panic!("{tried}") };
            assert_eq!((told.weight(), told.most()), (weight, 5));
            let waited = limiter.acquire_many(weight).await.expect_err("never admitted");
            assert_eq!(waited, AcquireError::Weight(told), "at once, not a wait for ever");
        }
    });
}

#[test]
fn the_largest_numbers_add_up() {
    Sim::run(0, |rt| async move {
        let limiter = ConcurrencyLimiter::new(&rt, u32::MAX).expect("the most there is");
        let all = limiter.acquire_many(u32::MAX).await.expect("all is free");
        let wakes = Wakes::new();
        let mut waits = std::pin::pin!(limiter.acquire_many(u32::MAX));
        assert!(poll_with(waits.as_mut(), &wakes).is_pending());
        limiter.set_limit(1).expect("a limit");
        assert!(matches!(poll_with(waits.as_mut(), &wakes), std::task::Poll::Ready(Err(_))));
        assert_eq!(limiter.stats().in_use, u64::from(u32::MAX));
        limiter.set_limit(u32::MAX).expect("a limit");
        drop(all);
        assert_eq!(limiter.stats().in_use, 0);
        drop(limiter.try_acquire_many(u32::MAX).expect("all is free"));
    });
}

#[test]
fn permits_that_are_forgotten_come_back_with_the_next_limit() {
    Sim::run(0, |rt| async move {
        let limiter = ConcurrencyLimiter::new(&rt, 3).expect("a limit");
        limiter.acquire_many(2).await.expect("free").forget();
        assert_eq!((limiter.limit(), limiter.stats().in_use), (1, 0));
        limiter.acquire_owned().await.expect("free").forget();
        let none = limiter.acquire().await.expect_err("none is left");
        assert_eq!(none.to_string(), "`weight` is 1, allowed is 1 to 0");
        limiter.set_limit(3).expect("a limit");
        drop(limiter.try_acquire_many(3).expect("all are back"));
        // One that the limiter was not told of stays out.
        std::mem::forget(limiter.try_acquire().expect("free"));
        limiter.set_limit(4).expect("a limit");
        assert!(limiter.try_acquire_many(4).is_err());
        assert!(limiter.try_acquire_many(3).is_ok());
    });
}

#[test]
fn to_come_and_go_allocates_nothing() {
    Sim::run(0, |rt| async move {
        let limiter = ConcurrencyLimiter::new(&rt, 2).expect("a limit");
        let wakes = Wakes::new();
        let round = || {
            let one = limiter.try_acquire().expect("free");
            let other = limiter.try_acquire_owned().expect("free");
            let mut waits = limiter.acquire();
            assert!(poll_with(std::pin::Pin::new(&mut waits), &wakes).is_pending());
            drop(one);
            assert!(poll_with(std::pin::Pin::new(&mut waits), &wakes).is_ready());
            drop((limiter.try_acquire(), other));
        };
        (0..3).for_each(|_| round());
        assert_eq!(measure(|| (0..100).for_each(|_| round())).count_total, 0);
    });
}
