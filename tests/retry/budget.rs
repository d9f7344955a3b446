//! The retry budget: what all callers together may ask for again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use mtaio::policy::{Attempt, GaveUp, Retry, RetryBudget};
use mtaio::time::Jitter;
use mtaio::{Instant, Runtime, RuntimeExt};
use mtaio_sim::{Explore, Sim};

use crate::common::on_every_runtime;
use crate::{SECOND, ms};

on_every_runtime!(seeds = 3; callers_share_it);

const NOW: Instant = Instant::ZERO;

fn budget(ratio: f64) -> RetryBudget {
    RetryBudget::builder(ratio).build().expect("good settings")
}

async fn callers_share_it<R: Runtime>(rt: R) {
    let budget = budget(0.5);
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let (rt, budget) = (rt.clone(), budget.clone());
            rt.clone().spawn(async move {
                let retry = Retry::constant(Duration::ZERO).max_attempts(9).budget(&budget);
                let retry = retry.build().expect("good settings");
                let failed = retry.run(&rt, async |_: Attempt| Err::<(), _>(())).await;
                let failed = failed.expect_err("it fails");
                assert_eq!(failed.reason, GaveUp::Budget);
                failed.attempts
            })
        })
        .collect();
    let mut attempts = 0;
    for caller in callers {
        attempts += caller.await.expect("it ends");
    }
    assert_eq!(attempts, 20 + 10);
    let stats = budget.stats();
    assert_eq!((stats.saved, stats.granted, stats.refused), (0, 10, 20));
}

#[test]
fn the_ratio_is_exact_within_a_hundredth() {
    const CALLS: u32 = 100_000;
    for hundredths in (5..=95).step_by(5) {
        let ratio = f64::from(hundredths) / 100.0;
        // With callers that want one retry each, with such that want many, and with those who come
        // at once.
        for (wants, at_once) in [(1, 1), (4, 1), (4, 100)] {
            let budget = budget(ratio);
            let mut granted = 0;
            for _ in 0..CALLS / at_once {
                (0..at_once).for_each(|_| budget.deposit());
                let wanted = at_once * wants;
                granted += (0..wanted).filter(|_| budget.try_withdraw(NOW)).count();
            }
            let seen = granted as f64 / f64::from(CALLS);
            assert!((seen / ratio - 1.0).abs() <= 0.01, "{seen} instead of {ratio}");
            assert_eq!(budget.stats().granted, granted as u64);
        }
    }
}

/// 10,000 callers, each ready to make five attempts, when nothing succeeds any more.
#[test]
fn an_outage_costs_those_who_are_out_no_more_than_the_ratio() {
    const CALLERS: u64 = 10_000;
    for (seed, ratio) in [(1, 0.05), (2, 0.2), (3, 0.95)] {
        Sim::explore(Explore::new().seeds(seed..seed + 1), move |rt| async move {
            let budget = RetryBudget::builder(ratio).max_saved(10_000).build().expect("good");
            let asked = Arc::new(AtomicU64::new(0));
            let retry = Retry::exponential(ms(100)).jitter(Jitter::Full).max_attempts(5);
            let retry = retry.budget(&budget).build().expect("good settings");
            let callers: Vec<_> = (0..CALLERS)
                .map(|_| {
                    let (rt, retry, asked) = (rt.clone(), retry.clone(), Arc::clone(&asked));
                    rt.clone().spawn(async move {
                        let inner = rt.clone();
                        let down = retry.run(&rt, async move |_: Attempt| {
                            asked.fetch_add(1, Ordering::SeqCst);
                            inner.sleep(ms(10)).await;
                            Err::<(), _>("down")
                        });
                        down.await.expect_err("it is down");
                    })
                })
                .collect();
            for caller in callers {
                caller.await.expect("it ends");
            }
            let times = asked.load(Ordering::SeqCst) as f64 / CALLERS as f64;
            assert!(times <= 1.0 + ratio, "{times} times the calls");
            assert!(times >= 1.0 + ratio * 0.99, "{times} times the calls, it may be more");
        });
    }
}

#[test]
fn good_times_save_so_many_and_no_more() {
    let budget = RetryBudget::builder(0.5).max_saved(7).build().expect("good settings");
    (0..10_000).for_each(|_| budget.deposit());
    assert_eq!(budget.stats().saved, 7);
    let generous = RetryBudget::builder(10.0).max_saved(7).build().expect("good settings");
    generous.deposit();
    assert_eq!(generous.stats().saved, 7);
    assert_eq!((0..100).filter(|_| budget.try_withdraw(NOW)).count(), 7);
    budget.deposit();
    assert!(!budget.try_withdraw(NOW));
    budget.deposit();
    assert!(budget.try_withdraw(NOW));
}

#[test]
fn so_many_a_second_whoever_calls() {
    let budget = RetryBudget::builder(0.001).min_per_second(10).build().expect("good settings");
    // Ten at once, and then one each tenth of a second.
    assert_eq!((0..100).filter(|_| budget.try_withdraw(NOW)).count(), 10);
    for tenth in 1..=100 {
        let now = NOW + tenth * ms(100);
        assert_eq!((0..100).filter(|_| budget.try_withdraw(now)).count(), 1, "at {now:?}");
        assert!(!budget.try_withdraw(now + ms(99)));
    }
    // What nobody made use of for an hour is one second's.
    let later = NOW + 3_600 * SECOND;
    assert_eq!((0..100).filter(|_| budget.try_withdraw(later)).count(), 10);
    // At the end of all times it refuses, and does not overflow.
    let last = (0..100).filter(|_| budget.try_withdraw(Instant::MAX)).count();
    assert!(last <= 10, "{last}");
}

#[test]
fn threads_take_no_more_than_was_paid_in_and_no_less() {
    const EACH: u64 = 200_000;
    let budget = RetryBudget::builder(0.3).max_saved(1_000_000).build().expect("good settings");
    let begin = Barrier::new(4);
    let granted: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (budget, begin) = (budget.clone(), &begin);
                scope.spawn(move || {
                    begin.wait();
                    let mut granted = 0;
                    for _ in 0..EACH {
                        budget.deposit();
                        granted += u64::from(budget.try_withdraw(NOW));
                    }
                    granted
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("it counts")).sum()
    });
    let stats = budget.stats();
    let paid = 4 * EACH * 3 / 10;
    assert_eq!((stats.granted, stats.granted + stats.saved), (granted, paid));
    assert_eq!(stats.granted + stats.refused, 4 * EACH);
}
