//! What a policy does around a call, on every runtime.

use mtaio::limit::{AcquireError, ConcurrencyLimiter, Outcome, Rate, RateLimiter};
use mtaio::policy::{
    Attempt, BoxPolicy, BreakerConfig, BreakerState, CircuitBreaker, Fallback, GaveUp, Hedge,
    Limit, Policy, PolicyError, Retry,
};
use mtaio::time::{Deadline, TimeLimit, timeout};
use mtaio::{Retryable, Runtime, RuntimeExt};

use crate::Count;
use crate::common::{LONG, eventually, ms, on_every_runtime};

async fn all_stages_let_a_good_call_through<R: Runtime>(rt: R) {
    let breaker = CircuitBreaker::new(&rt, BreakerConfig::new()).unwrap();
    let permits = ConcurrencyLimiter::new(&rt, 2).unwrap();
    let rate = RateLimiter::new(&rt, Rate::per_second(1_000).unwrap(), 100).unwrap();
    let policy = Policy::with_runtime(&rt)
        .fallback(Fallback::value(0))
        .deadline(LONG)
        .retry(Retry::constant(ms(1)).build().unwrap())
        .hedge(Hedge::after(LONG / 4).unwrap())
        .breaker(&breaker)
        .permit(&permits)
        .rate(&rate)
        .timeout(LONG / 2)
        .build()
        .unwrap();
    let count = Count::default();
    for expected in 1..=3 {
        let (count, rt, permits) = (count.clone(), rt.clone(), permits.clone());
        let answer = policy.run(async move |attempt: Attempt| {
            assert!(attempt.is_first());
            assert!(Deadline::current().is_some(), "it is inherited");
            assert_eq!(permits.stats().in_use, 1);
            rt.yield_now().await;
            Ok::<_, String>(count.up())
        });
        assert_eq!(answer.await, Ok(expected));
    }
    assert_eq!(breaker.stats().calls, 3);
    assert_eq!(permits.stats().in_use, 0);
}

async fn an_attempt_that_hangs_is_tried_again<R: Runtime>(rt: R) {
    let retry = Retry::constant(ms(1)).max_attempts(3).build().unwrap();
    let policy = Policy::new(&rt).retry(retry).timeout(ms(5)).build().unwrap();
    let answer = policy.run(async |attempt: Attempt| {
        if attempt.number() < 3 {
            std::future::pending::<()>().await;
        }
        Ok::<_, String>(attempt.number())
    });
    assert_eq!(answer.await, Ok(3));

    let never = policy.run(async |_| std::future::pending::<Result<u32, String>>().await).await;
    let error = never.unwrap_err();
    assert_eq!(error.attempts(), 3);
    assert_eq!(error.elapsed().map(|elapsed| elapsed.by()), Some(TimeLimit::Timeout));
    assert!(matches!(error, PolicyError::Exhausted(retries) if retries.reason == GaveUp::Attempts));
}

async fn the_deadline_is_for_all_attempts<R: Runtime>(rt: R) {
    let retry = Retry::constant(ms(4)).unlimited_attempts().build().unwrap();
    let policy = Policy::new(&rt).deadline(ms(30)).retry(retry).build().unwrap();
    let begun = rt.now();
    let error = policy.run(async |_| Err::<(), _>("busy")).await.unwrap_err();
    // It does not begin a sleep that it would not wake from in time.
    assert_eq!(error.failed(), Some(&"busy"));
    assert!(matches!(error, PolicyError::Exhausted(retries) if retries.reason == GaveUp::Deadline));
    assert!(rt.now() - begun < LONG);

    let hangs = policy.run(async |_| std::future::pending::<Result<(), &str>>().await).await;
    assert!(
        matches!(hangs, Err(PolicyError::Elapsed(late)) if late.limit() == ms(30)),
        "{hangs:?}"
    );
    assert!(rt.now() - begun >= ms(30));
}

async fn an_open_breaker_ends_the_attempts<R: Runtime>(rt: R) {
    let config = BreakerConfig::new().window(2).min_calls(2).failure_rate(1.0).open_for(LONG);
    let breaker = CircuitBreaker::new(&rt, config).unwrap();
    let retry = Retry::constant(ms(1)).max_attempts(9).build().unwrap();
    let policy = Policy::new(&rt).retry(retry).breaker(&breaker).build().unwrap();
    let count = Count::default();
    let calls = count.clone();
    let error = policy
        .run(async move |_| {
            calls.up();
            Err::<(), _>("down")
        })
        .await
        .unwrap_err();
    assert_eq!((count.get(), error.attempts()), (2, 3));
    assert!(error.is_refused() && matches!(error.last(), PolicyError::Open(_)), "{error}");
    assert_eq!(breaker.state(), BreakerState::Open);

    let calls = count.clone();
    let refused = policy.run(async move |_| Ok::<_, &str>(calls.up())).await;
    assert!(matches!(refused, Err(PolicyError::Open(_))), "{refused:?}");
    assert_eq!(count.get(), 2, "it was not called");
}

