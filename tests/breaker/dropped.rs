//! Calls that are dropped, forgotten, or panic.

use std::future::pending;
use std::mem;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use mtaio::policy::{BreakerState, CircuitBreaker};
use mtaio::time::timeout;
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::common::on_every_runtime;
use crate::{SECOND, SMALL, breaker, call, ms, open};

on_every_runtime!(seeds = 10; a_dropped_probe_gives_its_place_back);

async fn a_dropped_probe_gives_its_place_back<R: Runtime>(rt: R) {
    let breaker = CircuitBreaker::new(&rt, SMALL.open_for(ms(20))).expect("good settings");
    open(&breaker);
    rt.sleep(ms(20)).await;
    for _ in 0..100 {
        let probe = breaker.run(pending::<Result<(), ()>>());
        assert!(probe.now_or_never().is_none());
        drop(breaker.try_begin().expect("the place is free"));
        // One that was never polled has no place.
        drop(breaker.run(pending::<Result<(), ()>>()));
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
    }
    assert!(call(&breaker, true));
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn a_dropped_call_counts_for_nothing() {
    Sim::run(0, |rt| async move {
        for config in [SMALL, SMALL.time_window(SECOND)] {
            let breaker = breaker(&rt, config);
            for _ in 0..100 {
                let call = breaker.run(pending::<Result<(), ()>>());
                assert!(timeout(&rt, ms(1), call).await.is_err());
                drop(breaker.try_begin().expect("it is closed"));
            }
            assert_eq!((breaker.stats().calls, breaker.state()), (0, BreakerState::Closed));
        }
    });
}

/// Or those who never answer would be given up for ever, and never be noticed.
#[test]
fn a_call_that_was_slow_when_it_was_dropped_counts_as_slow() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL.slow_calls(ms(100), 1.0));
        for given_up_after in [99, 100, 150, 100, 100] {
            assert_eq!(breaker.state(), BreakerState::Closed);
            let call = breaker.run(pending::<Result<(), ()>>());
            assert!(timeout(&rt, ms(given_up_after), call).await.is_err());
        }
        assert_eq!(breaker.state(), BreakerState::Open);
        // And as a probe.
        rt.sleep(SECOND).await;
        let probe = breaker.run(pending::<Result<(), ()>>());
        assert!(timeout(&rt, ms(100), probe).await.is_err());
        assert_eq!((breaker.state(), breaker.stats().opened), (BreakerState::Open, 2));
    });
}

#[test]
fn a_forgotten_probe_is_not_waited_for() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL.probes(3));
        open(&breaker);
        rt.sleep(SECOND).await;
        for _ in 0..10 {
            for _ in 0..3 {
                mem::forget(breaker.try_begin().expect("places are lent again"));
            }
            assert!(!call(&breaker, true));
            rt.sleep(ms(999)).await;
            assert!(!call(&breaker, true));
            rt.sleep(ms(1)).await;
        }
        assert!(call(&breaker, true) && call(&breaker, true));
        assert_eq!(breaker.state(), BreakerState::Closed);
    });
}

/// Its place is another's then, and its answer is an answer still.
#[test]
fn a_probe_that_hangs_is_not_waited_for_and_may_answer() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL.probes(2).failure_rate(1.0));
        open(&breaker);
        rt.sleep(SECOND).await;
        let hanging = [(); 2].map(|()| breaker.try_begin().expect("a place"));
        assert!(breaker.try_begin().is_err());
        rt.sleep(SECOND).await;
        let [first, second] = [(); 2].map(|()| breaker.try_begin().expect("the same places"));
        // Two that come back late give no places back: those are others' now.
        hanging.into_iter().for_each(drop);
        assert!(breaker.try_begin().is_err());
        drop(second);
        let late = breaker.try_begin().expect("one came back");
        first.failure();
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        late.failure();
        assert_eq!(breaker.state(), BreakerState::Open);

        rt.sleep(SECOND).await;
        let hanging = breaker.try_begin().expect("a place");
        mem::forget(breaker.try_begin().expect("a place"));
        rt.sleep(SECOND).await;
        mem::forget(breaker.try_begin().expect("the same place"));
        hanging.success();
        assert_eq!(breaker.state(), BreakerState::Closed);
    });
}

fn nothing_but_a_panic() -> Result<(), ()> {
    panic!("on purpose")
}

#[test]
fn a_call_that_panics_has_failed() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL);
        let panics = || async {
            let call = breaker.run(async {
                rt.yield_now().await;
                nothing_but_a_panic()
            });
            assert!(AssertUnwindSafe(call).catch_unwind().await.is_err());
        };
        for _ in 0..4 {
            assert_eq!(breaker.state(), BreakerState::Closed);
            panics().await;
        }
        assert_eq!(breaker.state(), BreakerState::Open);
        rt.sleep(SECOND).await;
        panics().await;
        assert_eq!((breaker.state(), breaker.stats().opened), (BreakerState::Open, 2));
    });
}
