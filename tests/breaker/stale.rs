//! A call counts in the state in which it began, and in no later one.

use mtaio::policy::{BreakerConfig, BreakerState, CircuitBreaker};
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::{SECOND, SMALL, breaker, call, open};

const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

/// Both kinds of windows.
const BOTH: [BreakerConfig; 2] = [SMALL, SMALL.time_window(MINUTE)];

/// Once around: opens, and closes by a probe.
async fn around<R: Runtime>(rt: &R, breaker: &CircuitBreaker<R>) {
    open(breaker);
    rt.sleep(SECOND).await;
    assert!(call(breaker, true));
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn one_from_before_it_opened_counts_for_nothing_after() {
    Sim::run(0, |rt| async move {
        for config in BOTH {
            let breaker = breaker(&rt, config);
            let old: Vec<_> = (0..30).map(|_| breaker.try_begin().expect("it is closed")).collect();
            let mut old = old.into_iter();
            let mut fail = || old.by_ref().take(5).for_each(|call| call.failure());

            open(&breaker);
            fail();
            rt.sleep(SECOND).await;
            let probe = breaker.try_begin().expect("it is the first");
            // Neither as a probe's answer,
            fail();
            assert_eq!(breaker.state(), BreakerState::HalfOpen);
            probe.success();
            // nor in the next window, be it empty or not.
            fail();
            assert_eq!((breaker.state(), breaker.stats().calls), (BreakerState::Closed, 0));
            assert!(call(&breaker, true));
            fail();
            let stats = breaker.stats();
            assert_eq!((stats.state, stats.calls, stats.failures), (BreakerState::Closed, 1, 0));
            around(&rt, &breaker).await;
            fail();
            breaker.reset();
            fail();
            assert_eq!((breaker.state(), breaker.stats().calls), (BreakerState::Closed, 0));
        }
    });
}

#[test]
fn a_success_from_before_does_not_close_it() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL);
        let old = breaker.try_begin().expect("it is closed");
        open(&breaker);
        rt.sleep(SECOND).await;
        let probe = breaker.try_begin().expect("it is the first");
        old.success();
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        probe.failure();
        assert_eq!(breaker.state(), BreakerState::Open);
    });
}

#[test]
fn a_probe_of_an_earlier_time_counts_for_nothing() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL.probes(3));
        open(&breaker);
        rt.sleep(SECOND).await;
        let [late, other] = [(); 2].map(|()| breaker.try_begin().expect("a place"));
        let dropped = breaker.try_begin().expect("a place");
        breaker.reset();
        open(&breaker);
        rt.sleep(SECOND).await;
        let places = [(); 3].map(|()| breaker.try_begin().expect("a place"));
        late.success();
        other.success();
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        // Nor does it give a place back that it does not have.
        drop(dropped);
        assert!(breaker.try_begin().is_err());
        for place in places.into_iter().take(2) {
            place.success();
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
    });
}

#[test]
fn by_hand() {
    Sim::run(0, |rt| async move {
        for config in BOTH {
            let breaker = breaker(&rt, config);
            let old = breaker.try_begin().expect("it is closed");
            breaker.force_open();
            let refused = breaker.try_begin().map(drop).expect_err("it is open");
            assert!(refused.is_forced() && refused.retry_after().is_none());
            assert_eq!(refused.to_string(), "the breaker is open by hand");
            rt.sleep(MINUTE).await;
            assert!(!call(&breaker, true));
            assert_eq!(breaker.state(), BreakerState::ForcedOpen);

            breaker.force_closed();
            old.failure();
            for _ in 0..100 {
                assert!(call(&breaker, false));
            }
            assert_eq!((breaker.state(), breaker.stats().calls), (BreakerState::ForcedClosed, 0));
            let forced = breaker.try_begin().expect("it is closed");
            breaker.reset();
            forced.failure();
            assert_eq!((breaker.state(), breaker.stats().calls), (BreakerState::Closed, 0));
            around(&rt, &breaker).await;
        }
    });
}
