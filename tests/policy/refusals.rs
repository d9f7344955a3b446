//! What is refused when a policy is built, and in which words.

use std::time::Duration;

use mtaio::ConfigError;
use mtaio::limit::{Adaptation, AdaptiveConcurrency, ConcurrencyLimiter, Rate, RateLimiter};
use mtaio::policy::{
    BreakerConfig, Builder, Bulk, CircuitBreaker, Fallback, Hedge, Limit, Policy, Retry, Stageable,
};
use mtaio_sim::Sim;

use crate::common::ms;

const SECOND: Duration = Duration::from_secs(1);

#[track_caller]
fn refused<S: Stageable, R, L>(builder: Builder<S, R, L>, text: &str) {
    match builder.build() {
        Ok(_) => panic!("it was built, not refused: {text}"),
        Err(error) => assert_eq!(error.to_string(), text),
    }
}

#[track_caller]
fn built<S: Stageable, R, L>(builder: Builder<S, R, L>) {
    if let Err(error) = builder.build() {
        panic!("{error}");
    }
}

fn on_a_runtime(body: fn(Sim)) {
    Sim::run(0, async move |rt| body(rt));
}

fn retry() -> Retry {
    Retry::constant(ms(1)).build().unwrap()
}

fn hedge(delay: Duration) -> Hedge {
    Hedge::after(delay).unwrap()
}

#[test]
fn what_is_around_a_retry() {
    on_a_runtime(|rt| {
        let breaker = CircuitBreaker::new(&rt, BreakerConfig::new()).unwrap();
        let permits = ConcurrencyLimiter::new(&rt, 1).unwrap();
        refused(
            Policy::new(&rt).breaker(&breaker).retry(retry()),
            "`breaker` is outside `retry`, allowed is inside `retry`, where it sees each attempt",
        );
        refused(
            Policy::new(&rt).breaker(&breaker).permit(&permits).retry(retry()),
            "`breaker` is outside `retry`, allowed is inside `retry`, where it sees each attempt",
        );
        refused(
            Policy::new(&rt).timeout(SECOND).retry(retry()),
            "`timeout` is outside `retry`, allowed is inside `retry`, for an attempt; `deadline` is \
             for all",
        );
        refused(
            Policy::new(&rt).hedge(hedge(SECOND)).retry(retry()),
            "`hedge` is outside `retry`, allowed is inside `retry`, or each hedge tries again by \
             itself",
        );
        refused(
            Policy::new(&rt).retry(retry()).rate(&permits).retry(retry()),
            "`retry` is inside another `retry`, allowed is one, or attempts multiply",
        );
        let others = ConcurrencyLimiter::new(&rt, 1).unwrap();
        built(Policy::new(&rt).permit(&permits).rate(&others).retry(retry()));
        built(Policy::new(&rt).retry(retry()).breaker(&breaker).permit(&permits));
        built(Policy::new(&rt).retry(retry()).permit(&permits).breaker(&breaker));
    });
}

#[test]
fn times_that_are_never_reached() {
    on_a_runtime(|rt| {
        let around = "no more than each `deadline` and `timeout` around it";
        refused(
            Policy::new(&rt).deadline(SECOND).timeout(2 * SECOND),
            &format!("`timeout` is 2s, allowed is {around}"),
        );
        refused(
            Policy::new(&rt).deadline(SECOND).retry(retry()).timeout(2 * SECOND),
            &format!("`timeout` is 2s, allowed is {around}"),
        );
        refused(
            Policy::new(&rt).timeout(SECOND).timeout(2 * SECOND),
            &format!("`timeout` is 2s, allowed is {around}"),
        );
        built(Policy::new(&rt).deadline(SECOND).timeout(SECOND));
        built(Policy::new(&rt).timeout(2 * SECOND).timeout(SECOND));

        let patient = Retry::constant(ms(1)).max_time(2 * SECOND).build().unwrap();
        refused(
            Policy::new(&rt).deadline(SECOND).retry(patient.clone()),
            "`max_time` is 2s, allowed is no more than the `deadline` around it",
        );
        built(Policy::new(&rt).deadline(2 * SECOND).retry(patient));
        refused(
            Policy::new(&rt).retry(retry()).deadline(SECOND),
            "`deadline` is inside `retry`, allowed is outside `retry`; `timeout` is for an attempt",
        );
        refused(
            Policy::new(&rt).deadline(2 * SECOND).deadline(SECOND),
            "`deadline` is inside another `deadline`, allowed is one, and `timeout` inside of it",
        );
        for time in [Duration::ZERO, Duration::MAX] {
            let allowed = "allowed is more than zero and at most 100 years";
            refused(Policy::new(&rt).timeout(time), &format!("`timeout` is {time:?}, {allowed}"));
            refused(Policy::new(&rt).deadline(time), &format!("`deadline` is {time:?}, {allowed}"));
        }
    });
}

