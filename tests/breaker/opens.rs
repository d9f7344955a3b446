//! With which failure it opens.

use std::time::Duration;

use mtaio::policy::{BreakerConfig, BreakerError, BreakerState, CircuitBreaker};
use mtaio::{Retryable, Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::common::on_every_runtime;
use crate::{SECOND, SMALL, breaker, call, ms};

on_every_runtime!(seeds = 10; it_opens_refuses_and_closes_again, a_wrapped_function_is_behind_it);

async fn it_opens_refuses_and_closes_again<R: Runtime>(rt: R) {
    let breaker = CircuitBreaker::new(&rt, SMALL.open_for(ms(20))).expect("good settings");
    for answer in [Ok(1), Err("down"), Ok(2), Err("down")] {
        let answered = breaker.run(async move { answer }).await;
        assert_eq!(answered, answer.map_err(BreakerError::Failed));
    }
    assert_eq!(breaker.state(), BreakerState::Open);
    let not_polled = async { panic!("it is not polled") };
    let refused = breaker.run::<_, (), ()>(not_polled).await.expect_err("it is open");
    assert!(refused.is_open() && refused.into_failed().is_none());
    rt.sleep(ms(20)).await;
    assert_eq!(breaker.run(async { Ok::<_, ()>(3) }).await, Ok(3));
    let stats = breaker.stats();
    assert_eq!((stats.state, stats.calls, stats.refused), (BreakerState::Closed, 0, 1));
    assert_eq!(stats.opened, 1);
}

async fn a_wrapped_function_is_behind_it<R: Runtime>(rt: R) {
    let breaker = CircuitBreaker::new(&rt, SMALL).expect("good settings");
    let called = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = std::sync::Arc::clone(&called);
    // It counts when it is called, not when its future is polled.
    let half = breaker.wrap(move |n: u32| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move { if n.is_multiple_of(2) { Ok(n / 2) } else { Err("odd") } }
    });
    assert_eq!(rt.spawn(half(4)).await.expect("it ends"), Ok(2));
    for _ in 0..3 {
        assert_eq!(half.clone()(5).await, Err(BreakerError::Failed("odd")));
    }
    assert!(half(4).await.expect_err("it is open").is_open());
    assert_eq!(called.load(std::sync::atomic::Ordering::SeqCst), 4);
}

/// After a million successes, with windows and shares of all kinds.
#[test]
fn it_opens_with_exactly_the_share_of_the_window() {
    Sim::run(0, |rt| async move {
        for (rate, window, failures) in [
            (0.5, 100, 50),
            (0.5, 101, 51),
            (0.001, 100, 1),
            (1.0, 100, 100),
            (0.1, 30, 3),
            (0.07, 100, 7),
            (0.3, 10, 3),
            (1.0 / 3.0, 3, 1),
            (2.0 / 3.0, 3, 2),
            (0.5, 1, 1),
            (0.25, 16, 4),
            (0.29, 17, 5),
            (0.99, 1_000, 990),
        ] {
            let breaker = breaker(&rt, BreakerConfig::new().window(window).failure_rate(rate));
            let successes = if window == 100 { 1_000_000 } else { 10_007 };
            for _ in 0..successes {
                assert!(call(&breaker, true));
            }
            for failure in 1..failures {
                assert!(call(&breaker, false));
                let stats = breaker.stats();
                assert_eq!(stats.state, BreakerState::Closed, "{rate} of {window}: {stats:?}");
                assert_eq!((stats.calls, stats.failures), (window.into(), failure));
            }
            assert!(call(&breaker, false));
            assert_eq!(breaker.state(), BreakerState::Open, "{rate} of {window}");
            assert!(!call(&breaker, true));
        }
    });
}

#[test]
fn old_failures_leave_the_window() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL.window(10).min_calls(10));
        for _ in 0..1_000 {
            for failed in [true, false, false, true, false, true, false, false, true, false] {
                assert!(call(&breaker, !failed));
            }
            assert_eq!(breaker.stats().failures, 4);
        }
        assert_eq!((breaker.state(), breaker.stats().failure_rate()), (BreakerState::Closed, 0.4));
    });
}

