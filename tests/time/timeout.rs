//! Timeouts on every runtime.

use std::future::{Future, pending, ready};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join_all;
use mtaio::time::{Elapsed, TimeLimit, Timeout, timeout};
use mtaio::{DynRuntime, Runtime, RuntimeExt};

use crate::common::{Gate, Held, LONG, eventually, on_every_runtime, poll_once};
use crate::probe::{Counts, Probe};
use crate::{HOUR, ms};

on_every_runtime!(
    a_ready_future_asks_nothing_of_the_runtime,
    a_pending_future_costs_one_look_at_the_clock_and_one_timer,
    without_a_limit_nothing_is_asked_of_the_runtime,
    an_answer_in_time_is_the_answer,
    a_timeout_is_told_with_its_limit,
    the_time_counts_from_the_first_poll,
    without_a_limit_it_waits,
    the_longest_limit_is_one,
    no_time_is_enough_for_what_is_ready,
    no_time_is_not_enough_for_what_is_pending,
    what_is_ready_at_the_late_poll_wins,
    the_future_inside_is_woken,
    dropping_it_drops_the_future_and_the_timer,
    the_future_lives_as_long_as_its_timeout,
    an_owned_timeout_can_be_spawned,
    an_owned_timeout_keeps_its_limit_and_its_timer,
    a_timeout_moves_from_task_to_task,
    the_tighter_of_two_timeouts_holds,
    a_thousand_timeouts_at_once,
);

async fn a_ready_future_asks_nothing_of_the_runtime<R: Runtime>(rt: R) {
    let rt = Probe::new(&rt);
    assert_eq!(timeout(&rt, HOUR, ready(42)).await, Ok(42));
    assert_eq!(timeout(&rt, Duration::ZERO, ready(43)).await, Ok(43));
    assert_eq!(timeout(&rt, HOUR, ready(44)).into_owned().await, Ok(44));
    drop(timeout(&rt, HOUR, pending::<()>()));
    assert_eq!(rt.counts(), Counts::default());
}

async fn a_pending_future_costs_one_look_at_the_clock_and_one_timer<R: Runtime>(rt: R) {
    let rt = Probe::new(&rt);
    let mut late = pin!(timeout(&rt, HOUR, pending::<()>()));
    for _ in 0..10 {
        assert!(poll_once(&mut late).await.is_pending());
    }
    assert_eq!(rt.counts(), Counts { now: 1, sleep: 1, ..Counts::default() });
}

async fn without_a_limit_nothing_is_asked_of_the_runtime<R: Runtime>(rt: R) {
    let probe = Probe::new(&rt);
    assert_eq!(timeout(&probe, None, rt.sleep(ms(2))).await, Ok(()));
    assert_eq!(probe.counts(), Counts::default());
}

async fn an_answer_in_time_is_the_answer<R: Runtime>(rt: R) {
    let answer = async {
        for _ in 0..3 {
            rt.yield_now().await;
        }
        rt.sleep(ms(2)).await;
        "done"
    };
    assert_eq!(timeout(&rt, LONG, answer).await, Ok("done"));
    let failed = timeout(&rt, LONG, ready(Err::<(), _>("its own error"))).await;
    assert_eq!(failed, Ok(Err("its own error")));
}

async fn a_timeout_is_told_with_its_limit<R: Runtime>(rt: R) {
    let (start, limit) = (rt.now(), ms(15));
    let elapsed = timeout(&rt, limit, pending::<()>()).await.expect_err("it never ends");
    assert!(rt.now() - start >= limit);
    assert!(rt.now() - start < LONG);
    assert_eq!(elapsed.limit(), limit);
    assert_eq!(elapsed.to_string(), "not done within 15ms");
    assert_eq!(elapsed.by(), TimeLimit::Timeout);
    assert!(elapsed.waited() >= limit && elapsed.waited() <= rt.now() - start);
}

async fn the_time_counts_from_the_first_poll<R: Runtime>(rt: R) {
    let brief = timeout(&rt, ms(30), rt.yield_now());
    let never = timeout(&rt, ms(30), pending::<()>());
    rt.sleep(ms(45)).await;
    // It is pending once, which would be too late had the time counted from where it was made.
    assert_eq!(brief.await, Ok(()));
    let polled = rt.now();
    never.await.expect_err("it never ends");
    assert!(rt.now() - polled >= ms(30), "{:?}", rt.now() - polled);
}

async fn without_a_limit_it_waits<R: Runtime>(rt: R) {
    assert_eq!(timeout(&rt, None, rt.sleep(ms(5))).await, Ok(()));
    let limit: Option<Duration> = Some(ms(5));
    timeout(&rt, limit, pending::<()>()).await.expect_err("a limit in an option is one");
}

async fn the_longest_limit_is_one<R: Runtime>(rt: R) {
    for limit in [Duration::MAX, Duration::from_nanos(u64::MAX), HOUR * 24 * 365 * 1_000] {
        assert_eq!(timeout(&rt, limit, rt.sleep(ms(2))).await, Ok(()));
    }
}

async fn no_time_is_enough_for_what_is_ready<R: Runtime>(rt: R) {
    assert_eq!(timeout(&rt, Duration::ZERO, ready(1)).await, Ok(1));
}

