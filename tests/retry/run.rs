//! When attempts are made, and what comes of them.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use mtaio::policy::{Attempt, GaveUp, Retry, RetryBuilder, RetryError, Verdict};
use mtaio::time::Jitter;
use mtaio::{Instant, Retryable, Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::common::on_every_runtime;
use crate::{SECOND, ms};

on_every_runtime!(seeds = 10;
    it_tries_until_it_succeeds,
    it_waits_before_each_further_attempt,
    what_it_captures_is_shared_by_all_attempts,
    a_wrapped_function_is_tried_again,
    dropping_it_drops_the_attempt_and_ends_it,
);

async fn it_tries_until_it_succeeds<R: Runtime>(rt: R) {
    let retry = Retry::constant(ms(1)).max_attempts(5).build().expect("good settings");
    let answer = retry.run(&rt, async |attempt: Attempt| match attempt.number() {
        1..=3 => Err("busy"),
        number => Ok(number),
    });
    assert_eq!(answer.await, Ok(4));
}

async fn it_waits_before_each_further_attempt<R: Runtime>(rt: R) {
    let retry = Retry::exponential(ms(2)).build().expect("good settings");
    let begun = rt.now();
    let error = retry.run(&rt, async |_: Attempt| Err::<(), _>("down")).await;
    let error = error.expect_err("it is down");
    assert_eq!((error.attempts, error.reason, error.last), (3, GaveUp::Attempts, "down"));
    assert!(error.elapsed >= ms(2 + 4), "{error}");
    assert!(error.elapsed <= rt.now() - begun, "{error}");
}

async fn what_it_captures_is_shared_by_all_attempts<R: Runtime>(rt: R) {
    struct Database(AtomicU32);

    impl Database {
        async fn look_up(&self, name: &str) -> Result<usize, &'static str> {
            if self.0.fetch_add(1, Ordering::SeqCst) < 2 { Err("busy") } else { Ok(name.len()) }
        }
    }

    let db = Arc::new(Database(AtomicU32::new(0)));
    let retry = Retry::constant(Duration::ZERO).build().expect("good settings");
    let name = String::from("ada");
    let captured = Arc::clone(&db);
    let answer = retry.run(&rt, async move |_: Attempt| captured.look_up(&name).await);
    assert_eq!(answer.await, Ok(3));
    assert_eq!(db.0.load(Ordering::SeqCst), 3);
}

async fn a_wrapped_function_is_tried_again<R: Runtime>(rt: R) {
    let calls = Arc::new(AtomicU32::new(0));
    let retry = Retry::constant(ms(1)).build().expect("good settings");
    let counted = Arc::clone(&calls);
    let half = retry.wrap(&rt, async move |n: u32| {
        counted.fetch_add(1, Ordering::SeqCst);
        if n.is_multiple_of(2) { Ok(n / 2) } else { Err("odd") }
    });
    // It is a future of its own, and what calls it is a callback again.
    let (first, second) = (rt.spawn(half(4)), rt.spawn(half.clone()(5)));
    assert_eq!(first.await.expect("it ends"), Ok(2));
    assert_eq!(second.await.expect("it ends").map_err(RetryError::into_last), Err("odd"));
    assert_eq!(calls.load(Ordering::SeqCst), 1 + 3);
    let twice = Retry::constant(ms(1)).max_attempts(2).build().expect("good settings");
    assert_eq!(twice.wrap(&rt, half)(7).await.expect_err("odd").attempts, 2);
    assert_eq!(calls.load(Ordering::SeqCst), 1 + 3 + 6);
}

async fn dropping_it_drops_the_attempt_and_ends_it<R: Runtime>(rt: R) {
    let (held, calls) = (crate::common::Census::default(), Arc::new(AtomicU32::new(0)));
    let task = rt.spawn({
        let (rt, held, calls) = (rt.clone(), held.clone(), Arc::clone(&calls));
        async move {
            let retry = Retry::constant(ms(1)).build().expect("good settings");
            let never = retry.run(&rt, async move |_: Attempt| {
                let _alive = held.enter();
                calls.fetch_add(1, Ordering::SeqCst);
                std::future::pending::<Result<(), ()>>().await
            });
            never.await
        }
    });
    crate::common::eventually(&rt, "it tries", || held.now() == 1).await;
    task.abort();
    assert!(task.await.is_err());
    rt.sleep(ms(5)).await;
    assert_eq!((held.now(), calls.load(Ordering::SeqCst)), (0, 1));
}