#[test]
fn a_few_calls_say_nothing() {
    Sim::run(0, |rt| async move {
        // Ten, or the window where that is less, unless said.
        for (config, least) in [
            (BreakerConfig::new(), 10),
            (BreakerConfig::new().window(3), 3),
            (BreakerConfig::new().min_calls(1), 1),
            (BreakerConfig::new().min_calls(77), 77),
            (BreakerConfig::new().time_window(SECOND), 10),
            (BreakerConfig::new().time_window(SECOND).min_calls(33), 33),
        ] {
            let breaker = breaker(&rt, config);
            for _ in 1..least {
                assert!(call(&breaker, false));
            }
            assert_eq!(breaker.state(), BreakerState::Closed, "{config:?}");
            assert!(call(&breaker, false));
            assert_eq!(breaker.state(), BreakerState::Open, "{config:?}");
        }
    });
}

/// Also a success can be the call that makes it enough of them.
#[test]
fn it_is_enough_of_them_with_a_success_too() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL);
        for succeeds in [false, false, false, true] {
            assert!(call(&breaker, succeeds));
        }
        assert_eq!(breaker.state(), BreakerState::Open);
    });
}

#[test]
fn a_window_of_time_forgets() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL.time_window(SECOND));
        for _ in 0..3 {
            assert!(call(&breaker, false));
        }
        rt.sleep(ms(899)).await;
        assert_eq!(breaker.stats().failures, 3);
        rt.sleep(ms(101)).await;
        assert_eq!(breaker.stats().failures, 0);
        for _ in 0..3 {
            assert!(call(&breaker, false));
        }
        // However long nothing happens.
        rt.sleep(3_600 * SECOND).await;
        assert_eq!((breaker.stats().calls, breaker.state()), (0, BreakerState::Closed));
        for _ in 0..4 {
            assert!(call(&breaker, false));
        }
        assert_eq!(breaker.state(), BreakerState::Open);
    });
}

#[test]
fn only_such_errors_count_as_are_said_to() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL);
        for _ in 0..100 {
            let missing = breaker.run_with(async { Err::<(), _>(404) }, |code| *code >= 500).await;
            assert_eq!(missing, Err(BreakerError::Failed(404)));
        }
        let stats = breaker.stats();
        assert_eq!((stats.state, stats.calls, stats.failures), (BreakerState::Closed, 4, 0));
        for _ in 0..2 {
            let down = breaker.run_with(async { Err::<(), _>(503) }, |code| *code >= 500).await;
            assert!(down.is_err());
        }
        assert_eq!(breaker.state(), BreakerState::Open);
    });
}

#[test]
fn a_refusal_says_when_to_come_back() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL);
        crate::open(&breaker);
        rt.sleep(ms(400)).await;
        let refused = breaker.try_begin().map(drop).expect_err("it is open");
        assert_eq!(refused.retry_after(), Some(ms(600)));
        assert_eq!(refused.to_string(), "the breaker is open, try again in 600ms");
        assert!(refused.is_retryable() && !refused.is_forced());
        rt.sleep(refused.retry_after().expect("it says when")).await;
        assert!(breaker.try_begin().is_ok());
    });
}

/// A retry around a breaker waits for as long as that says.
#[test]
fn a_retry_waits_for_it() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL);
        crate::open(&breaker);
        let retry = mtaio::policy::Retry::constant(Duration::from_secs(60)).only_retryable();
        let retry = retry.build().expect("good settings");
        let answer = retry.run(&rt, async |_: mtaio::policy::Attempt| {
            breaker.run(async { Ok::<_, std::convert::Infallible>(rt.now()) }).await
        });
        assert_eq!(answer.await.expect("it is up again") - mtaio::Instant::ZERO, SECOND);
    });
}