async fn some_errors_are_no_failures<R: Runtime>(rt: R) {
    let config = BreakerConfig::new().window(2).min_calls(1).open_for(LONG);
    let breaker = CircuitBreaker::new(&rt, config).unwrap();
    let is_failure = |error: &&str| *error != "no such name";
    let policy = Policy::new(&rt).breaker_with(&breaker, is_failure).build().unwrap();
    for _ in 0..3 {
        let answer = policy.run(async |_| Err::<(), _>("no such name")).await;
        assert_eq!(answer, Err(PolicyError::Failed("no such name")));
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert!(policy.run(async |_| Err::<(), _>("down")).await.is_err());
    assert_eq!(breaker.state(), BreakerState::Open);
}

/// What was not called tells a breaker nothing, and a rate is given back.
async fn what_is_refused_inside_was_not_called<R: Runtime>(rt: R) {
    let breaker = CircuitBreaker::new(&rt, BreakerConfig::new()).unwrap();
    let rate = RateLimiter::new(&rt, Rate::per_day(1).unwrap(), 1).unwrap();
    let permits = ConcurrencyLimiter::new(&rt, 1).unwrap().waiting_room(0);
    let policy = Policy::new(&rt).breaker(&breaker).rate(&rate).permit(&permits).build().unwrap();
    let held = permits.try_acquire().unwrap();
    for _ in 0..3 {
        let refused = policy.run(async |_| Ok::<_, String>(1)).await;
        assert!(
            matches!(refused, Err(PolicyError::Limited(AcquireError::Full { .. }))),
            "{refused:?}"
        );
    }
    assert_eq!(breaker.stats().calls, 0);
    drop(held);
    let left = timeout(&rt, LONG / 10, policy.run(async |_| Ok::<_, String>(1))).await;
    assert_eq!(left, Ok(Ok(1)), "a day's one is left");
    assert_eq!(breaker.stats().calls, 1);
}

async fn one_stops_at_the_first_error_that_is_not_retryable<R: Runtime>(rt: R) {
    #[derive(Clone, Debug, PartialEq)]
    struct Lookup(bool);

    impl Retryable for Lookup {
        fn is_retryable(&self) -> bool {
            self.0
        }
    }

    let retry = Retry::constant(ms(1)).only_retryable().build().unwrap();
    let policy = Policy::new(&rt).retry(retry).build().unwrap();
    let stopped = policy.run(async |_| Err::<(), _>(Lookup(false))).await.unwrap_err();
    assert_eq!(stopped, PolicyError::Failed(Lookup(false)));
    assert!(!stopped.is_retryable());

    let exhausted = policy.run(async |_| Err::<(), _>(Lookup(true))).await.unwrap_err();
    assert_eq!((exhausted.attempts(), exhausted.is_retryable()), (3, true));
    assert_eq!(exhausted.into_failed(), Ok(Lookup(true)));
}

/// Many at once, of which so many run at once; the policy is a field.
async fn callers_share_what_a_policy_keeps<R: Runtime>(rt: R) {
    struct Client {
        policy: BoxPolicy<u32, String>,
    }

    let permits = ConcurrencyLimiter::new(&rt, 2).unwrap();
    let limit = Limit::new(&permits).learning(|_: &String| Outcome::Overload);
    let client = Client { policy: Policy::new(&rt).limit(limit).build().unwrap().boxed() };
    let running = Count::default();
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (policy, permits) = (client.policy.clone(), permits.clone());
            let (running, inner) = (running.clone(), rt.clone());
            rt.spawn(async move {
                let call = async move |_: Attempt| {
                    running.up();
                    inner.sleep(ms(1)).await;
                    assert!((1..=2).contains(&permits.stats().in_use));
                    if number == 7 { Err("seven".to_owned()) } else { Ok(number) }
                };
                policy.run(call).await
            })
        })
        .collect();
    for (number, task) in (0..).zip(tasks) {
        match task.await.unwrap() {
            Ok(answer) => assert_eq!(answer, number),
            Err(error) => assert_eq!(error.failed(), Some(&"seven".to_owned())),
        }
    }
    assert_eq!((running.get(), permits.stats().in_use), (8, 0));
}

