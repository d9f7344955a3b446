//! Rates and their arithmetic, on instants that the test gives.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use mtaio::limit::{Rate, RateLimiter, TryAcquireError, WeightError};
use mtaio::{ConfigError, Instant, Retryable, Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::{at, limiter, ms, per_second};

const DAY: Duration = Duration::from_secs(86_400);

/// When the `count`-th after an empty bucket is admitted, as the limiter itself says.
fn time_of(limiter: &RateLimiter<Sim>, start: Instant, count: u32) -> Duration {
    let mut now = start;
    for _ in 0..count {
        while let Err(refused) = limiter.try_acquire_at(now) {
            now += refused.retry_after().expect("a rate knows when");
        }
    }
    now - start
}

#[test]
fn rates_are_kept_to_a_millionth() {
    Sim::run(0, |rt| async move {
        let per_second =
            [1_u64, 3, 7, 1_000, 44_100, 1_000_003, 300_000_007, 700_000_000, 1_000_000_000];
        let others = [(1, DAY), (7, DAY), (1, DAY * 365), (1, DAY * 36_000)];
        let rates = per_second.map(|count| (count, Duration::from_secs(1)));
        for (count, period) in rates.into_iter().chain(others) {
            let rate = Rate::new(count, period).expect("a rate");
            let limiter = limiter(&rt, rate, 1);
            limiter.try_acquire_at(rt.now()).expect("it is full");
            // A clock shows no more than 584 years.
            let items = (300 * 365 * DAY.as_secs() * count / period.as_secs()).min(20_000) as u32;
            let took = time_of(&limiter, rt.now(), items).as_secs_f64();
            let needs = f64::from(items) * period.as_secs_f64() / count as f64;
            // The last one is told to the nanosecond.
            let error = (took - needs).abs() - 1e-9;
            assert!(error <= needs * 1e-6, "{count} in {period:?}: {took} s instead of {needs} s");
        }
    });
}

#[test]
fn a_large_burst_is_as_exact() {
    Sim::run(0, |rt| async move {
        for (rate, burst) in
            [(1_000_000_000, 1_000_000_000), (1, u32::MAX / 2), (700_000_000, 1_000_000)]
        {
            let limiter = limiter(&rt, per_second(rate), burst);
            let start = rt.now();
            limiter.try_acquire_many_at(burst, start).expect("it is full");
            let refused = limiter.try_acquire_many_at(burst, start).unwrap_err();
            let took = refused.retry_after().expect("a rate knows when").as_secs_f64();
            let needs = f64::from(burst) / f64::from(rate);
            assert!((took / needs - 1.0).abs() < 1e-6, "{took} instead of {needs}");
        }
    });
}

/// Instants for ever: the unit of time is fine, and an idle limiter is as full after a century as
/// after a second.
#[test]
fn time_does_not_run_out() {
    Sim::run(0, |rt| async move {
        for rate in
            [per_second(1_000_000_000), per_second(1_000), Rate::per_day(1).expect("a rate")]
        {
            let limiter = limiter(&rt, rate, 3);
            let mut now = rt.now();
            for step in 0..200_u32 {
                for _ in 0..3 {
                    assert_eq!(limiter.try_acquire_at(now), Ok(()), "{rate} at {now:?}");
                }
                assert!(limiter.try_acquire_at(now).is_err(), "{rate} at {now:?}");
                // What is before that, but not by much, is no later.
                assert!(limiter.try_acquire_at(now - rate.period()).is_err());
                now += rate.period() * 3 + Duration::from_nanos(1 << (step % 56));
            }
        }
    });
}

#[test]
fn a_new_rate_keeps_what_is_owed() {
    Sim::run(0, |rt| async move {
        let limiter = limiter(&rt, per_second(10), 10);
        limiter.try_acquire_many(8).expect("it is full");
        for (rate, owed_for) in [(100, 80), (1, 8_000), (1_000, 8), (10, 800)] {
            limiter.set_rate(per_second(rate)).expect("a short burst");
            assert_eq!(limiter.rate(), per_second(rate));
            assert_eq!(limiter.stats().available, 2);
            let refused = limiter.try_acquire_many(10).unwrap_err();
            assert_eq!(refused.retry_after(), Some(ms(owed_for)));
        }
        // What is there is kept too: nobody owes less than nothing.
        rt.sleep(ms(800)).await;
        limiter.set_rate(per_second(1)).expect("a short burst");
        assert_eq!(limiter.stats().available, 10);
    });
}

/// Half a time for an item at one rate, and half of one at another, is an item.
#[test]
fn parts_of_tokens_are_kept() {
    Sim::run(0, |rt| async move {
        let limiter = limiter(&rt, per_second(1), 1);
        limiter.try_acquire().expect("it is full");
        rt.sleep(ms(500)).await;
        limiter.set_rate(per_second(10)).expect("a short burst");
        limiter.acquire().await.expect("there is no deadline");
        assert_eq!(rt.now(), at(550));
    });
}

#[test]
fn those_who_wait_get_the_new_rate() {
    Sim::run(0, |rt| async move {
        let limiter = limiter(&rt, Rate::per_day(1).expect("a rate"), 1);
        limiter.try_acquire().expect("it is full");
        let waits = rt.spawn({
            let limiter = limiter.clone();
            async move { limiter.acquire().await }
        });
        rt.sleep(ms(10)).await;
        limiter.set_rate(per_second(100)).expect("a short burst");
        waits.await.expect("it is not dropped").expect("there is no deadline");
        assert!(at(19) <= rt.now() && rt.now() <= at(21), "{:?}", rt.now());
    });
}

#[test]
fn refunds_go_up_to_the_burst() {
    Sim::run(0, |rt| async move {
        let limiter = limiter(&rt, per_second(1), 5);
        limiter.try_acquire_many(3).expect("it is full");
        limiter.refund(1);
        assert_eq!(limiter.stats().available, 3);
        limiter.refund(u32::MAX);
        assert_eq!(limiter.stats().available, 5);
        limiter.try_acquire_many(5).expect("it is full");
        assert!(limiter.try_acquire().is_err());
    });
}

#[test]
fn weights_that_never_fit_are_refused_at_once() {
    Sim::run(0, |rt| async move {
        let limiter = limiter(&rt, per_second(1), 5);
        for weight in [0, 6, u32::MAX] {
            let error = WeightError::new(weight, 5);
            assert_eq!(limiter.try_acquire_many(weight), Err(TryAcquireError::Weight(error)));
            assert_eq!(limiter.acquire_many(weight).await, Err(error.into()));
        }
        assert_eq!(limiter.stats().available, 5);
        assert!(limiter.try_acquire_many(5).is_ok());
    });
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    Sim::run(0, |rt| async move {
        let refused = |rate: Rate, burst| RateLimiter::new(&rt, rate, burst).map(drop).unwrap_err();
        let named = |error: ConfigError| (error.field(), error.value().to_owned());
        assert_eq!(named(refused(per_second(1), 0)), ("burst", "0".into()));
        let yearly = Rate::new(1, DAY * 365).expect("a rate");
        assert_eq!(named(refused(yearly, 101)), ("burst", "101".into()));

        let limiter = limiter(&rt, per_second(1), 101);
        limiter.try_acquire_many(100).expect("it is full");
        assert_eq!(named(limiter.set_rate(yearly).unwrap_err()), ("burst", "101".into()));
        assert_eq!((limiter.rate(), limiter.stats().available), (per_second(1), 1));
    });
}

/// Threads that ask while others change the rate: every change is of all or nothing.
#[test]
fn a_rate_that_changes_under_threads_makes_and_loses_no_token() {
    const BURST: u32 = 20_000;
    Sim::run(0, |rt| async move {
        let rates = [1, 2, 1_000].map(|count| Rate::per_day(count).expect("a rate"));
        let limiter = limiter(&rt, rates[0], BURST);
        let (now, asking) = (rt.now(), AtomicU32::new(2));
        let admitted: u32 = thread::scope(|scope| {
            let ask = || {
                // Each until there is nothing left.
                let admitted = (0..).take_while(|_| limiter.try_acquire_at(now).is_ok()).count();
                asking.fetch_sub(1, Ordering::SeqCst);
                u32::try_from(admitted).expect("a burst")
            };
            let asked = [scope.spawn(ask), scope.spawn(ask)];
            while asking.load(Ordering::SeqCst) > 0 {
                for rate in rates {
                    limiter.set_rate(rate).expect("a short burst");
                }
            }
            asked.into_iter().map(|asked| asked.join().expect("no panic")).sum()
        });
        // What is owed is rounded up, by a tick a change: that may be the last token.
        assert!((BURST - 1..=BURST).contains(&admitted), "{admitted}");
    });
}