/// When, in milliseconds, attempts that all fail with `error` are made, and what they come to.
fn attempts<C, L, E>(retry: Retry<C, L>, error: fn(u32) -> E) -> (Vec<u128>, RetryError<E>)
where
    C: mtaio::policy::Classify<E>,
    L: mtaio::policy::Listener,
{
    Sim::run(0, |rt| async move {
        let made = Arc::new(Mutex::new(Vec::new()));
        let run = retry.run(&rt, {
            let (made, rt) = (Arc::clone(&made), rt.clone());
            async move |attempt: Attempt| {
                let at = (rt.now() - Instant::ZERO).as_millis();
                made.lock().unwrap_or_else(PoisonError::into_inner).push(at);
                Err::<(), E>(error(attempt.number()))
            }
        });
        let Err(error) = run.await else { panic!("all of them fail") };
        let made = made.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (made, error)
    })
}

/// The guide tries three times, and waits `2 ** attempt` seconds between.
#[test]
fn the_guides_delays() {
    const GUIDE: RetryBuilder = Retry::exponential(SECOND).max_attempts(3);
    let (made, error) = attempts(GUIDE.build().expect("good settings"), |_| "down");
    assert_eq!(made, [0, 1_000, 3_000]);
    assert_eq!((error.attempts, error.elapsed), (3, 3 * SECOND));
    assert_eq!(error.to_string(), "gave up after 3 attempts in 3s, as many as may be: down");
}

#[test]
fn an_error_says_whether_and_when() {
    let retry = Retry::exponential(SECOND).max_attempts(9).classify(|n: &u32| match n {
        1 => Verdict::Again,
        2 => Verdict::After(ms(5)),
        3 => Verdict::After(Duration::ZERO),
        4 | 5 => Verdict::Again,
        _ => Verdict::Stop,
    });
    let (made, error) = attempts(retry.build().expect("good settings"), |number| number);
    // The backoff goes on where it was.
    assert_eq!(made, [0, 1_000, 1_005, 1_005, 3_005, 7_005]);
    assert_eq!((error.attempts, error.reason, error.last), (6, GaveUp::Stopped, 6));
}

#[test]
fn only_the_retryable_ones_and_after_what_they_say() {
    enum Answer {
        Busy(Duration),
        Reset,
        NoSuchName,
    }

    impl Retryable for Answer {
        fn is_retryable(&self) -> bool {
            !matches!(self, Self::NoSuchName)
        }

        fn retry_after(&self) -> Option<Duration> {
            match self {
                Self::Busy(time) => Some(*time),
                // Nothing that is not retryable is waited for.
                Self::NoSuchName => Some(ms(1)),
                Self::Reset => None,
            }
        }
    }

    let retry = Retry::exponential(SECOND).max_attempts(10).only_retryable();
    let (made, error) = attempts(retry.build().expect("good settings"), |number| match number {
        1 => Answer::Busy(ms(300)),
        2 => Answer::Reset,
        _ => Answer::NoSuchName,
    });
    assert_eq!(made, [0, 300, 1_300]);
    // The user's type is kept, and is asked for nothing.
    assert!(matches!(error.last, Answer::NoSuchName));
    assert_eq!((error.reason, error.is_retryable()), (GaveUp::Stopped, false));
}

#[test]
fn one_attempt_is_no_retry() {
    let once = Retry::exponential(SECOND).max_attempts(1).build().expect("good settings");
    let (made, error) = attempts(once, |_| ());
    assert_eq!((made, error.attempts, error.elapsed), (vec![0], 1, Duration::ZERO));
}

