//! Slow calls count, whatever they come to.

use mtaio::policy::BreakerState;
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::{SECOND, SMALL, breaker, ms};

#[test]
fn successes_that_are_slow_open_it() {
    Sim::run(0, |rt| async move {
        for config in [SMALL, SMALL.time_window(SECOND)] {
            let breaker = breaker(&rt, config.slow_calls(ms(100), 0.75));
            let begun = rt.now();
            for (number, takes) in [100, 99, 100, 100].into_iter().enumerate() {
                assert_eq!(breaker.state(), BreakerState::Closed, "{number}");
                let slow = breaker.run(async {
                    rt.sleep(ms(takes)).await;
                    Ok::<_, ()>(())
                });
                assert_eq!(slow.await, Ok(()));
            }
            assert_eq!(breaker.state(), BreakerState::Open);
            assert_eq!(rt.now() - begun, ms(399));
        }
    });
}

#[test]
fn slow_and_failed_are_counted_apart() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL.window(4).slow_calls(ms(100), 0.75));
        for (takes, succeeds) in [(100, false), (100, true), (1, true), (1, true)] {
            let call = breaker.try_begin().expect("it is closed");
            rt.sleep(ms(takes)).await;
            if succeeds { call.success() } else { call.failure() }
        }
        let stats = breaker.stats();
        assert_eq!((stats.calls, stats.failures, stats.slow), (4, 1, 2));
        assert_eq!((stats.failure_rate(), stats.slow_rate()), (0.25, 0.5));
        assert_eq!(stats.state, BreakerState::Closed);
        // The one that failed and was slow leaves the window in both counts.
        breaker.try_begin().expect("it is closed").success();
        let stats = breaker.stats();
        assert_eq!((stats.calls, stats.failures, stats.slow), (4, 0, 1));
    });
}

#[test]
fn a_slow_probe_opens_it_again() {
    Sim::run(0, |rt| async move {
        let breaker = breaker(&rt, SMALL.slow_calls(ms(100), 1.0));
        crate::open(&breaker);
        rt.sleep(SECOND).await;
        let probe = breaker.try_begin().expect("it is the first");
        rt.sleep(ms(100)).await;
        probe.success();
        assert_eq!((breaker.state(), breaker.stats().opened), (BreakerState::Open, 2));
    });
}
