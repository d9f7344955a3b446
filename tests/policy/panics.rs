//! A call that panics: the panic is the caller's, and what the stages held is given back.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use mtaio::limit::ConcurrencyLimiter;
use mtaio::policy::{Attempt, BreakerConfig, BreakerState, CircuitBreaker, Policy, Retry};
use mtaio::{Runtime, RuntimeExt};

use crate::common::{LONG, ms, on_every_runtime};

async fn a_panic_is_a_failure_and_returns_its_permit<R: Runtime>(rt: R) {
    let config = BreakerConfig::new().window(2).min_calls(2).open_for(LONG);
    let breaker = CircuitBreaker::new(&rt, config).unwrap();
    let permits = ConcurrencyLimiter::new(&rt, 1).unwrap();
    let policy = Policy::new(&rt)
        .deadline(LONG)
        .retry(Retry::constant(ms(1)).build().unwrap())
        .breaker(&breaker)
        .permit(&permits)
        .timeout(LONG)
        .build()
        .unwrap();
    for pends in [false, true] {
        let clock = rt.clone();
        let call = policy.run(async move |_: Attempt| {
            if pends {
                clock.yield_now().await;
            }
            if clock.now() >= mtaio::Instant::ZERO {
                panic!("on purpose");
            }
            Ok::<_, String>(())
        });
        let panic = AssertUnwindSafe(call).catch_unwind().await.unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"on purpose"));
        assert_eq!(permits.stats().in_use, 0);
    }
    assert_eq!(breaker.state(), BreakerState::Open, "{:?}", breaker.stats());
}

on_every_runtime!(seeds = 10; a_panic_is_a_failure_and_returns_its_permit);