#[test]
fn the_time_of_all_attempts() {
    let until = |time| {
        let retry = Retry::constant(SECOND).unlimited_attempts().max_time(time);
        attempts(retry.build().expect("good settings"), |_| ())
    };
    // The last one may begin when the time is just up, and not after it.
    let (made, error) = until(3 * SECOND);
    assert_eq!(made, [0, 1_000, 2_000, 3_000]);
    assert_eq!((error.reason, error.elapsed), (GaveUp::Time, 3 * SECOND));
    let (made, error) = until(ms(2_999));
    assert_eq!(made, [0, 1_000, 2_000]);
    assert_eq!((error.reason, error.elapsed), (GaveUp::Time, 2 * SECOND));
    // What the error asks for counts as well.
    let hint = Retry::constant(ms(1)).max_time(SECOND).classify(|()| Verdict::After(2 * SECOND));
    let (made, error) = attempts(hint.build().expect("good settings"), |_| ());
    assert_eq!((made, error.reason), (vec![0], GaveUp::Time));
}

#[test]
fn the_time_counts_what_attempts_take() {
    Sim::run(0, |rt| async move {
        let retry = Retry::constant(ms(100)).unlimited_attempts().max_time(SECOND);
        let retry = retry.build().expect("good settings");
        let slow = rt.clone();
        let error = retry
            .run(&rt, async move |_: Attempt| {
                slow.sleep(ms(400)).await;
                Err::<(), _>(())
            })
            .await
            .expect_err("it fails");
        // 0 to 400, 500 to 900, 1,000 to 1,400: the next would begin at 1,500.
        assert_eq!((error.attempts, error.elapsed), (3, ms(1_400)));
    });
}

#[test]
fn jitter_is_the_runtimes_and_within_its_bounds() {
    let spread = |seed, jitter| {
        Sim::run(seed, |rt| async move {
            let retry =
                Retry::constant(SECOND).max_delay(3 * SECOND).jitter(jitter).max_attempts(2);
            let retry = retry.build().expect("good settings");
            retry.run(&rt, async |_: Attempt| Err::<(), _>(())).await.expect_err("it fails").elapsed
        })
    };
    for (jitter, range) in [
        (Jitter::Full, Duration::ZERO..=SECOND),
        (Jitter::Equal, SECOND / 2..=SECOND),
        (Jitter::Decorrelated, SECOND..=3 * SECOND),
    ] {
        let delays: Vec<_> = (0..20).map(|seed| spread(seed, jitter)).collect();
        assert!(delays.iter().all(|delay| range.contains(delay)), "{jitter:?}: {delays:?}");
        assert!(delays.iter().any(|delay| *delay != delays[0]), "{jitter:?}: {delays:?}");
        assert_eq!(delays[7], spread(7, jitter), "a seed repeats it");
    }
}

#[test]
fn a_panic_is_its_own_calls_and_no_others() {
    Sim::run(0, |rt| async move {
        let retry = Retry::constant(ms(1)).build().expect("good settings");
        let call = |panics: bool| {
            retry.run(&rt, async move |attempt: Attempt| {
                assert!(!(panics && attempt.number() == 2), "on purpose");
                if attempt.is_first() { Err("busy") } else { Ok(attempt.number()) }
            })
        };
        let (panicked, fine) =
            futures_util::future::join(AssertUnwindSafe(call(true)).catch_unwind(), call(false))
                .await;
        assert!(panicked.is_err());
        assert_eq!(fine, Ok(2));
    });
}

#[test]
fn its_future_is_send_and_its_size_is_that_of_the_attempt() {
    const fn is_send<T: Send>(_: &T) {}

    Sim::run(0, |rt| async move {
        let retry = Retry::constant(ms(1)).build().expect("good settings");
        let attempt = async |_: Attempt| {
            let kilobyte = [0_u8; 1_024];
            std::future::pending::<()>().await;
            Err::<(), _>(kilobyte.len())
        };
        let run = retry.run(&rt, attempt);
        is_send(&run);
        let size = size_of_val(&attempt(Attempt::FIRST)) + 256;
        assert!(size_of_val(&run) <= size, "{} of {size}", size_of_val(&run));
        let boxed: std::pin::Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(run);
        assert_eq!(boxed.now_or_never(), None);
    });
}
