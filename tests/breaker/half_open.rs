//! Whom it lets through to see how they go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mtaio::policy::{BreakerState, CircuitBreaker};
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::common::{Census, Gate, on_every_runtime};
use crate::{SECOND, SMALL, breaker, call, ms, open};

on_every_runtime!(seeds = 3; of_a_thousand_callers_so_many_and_no_more);

async fn of_a_thousand_callers_so_many_and_no_more<R: Runtime>(rt: R) {
    const PROBES: u32 = 7;
    let config = SMALL.probes(PROBES).open_for(ms(500)).failure_rate(1.0);
    let breaker = CircuitBreaker::new(&rt, config).expect("good settings");
    open(&breaker);
    rt.sleep(ms(500)).await;
    let (census, gate, refused) = (Census::default(), Gate::default(), Arc::new(AtomicU32::new(0)));
    let callers: Vec<_> = (0..1_000)
        .map(|_| {
            let (breaker, census, gate) = (breaker.clone(), census.clone(), gate.clone());
            let refused = Arc::clone(&refused);
            rt.spawn(async move {
                let probe = breaker.run(async {
                    let _alive = census.enter();
                    gate.passed().await;
                    Err::<(), _>("down")
                });
                if probe.await.expect_err("it is down").is_open() {
                    refused.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    let all = || refused.load(Ordering::SeqCst) + u32::try_from(census.now()).unwrap_or(0) == 1_000;
    crate::common::eventually(&rt, "all have come", all).await;
    assert_eq!((census.now(), breaker.state()), (PROBES as usize, BreakerState::HalfOpen));
    gate.open();
    for caller in callers {
        caller.await.expect("it ends");
    }
    assert_eq!((census.most(), breaker.state()), (PROBES as usize, BreakerState::Open));
    assert_eq!(breaker.stats().opened, 2);
}

/// What so many probes come to, of `probes`, with a share of a half.
fn after(probes: u32, answers: &[bool]) -> BreakerState {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL.probes(probes));
        open(&breaker);
        rt.sleep(SECOND).await;
        for (i, succeeds) in answers.iter().enumerate() {
            assert!(call(&breaker, *succeeds), "{i} of {answers:?}");
            if i + 1 < answers.len() {
                assert_eq!(breaker.state(), BreakerState::HalfOpen, "{i} of {answers:?}");
            }
        }
        breaker.state()
    })
}

#[test]
fn it_closes_or_opens_as_soon_as_that_is_certain() {
    use BreakerState::{Closed, HalfOpen, Open};

    for (probes, answers, state) in [
        (1, &[true][..], Closed),
        (1, &[false], Open),
        // Two of three are too many; with two that are fine there can't be two.
        (3, &[true, true], Closed),
        (3, &[false, false], Open),
        (3, &[false, true, true], Closed),
        (3, &[true, false, false], Open),
        (3, &[true, false], HalfOpen),
        // Two of four are too many already.
        (4, &[true, true, true], Closed),
        (4, &[true, false, true], HalfOpen),
        (4, &[true, false, true, true], Closed),
        (4, &[true, true, false, false], Open),
    ] {
        assert_eq!(after(probes, answers), state, "{probes} probes: {answers:?}");
    }
}

#[test]
fn it_opens_for_as_long_again() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL);
        open(&breaker);
        for _ in 0..5 {
            rt.sleep(ms(999)).await;
            assert!(!call(&breaker, true));
            rt.sleep(ms(1)).await;
            assert!(call(&breaker, false));
            assert_eq!(breaker.state(), BreakerState::Open);
        }
        assert_eq!((breaker.stats().opened, breaker.stats().refused), (6, 5));
    });
}

#[test]
fn who_comes_meanwhile_is_not_told_when_to_come_back() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL);
        open(&breaker);
        rt.sleep(SECOND).await;
        let probe = breaker.try_begin().expect("it is the first");
        let refused = breaker.try_begin().map(drop).expect_err("it is the second");
        assert_eq!(
            (refused.retry_after(), refused.to_string()),
            (None, "the breaker is open".into())
        );
        probe.success();
        assert!(breaker.try_begin().is_ok());
    });
}

#[test]
fn it_closes_with_an_empty_window() {
    Sim::run(0, |rt| async move {
        for config in [SMALL, SMALL.time_window(100 * SECOND)] {
            let breaker = breaker(&rt, config);
            for _ in 0..3 {
                open(&breaker);
                rt.sleep(SECOND).await;
                assert!(call(&breaker, true));
                let stats = breaker.stats();
                assert_eq!(
                    (stats.state, stats.calls, stats.failures),
                    (BreakerState::Closed, 0, 0)
                );
                // Three failures are not four calls.
                for calls in 1..=3 {
                    assert!(call(&breaker, false));
                    assert_eq!(breaker.stats().calls, calls);
                }
                assert_eq!(breaker.state(), BreakerState::Closed);
            }
        }
    });
}