async fn no_time_is_not_enough_for_what_is_pending<R: Runtime>(rt: R) {
    let start = rt.now();
    let elapsed = timeout(&rt, Duration::ZERO, pending::<()>()).await;
    assert_eq!(elapsed.expect_err("it never ends").limit(), Duration::ZERO);
    assert!(rt.now() - start < LONG);
}

async fn what_is_ready_at_the_late_poll_wins<R: Runtime>(rt: R) {
    let gate = Gate::default();
    let mut passing = pin!(timeout(&rt, ms(20), gate.passed()));
    assert!(poll_once(&mut passing).await.is_pending());
    // Nobody polls while the time runs out.
    rt.sleep(ms(25)).await;
    gate.open();
    assert_eq!(poll_once(&mut passing).await, Poll::Ready(Ok(())));
}

async fn the_future_inside_is_woken<R: Runtime>(rt: R) {
    let gate = Gate::default();
    let (passing, inner) = (gate.clone(), rt.clone());
    let task = rt.spawn(async move { timeout(&inner, HOUR, passing.passed()).await });
    rt.sleep(ms(3)).await;
    gate.open();
    assert!(matches!(task.await, Ok(Ok(()))));
}

async fn dropping_it_drops_the_future_and_the_timer<R: Runtime>(rt: R) {
    let (held, dropped) = Held::new();
    let work = async move {
        let _held = held;
        pending::<()>().await;
    };
    let mut late = Box::pin(timeout(&rt, HOUR, work));
    assert!(poll_once(&mut late).await.is_pending());
    assert!(!dropped());
    // A simulation whose scenario leaves a timer behind is a failure.
    drop(late);
    assert!(dropped());

    let inner = rt.clone();
    let task = rt.spawn(async move { timeout(&inner, HOUR, pending::<()>()).await });
    rt.yield_now().await;
    task.abort();
    assert!(task.await.is_err());
}

async fn the_future_lives_as_long_as_its_timeout<R: Runtime>(rt: R) {
    let (held, dropped) = Held::new();
    let work = async move {
        let _held = held;
        pending::<()>().await;
    };
    let mut late = Box::pin(timeout(&rt, ms(2), work));
    late.as_mut().await.expect_err("it never ends");
    assert!(!dropped());
    drop(late);
    assert!(dropped());
}

async fn an_owned_timeout_can_be_spawned<R: Runtime>(rt: R) {
    fn bounded<R: Runtime, F: Future>(rt: R, future: F) -> Timeout<'static, F, R> {
        timeout(&rt, ms(5), future).into_owned()
    }

    let quick = rt.spawn(bounded(rt.clone(), ready(42)));
    let slow = rt.spawn(bounded(rt.clone(), pending::<()>()));
    assert!(matches!(quick.await, Ok(Ok(42))));
    assert!(matches!(slow.await, Ok(Err(elapsed)) if elapsed.limit() == ms(5)));
}

async fn an_owned_timeout_keeps_its_limit_and_its_timer<R: Runtime>(rt: R) {
    // The timers of an erased runtime may be moved between two polls.
    let probe = Probe::new(&DynRuntime::new(&rt));
    let start = rt.now();
    let mut late = timeout(&probe, ms(20), pending::<()>());
    let begun = poll_once(&mut late).await;
    rt.sleep(ms(10)).await;
    let elapsed = late.into_owned().into_owned().await.expect_err("it never ends");
    assert_eq!(elapsed.limit(), ms(20));
    assert!(begun.is_pending() && rt.now() - start >= ms(20));
    // The second look is for how long was waited.
    assert_eq!(probe.counts(), Counts { now: 2, sleep: 1, ..Counts::default() });
}

async fn a_timeout_moves_from_task_to_task<R: Runtime>(rt: R) {
    let start = rt.now();
    let mut late = Box::pin(timeout(&rt, ms(20), pending::<()>()).into_owned());
    assert!(poll_once(&mut late).await.is_pending());
    let moved = rt.spawn(late);
    assert!(matches!(moved.await, Ok(Err(_))), "the task that polled last is woken");
    assert!(rt.now() - start >= ms(20));
}

async fn the_tighter_of_two_timeouts_holds<R: Runtime>(rt: R) {
    let (tight, loose) = (ms(5), HOUR);
    let outer = timeout(&rt, tight, timeout(&rt, loose, pending::<()>())).await;
    assert_eq!(outer.map_err(|elapsed: Elapsed| elapsed.limit()), Err(tight));
    let inner = timeout(&rt, loose, timeout(&rt, tight, pending::<()>())).await;
    let inner = inner.expect("the outer one has time");
    assert_eq!(inner.map_err(|elapsed| elapsed.limit()), Err(tight));
    let both = timeout(&rt, loose, timeout(&rt, loose, rt.sleep(tight))).await;
    assert_eq!(both, Ok(Ok(())));
}

async fn a_thousand_timeouts_at_once<R: Runtime>(rt: R) {
    let start = rt.now();
    let timeouts = (0..1_000_u64).map(|n| {
        let (rt, limit) = (&rt, Duration::from_micros(n * 37 % 20_000));
        async move {
            timeout(rt, limit, pending::<()>()).await.expect_err("it never ends");
            assert!(rt.now() - start >= limit);
        }
    });
    join_all(timeouts).await;
    eventually(&rt, "all limits are over", || rt.now() - start >= ms(19)).await;
}