#[test]
fn hedges_that_never_call() {
    on_a_runtime(|rt| {
        let around = "`hedge` is 1s, allowed is less than each `deadline` and `timeout` around it";
        refused(Policy::new(&rt).deadline(SECOND).hedge(hedge(SECOND)), around);
        refused(Policy::new(&rt).timeout(SECOND).hedge(hedge(SECOND)), around);
        refused(
            Policy::new(&rt).hedge(hedge(SECOND)).timeout(SECOND),
            "`hedge` is 1s, allowed is less than each `timeout` inside of it",
        );
        built(Policy::new(&rt).deadline(3 * SECOND).hedge(hedge(SECOND)).timeout(2 * SECOND));
        refused(
            Policy::new(&rt).hedge(hedge(SECOND)).hedge(hedge(SECOND)),
            "`hedge` is inside another `hedge`, allowed is one, or calls multiply",
        );
        refused(
            Policy::new(&rt).hedge(hedge(SECOND)).deadline(2 * SECOND),
            "`deadline` is inside `hedge`, allowed is outside `hedge`; `timeout` is for one of its \
             calls",
        );
    });
}

#[test]
fn a_fallback_that_hides_failures() {
    on_a_runtime(|rt| {
        let breaker = CircuitBreaker::new(&rt, BreakerConfig::new()).unwrap();
        let fallback = || Fallback::value(0);
        for (text, refusal) in [
            ("retry", Policy::new(&rt).retry(retry()).fallback(fallback()).build().err()),
            ("hedge", Policy::new(&rt).hedge(hedge(SECOND)).fallback(fallback()).build().err()),
            ("breaker", Policy::new(&rt).breaker(&breaker).fallback(fallback()).build().err()),
        ] {
            let allowed = "outside `retry`, `hedge` and `breaker`, which would see no failure";
            let expected = ConfigError::new("fallback", format!("inside `{text}`"), allowed);
            assert_eq!(refusal, Some(expected));
        }
        built(Policy::new(&rt).fallback(fallback()).fallback(fallback()).retry(retry()));
        built(Policy::new(&rt).deadline(SECOND).fallback(fallback()).retry(retry()));
    });
}

#[test]
fn one_breaker_twice_and_no_weight() {
    on_a_runtime(|rt| {
        let breaker = CircuitBreaker::new(&rt, BreakerConfig::new()).unwrap();
        let other = CircuitBreaker::new(&rt, BreakerConfig::new()).unwrap();
        refused(
            Policy::new(&rt).breaker(&breaker).breaker(&breaker.clone()),
            "`breaker` is the same as one outside of it, allowed is each breaker once",
        );
        built(Policy::new(&rt).breaker(&breaker).breaker(&other));

        let permits = ConcurrencyLimiter::new(&rt, 1).unwrap();
        refused(
            Policy::new(&rt).limit(Limit::new(&permits).weight(0)),
            "`weight` is 0, allowed is 1 or more",
        );
    });
}

/// Who holds all of it and waits for more of it waits for himself.
#[test]
fn one_limiter_twice() {
    on_a_runtime(|rt| {
        let permits = ConcurrencyLimiter::new(&rt, 1).unwrap();
        let others = ConcurrencyLimiter::new(&rt, 1).unwrap();
        let adaptive = AdaptiveConcurrency::new(&rt, Adaptation::new()).unwrap();
        let rate = RateLimiter::new(&rt, Rate::per_second(1).unwrap(), 1).unwrap();
        let same = "is the same as one outside of it, allowed is each limiter once";
        refused(
            Policy::new(&rt).permit(&permits).retry(retry()).permit(&permits.clone()),
            &format!("`permit` {same}"),
        );
        refused(Policy::new(&rt).permit(&permits).rate(&permits), &format!("`rate` {same}"));
        refused(
            Policy::new(&rt).limit(Limit::new(&adaptive)).permit(&permits).permit(&adaptive),
            &format!("`permit` {same}"),
        );
        built(Policy::new(&rt).permit(&permits).permit(&others).permit(&adaptive));
        // It comes with time: a call waits a little longer, and not for itself.
        built(Policy::new(&rt).rate(&rate).retry(retry()).rate(&rate));
    });
}

#[test]
fn settings_of_single_parts() {
    assert_eq!(
        Hedge::after(Duration::ZERO).unwrap_err().to_string(),
        "`after` is 0ns, allowed is more than zero and at most 100 years",
    );
    for calls in [0, 1, 101] {
        let refused = hedge(SECOND).at_most(calls).unwrap_err();
        assert_eq!(refused.to_string(), format!("`at_most` is {calls}, allowed is 2 to 100"));
    }
    on_a_runtime(|rt| {
        let old = Fallback::<mtaio::policy::LastGood<u8>>::last_good_within(&rt, Duration::ZERO);
        assert_eq!(old.unwrap_err().field(), "last_good_within");
        let bulk = || {
            Bulk::new(&rt, async |inputs: Vec<u8>| inputs.into_iter().map(Ok::<_, ()>).collect())
        };
        assert_eq!(
            bulk().max_size(0).build().unwrap_err().to_string(),
            "`max_size` is 0, allowed is 1 to 1000000",
        );
        assert_eq!(bulk().max_delay(Duration::ZERO).build().unwrap_err().field(), "max_delay");
    });
}
