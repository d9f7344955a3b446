//! What a policy allocates: nothing, when all goes well.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use mtaio::Runtime;
use mtaio::limit::{ConcurrencyLimiter, Rate, RateLimiter};
use mtaio::policy::{
    Attempt, BreakerConfig, CircuitBreaker, Fallback, Hedge, Policy, PolicyError, Retry, Stage,
};
use mtaio_sim::Sim;

use crate::common::{LONG, ms};

/// What a hundred calls allocate when some have been made before.
fn in_the_steady_state<F: Future<Output = Result<u32, PolicyError<String>>>>(
    call: impl Fn() -> F,
) -> u64 {
    let at_once = || {
        let polled = pin!(call()).poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(polled, Poll::Ready(Ok(1)));
    };
    (0..3).for_each(|_| at_once());
    measure(|| (0..100).for_each(|_| at_once())).count_total
}

fn whole_policy<R: Runtime>(rt: &R) -> Policy<impl Stage<u32, String> + 'static> {
    let breaker = CircuitBreaker::new(rt, BreakerConfig::new()).unwrap();
    let permits = ConcurrencyLimiter::new(rt, 2).unwrap();
    let rate = RateLimiter::new(rt, Rate::per_second(1_000_000).unwrap(), 1_000).unwrap();
    Policy::new(rt)
        .fallback(Fallback::last_good())
        .deadline(LONG)
        .retry(Retry::constant(ms(1)).build().unwrap())
        .hedge(Hedge::after(ms(100)).unwrap())
        .breaker(&breaker)
        .permit(&permits)
        .rate(&rate)
        .timeout(LONG / 2)
        .build()
        .unwrap()
}

#[test]
fn a_good_call_costs_none() {
    Sim::run(0, async |rt| {
        let policy = whole_policy(&rt);
        let allocations =
            in_the_steady_state(|| policy.run(async |_: Attempt| Ok::<u32, String>(1)));
        assert_eq!(allocations, 0);
    });
}

/// The count can fail: what does allocate is seen.
#[test]
fn a_box_costs_one_a_call_and_one_an_attempt() {
    Sim::run(0, async |rt| {
        let policy = whole_policy(&rt).boxed();
        let allocations =
            in_the_steady_state(|| policy.run(async |_: Attempt| Ok::<u32, String>(1)));
        assert_eq!(allocations, 200);
    });
}