async fn a_wrapped_function_is_one_again<R: Runtime>(rt: R) {
    let retry = Retry::constant(ms(1)).build().unwrap();
    let policy = Policy::new(&rt).retry(retry).timeout(LONG).build().unwrap();
    let count = Count::default();
    let calls = count.clone();
    let parse = async move |text: String| {
        calls.up();
        text.parse::<u8>()
    };
    let wrapped = policy.wrap(parse.clone());
    // It can be spawned, and called many times.
    let task = rt.spawn(wrapped("42".into()));
    assert_eq!(task.await.unwrap(), Ok(42));
    assert_eq!(wrapped("x".into()).await.unwrap_err().attempts(), 3);
    assert_eq!(count.get(), 4);

    let boxed = policy.boxed().wrap(parse);
    assert_eq!(rt.spawn(boxed("7".into())).await.unwrap(), Ok(7));
}

async fn an_outer_deadline_ends_the_wait_for_a_permit<R: Runtime>(rt: R) {
    let permits = ConcurrencyLimiter::new(&rt, 1).unwrap();
    let retry = Retry::constant(ms(1)).unlimited_attempts().build().unwrap();
    let policy = Policy::new(&rt).deadline(ms(10)).retry(retry).permit(&permits).build().unwrap();
    let held = permits.try_acquire().unwrap();
    let error = policy.run(async |_| Ok::<_, String>(1)).await.unwrap_err();
    let elapsed = match error.last() {
        PolicyError::Elapsed(elapsed) | PolicyError::Limited(AcquireError::Elapsed(elapsed)) => {
            *elapsed
        }
        other => panic!("{other}"),
    };
    assert!(elapsed.waited() >= ms(9) || elapsed.limit() <= ms(10), "{elapsed:?}");
    eventually(&rt, "nobody waits", || permits.stats().waiting == 0).await;
    drop(held);
    assert_eq!(policy.run(async |_| Ok::<_, String>(1)).await, Ok(1));
}

async fn a_timeout_outside_of_a_permit_counts_the_wait<R: Runtime>(rt: R) {
    let permits = ConcurrencyLimiter::new(&rt, 1).unwrap();
    let policy = Policy::new(&rt).timeout(ms(10)).permit(&permits).timeout(ms(5)).build().unwrap();
    let held = permits.try_acquire().unwrap();
    let late = policy.run(async |_| Ok::<_, String>(1)).await.unwrap_err();
    assert_eq!(late.elapsed().map(|elapsed| elapsed.limit()), Some(ms(10)));
    drop(held);
    let slow = policy.run(async |_| std::future::pending::<Result<u8, String>>().await).await;
    assert_eq!(slow.unwrap_err().elapsed().map(|elapsed| elapsed.limit()), Some(ms(5)));
    assert_eq!(permits.stats().in_use, 0);
}

/// Also where somebody has put it into a box, the reason is found.
async fn a_wrapped_error_knows_whether_to_try_again<R: Runtime>(rt: R) {
    type Wrapped = Box<dyn std::error::Error + Send + Sync>;

    let retry = Retry::constant(ms(1)).max_attempts(2).build().unwrap();
    let policy = Policy::new(&rt).retry(retry).timeout(ms(2)).build().unwrap();
    let late =
        policy.run(async |_| std::future::pending::<Result<(), std::fmt::Error>>().await).await;
    let late: Wrapped = Box::new(late.unwrap_err());
    assert!(late.is_retryable(), "{late}");

    let policy = Policy::new(&rt).timeout(ms(2)).build().unwrap();
    let late =
        policy.run(async |_| std::future::pending::<Result<(), std::fmt::Error>>().await).await;
    let late: Wrapped = Box::new(late.unwrap_err());
    assert!(late.is_retryable(), "{late}");

    let failed = policy.run(async |_| Err::<(), _>(std::fmt::Error)).await;
    let failed: Wrapped = Box::new(failed.unwrap_err());
    assert!(!failed.is_retryable(), "{failed}");
}

async fn an_empty_policy_is_the_call<R: Runtime>(rt: R) {
    let policy = Policy::new(&rt).build().unwrap();
    assert_eq!(policy.run(async |_| Ok::<_, String>(1)).await, Ok(1));
    assert_eq!(policy.run(async |_| Err::<(), _>(2)).await, Err(PolicyError::Failed(2)));
}

on_every_runtime!(
    seeds = 20;
    all_stages_let_a_good_call_through,
    an_attempt_that_hangs_is_tried_again,
    the_deadline_is_for_all_attempts,
    an_open_breaker_ends_the_attempts,
    some_errors_are_no_failures,
    what_is_refused_inside_was_not_called,
    one_stops_at_the_first_error_that_is_not_retryable,
    callers_share_what_a_policy_keeps,
    a_wrapped_function_is_one_again,
    an_outer_deadline_ends_the_wait_for_a_permit,
    a_timeout_outside_of_a_permit_counts_the_wait,
    a_wrapped_error_knows_whether_to_try_again,
    an_empty_policy_is_the_call,
);
