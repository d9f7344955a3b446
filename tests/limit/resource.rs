//! A rate and so many at once: both, or nothing.

use std::task::Poll;

use mtaio::limit::{AcquireError, ConcurrencyLimiter, Limiter, ResourceLimiter, TryAcquireError};
use mtaio::time::timeout;
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::a_rate;
use crate::common::{
    Census, WORKER, Wakes, done_or_dropped, ms, on_every_runtime, poll_with, survives,
};

on_every_runtime!(seeds = 20; both_limits_hold);

fn limiter<R: Runtime>(rt: &R, at_once: u32, rate: u32, burst: u32) -> ResourceLimiter<R> {
    let concurrency = ConcurrencyLimiter::with_runtime(rt, at_once).expect("a limit");
    let rate = a_rate(rt, rate, burst);
    ResourceLimiter::new(concurrency, rate)
}

async fn both_limits_hold<R: Runtime>(rt: R) {
    let limiter = limiter(&rt, 2, 500, 1);
    let (census, start) = (Census::default(), rt.now());
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (rt, limiter, census) = (rt.clone(), limiter.clone(), census.clone());
            let spawner = rt.clone();
            spawner.spawn(async move {
                let _permit = limiter.acquire().await.expect("its turn comes");
                let _alive = census.enter();
                rt.sleep(ms(1)).await;
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it ends");
    }
    assert!(census.most() <= 2);
    // While somebody waits, a rate makes up for timers that are a little late.
    assert!(rt.now() - start >= ms(10), "{:?}", rt.now() - start);
    assert_eq!(limiter.concurrency().stats().in_use, 0);
}

#[test]
fn who_gives_up_has_cost_nothing() {
    Sim::run(0, |rt| async move {
        let limiter = limiter(&rt, 1, 10, 1);
        let wakes = Wakes::new();

        // It waits for the permit: nothing of the rate is gone.
        let held = limiter.concurrency().try_acquire().expect("free");
        let mut waits = Box::pin(limiter.acquire());
        assert!(poll_with(waits.as_mut(), &wakes).is_pending());
        drop(waits);
        drop(held);
        drop(limiter.try_acquire().expect("both are free"));

        // It waits for the rate, with the permit in hand.
        let mut first = Box::pin(limiter.acquire());
        assert!(poll_with(first.as_mut(), &wakes).is_pending());
        assert_eq!(limiter.concurrency().stats().in_use, 1);
        let mut second = Box::pin(limiter.acquire());
        assert!(poll_with(second.as_mut(), &wakes).is_pending());
        assert_eq!(limiter.waiting(), 1);
        assert!(limiter.try_acquire().is_err(), "nobody overtakes");
        drop(first);
        rt.sleep(ms(100)).await;
        assert!(matches!(poll_with(second.as_mut(), &wakes), Poll::Ready(Ok(_))));
        drop(second);

        // What is refunded is there for the next.
        rt.sleep(ms(100)).await;
        let permit = limiter.try_acquire().expect("both are free");
        limiter.refund(permit, 1);
        drop(limiter.try_acquire().expect("both are free"));

        // One that has got the permit at once, but not the rate, gives it back.
        assert!(limiter.try_acquire().is_err());
        assert_eq!(limiter.concurrency().stats().in_use, 0);
    });
}

#[test]
fn a_wait_has_one_end() {
    Sim::run(0, |rt| async move {
        let concurrency = ConcurrencyLimiter::with_runtime(&rt, 2).expect("a limit");
        let patient = concurrency.clone().longest_wait(ms(30)).expect("a time");
        let rate = a_rate(&rt, 1, 4);
        let limiter = ResourceLimiter::new(patient, rate);
        let start = rt.now();
        limiter.rate().try_acquire_many(4).expect("a burst");
        let late = limiter.acquire().await.map(drop);
        let Err(AcquireError::Elapsed(elapsed)) = late else { panic!("{late:?}") };
        assert!(!elapsed.is_inherited());
        assert_eq!(elapsed.limit(), ms(30));
        assert!(rt.now() - start <= ms(30), "not once for each part");
        assert_eq!(limiter.concurrency().stats().in_use, 0);

        // Heavier than either is refused at once, also behind others.
        let held = concurrency.try_acquire_many(2).expect("free");
        let wakes = Wakes::new();
        let mut waits = Box::pin(limiter.acquire());
        assert!(poll_with(waits.as_mut(), &wakes).is_pending());
        for weight in [0, 3, 5] {
            let refused = limiter.try_acquire_many(weight).map(drop);
            assert!(matches!(refused, Err(TryAcquireError::Weight(_))), "{refused:?}");
            let refused = limiter.acquire_many(weight).await.map(drop);
            assert!(matches!(refused, Err(AcquireError::Weight(_))), "{refused:?}");
        }
        drop((waits, held));
    });
}

#[test]
fn nothing_is_lost_wherever_they_are_dropped() {
    survives(|rt| async move {
        let limiter = limiter(&rt, 2, 1_000, 2);
        let workers: Vec<_> = (0..5_u32)
            .map(|number| {
                let (rt, limiter) = (rt.clone(), limiter.clone());
                let spawner = rt.clone();
                spawner.spawn_named(WORKER, async move {
                    let weight = 1 + number % 2;
                    let permit = limiter.acquire_many(weight).await.expect("its turn comes");
                    rt.sleep(ms(u64::from(number % 3))).await;
                    if number == 3 {
                        limiter.refund(permit, weight);
                    }
                })
            })
            .collect();
        for worker in workers {
            done_or_dropped(worker.await);
        }
        rt.sleep(ms(20)).await;
        assert_eq!((limiter.concurrency().stats().in_use, limiter.waiting()), (0, 0));
        drop(limiter.try_acquire_many(2).expect("all is free"));
    });
}

/// Whatever else it would have to wait for before that.
#[test]
fn what_is_too_heavy_for_the_rate_is_refused_at_once_also_while_nothing_is_free() {
    Sim::run(0, |rt| async move {
        let limiter = limiter(&rt, 8, 10, 5);
        let all = limiter.concurrency().acquire_many(8).await.expect("nobody else is there");
        let refused = limiter.try_acquire_many(6).expect_err("its burst is 5");
        assert_eq!(refused.to_string(), "`weight` is 6, allowed is 1 to 5");
        let started = rt.now();
        let refused = timeout(&rt, ms(50), Limiter::acquire_many(&limiter, 6)).await;
        assert!(matches!(refused, Ok(Err(AcquireError::Weight(_)))), "{:?}", refused.err());
        assert_eq!(rt.now(), started);

        // With somebody first in line too.
        let mut first = Box::pin(limiter.acquire());
        assert!(poll_with(first.as_mut(), &Wakes::new()).is_pending());
        let refused = timeout(&rt, ms(50), Limiter::acquire_many(&limiter, 6)).await;
        assert!(matches!(refused, Ok(Err(AcquireError::Weight(_)))), "{:?}", refused.err());
        drop((first, all));
    });
}
