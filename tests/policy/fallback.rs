//! Other answers.

use mtaio::limit::ConcurrencyLimiter;
use mtaio::policy::{Attempt, Fallback, Policy, PolicyError, Retry};
use mtaio::{Runtime, RuntimeExt};

use crate::Count;
use crate::common::{ms, on_every_runtime};

async fn up(answer: u32) -> Result<u32, &'static str> {
    Ok(answer)
}

async fn down() -> Result<u32, &'static str> {
    Err("down")
}

async fn the_last_good_answer_is_kept_and_shared<R: Runtime>(_rt: R) {
    let fallback = Fallback::last_good();
    assert_eq!(fallback.run(down()).await, Err("down"), "there is none yet");
    let clone = fallback.clone();
    for answer in [1, 2] {
        assert_eq!(fallback.run(up(answer)).await, Ok(answer));
    }
    assert_eq!(clone.run(down()).await, Ok(2));
    assert_eq!(clone.run(down()).await, Ok(2), "it stays");
}

async fn one_that_is_too_old_is_no_answer<R: Runtime>(rt: R) {
    let fallback = Fallback::last_good_within(&rt, ms(40)).unwrap();
    assert_eq!(fallback.run(up(1)).await, Ok(1));
    assert_eq!(fallback.run(down()).await, Ok(1));
    rt.sleep(ms(41)).await;
    assert_eq!(fallback.run(down()).await, Err("down"));
    assert_eq!(fallback.run(up(2)).await, Ok(2));
    assert_eq!(fallback.run(down()).await, Ok(2));
}

/// Also of what a stage refused; and the function may give the error back.
async fn a_function_sees_what_the_policy_came_to<R: Runtime>(rt: R) {
    let permits = ConcurrencyLimiter::new(&rt, 1).unwrap().waiting_room(0);
    let calls = Count::default();
    let asked = calls.clone();
    let fallback = Fallback::with(async move |error: PolicyError<&'static str>| {
        asked.up();
        if error.is_refused() { Ok(7) } else { Err(error) }
    });
    let retry = Retry::constant(ms(1)).max_attempts(2).build().unwrap();
    let policy = Policy::new(&rt).fallback(fallback).retry(retry).permit(&permits).build().unwrap();

    assert_eq!(policy.run(async |_: Attempt| up(1).await).await, Ok(1));
    assert_eq!(calls.get(), 0);
    let failed = policy.run(async |_: Attempt| down().await).await.unwrap_err();
    assert_eq!((failed.attempts(), failed.failed()), (2, Some(&"down")));
    let _held = permits.try_acquire().unwrap();
    assert_eq!(policy.run(async |_: Attempt| up(1).await).await, Ok(7));
    assert_eq!(calls.get(), 2);
}

async fn a_wrapped_function_falls_back<R: Runtime>(rt: R) {
    let parse = Fallback::value(0).wrap(async |text: &'static str| text.parse::<u8>());
    assert_eq!(rt.spawn(parse("42")).await.unwrap(), Ok(42));
    assert_eq!(parse("x").await, Ok(0));
}

on_every_runtime!(
    seeds = 10;
    the_last_good_answer_is_kept_and_shared,
    one_that_is_too_old_is_no_answer,
    a_function_sees_what_the_policy_came_to,
    a_wrapped_function_falls_back,
);
