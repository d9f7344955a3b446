//! Intervals on every runtime.

use std::time::Duration;

use futures_util::StreamExt;
use mtaio::time::{Interval, MissedTick, interval, timeout};
use mtaio::{DynRuntime, Instant, Runtime, RuntimeExt};

use crate::common::{LONG, on_every_runtime, poll_once};
use crate::probe::Probe;
use crate::{CENTURY, HOUR, ms};

on_every_runtime!(
    the_first_tick_is_at_once,
    ticks_are_due_a_period_apart_and_never_early,
    a_dropped_tick_is_taken_by_the_next_call,
    reset_to_later_and_earlier,
    reset_while_a_tick_is_awaited,
    reset_to_the_past_makes_up_for_all_since,
    reset_to_never_never_ticks,
    an_interval_moves_from_task_to_task,
    one_timer_serves_all_ticks,
    a_stream_of_ticks,
    the_erased_interval_needs_no_parameter,
    an_absurd_period_is_refused,
);

async fn the_first_tick_is_at_once<R: Runtime>(rt: R) {
    let before = rt.now();
    let mut ticks = interval(&rt, HOUR).expect("a period");
    let after = rt.now();
    // The start is where it was made, not where it was polled.
    rt.sleep(ms(2)).await;
    let first = timeout(&rt, LONG, ticks.tick()).await.expect("at once");
    assert!((before..=after).contains(&first), "{first:?} between {before:?} and {after:?}");
    assert!(poll_once(&mut Box::pin(ticks.tick())).await.is_pending(), "the next takes an hour");
    assert_eq!(ticks.period(), HOUR);
}

async fn ticks_are_due_a_period_apart_and_never_early<R: Runtime>(rt: R) {
    let period = ms(3);
    let mut ticks = interval(&rt, period).expect("a period");
    let start = ticks.tick().await;
    for n in 1..=10 {
        let due = ticks.tick().await;
        assert_eq!(due, start + n * period);
        assert!(rt.now() >= due);
    }
}

/// Gives up on ticks again and again, sooner than they come.
async fn a_dropped_tick_is_taken_by_the_next_call<R: Runtime>(rt: R) {
    let period = ms(5);
    let mut ticks = interval(&rt, period).expect("a period");
    let start = ticks.tick().await;
    let (mut taken, mut given_up) = (0, 0);
    while taken < 6 || given_up < 3 {
        drop(ticks.tick());
        match timeout(&rt, ms(2), ticks.tick()).await {
            Ok(due) => {
                taken += 1;
                assert_eq!(due, start + taken * period, "none lost, none twice");
                assert!(rt.now() >= due);
            }
            Err(_) => given_up += 1,
        }
    }
}

async fn reset_to_later_and_earlier<R: Runtime>(rt: R) {
    let period = ms(4);
    let mut ticks = interval(&rt, period).expect("a period");
    let later = ticks.tick().await + ms(25);
    ticks.reset_to(later);
    assert_eq!(ticks.tick().await, later);
    assert!(rt.now() >= later);
    assert_eq!(ticks.tick().await, later + period, "in step with it");

    let mut ticks = interval(&rt, HOUR).expect("a period");
    ticks.tick().await;
    let earlier = rt.now() + ms(2);
    ticks.reset_to(earlier);
    assert_eq!(timeout(&rt, LONG, ticks.tick()).await, Ok(earlier));
    assert!(poll_once(&mut Box::pin(ticks.tick())).await.is_pending(), "in step with it");
}

async fn reset_while_a_tick_is_awaited<R: Runtime>(rt: R) {
    let mut ticks = interval(&rt, HOUR).expect("a period");
    ticks.tick().await;
    assert!(poll_once(&mut Box::pin(ticks.tick())).await.is_pending());
    let soon = rt.now() + ms(3);
    ticks.reset_to(soon);
    assert_eq!(timeout(&rt, LONG, ticks.tick()).await, Ok(soon));

    let mut ticks = interval(&rt, ms(3)).expect("a period");
    ticks.tick().await;
    let _ = poll_once(&mut Box::pin(ticks.tick())).await;
    let later = rt.now() + ms(20);
    ticks.reset_to(later);
    assert_eq!(ticks.tick().await, later);
    assert!(rt.now() >= later);
}

async fn reset_to_the_past_makes_up_for_all_since<R: Runtime>(rt: R) {
    rt.sleep(ms(2)).await;
    let mut ticks = interval(&rt, HOUR).expect("a period");
    let past = rt.now() - HOUR / 2;
    ticks.reset_to(past);
    assert_eq!(ticks.tick().await, past);
    assert!(poll_once(&mut Box::pin(ticks.tick())).await.is_pending(), "in step with it");

    let mut ticks = interval(&rt, ms(1)).expect("a period");
    let past = rt.now() - ms(50);
    ticks.reset_to(past);
    for n in 0..55 {
        assert_eq!(ticks.tick().await, past + n * ms(1));
    }
}

async fn reset_to_never_never_ticks<R: Runtime>(rt: R) {
    let mut ticks = interval(&rt, ms(1)).expect("a period");
    ticks.reset_to(Instant::MAX);
    timeout(&rt, ms(10), ticks.tick()).await.expect_err("it never comes");
    let now = rt.now();
    ticks.reset_to(now);
    assert_eq!(ticks.tick().await, now);
}

async fn an_interval_moves_from_task_to_task<R: Runtime>(rt: R) {
    let period = ms(10);
    let mut ticks = interval(&rt, period).expect("a period");
    let start = ticks.tick().await;
    // Ready only where the machine slept through it.
    let early = poll_once(&mut Box::pin(ticks.tick())).await.is_ready();
    let taken = u32::from(early);
    let moved = rt.spawn(async move {
        let due = ticks.tick().await;
        (ticks, due)
    });
    let (mut ticks, due) = moved.await.expect("it ticks there, too");
    assert_eq!(due, start + (taken + 1) * period);
    assert_eq!(ticks.tick().await, start + (taken + 2) * period, "and back");
}

async fn one_timer_serves_all_ticks<R: Runtime>(rt: R) {
    let probe = Probe::new(&rt);
    let mut ticks = interval(&probe, Duration::from_micros(10)).expect("a period");
    for _ in 0..100 {
        ticks.tick().await;
    }
    assert_eq!(probe.counts().sleep, 1);
    assert_eq!(probe.counts().now, 1, "to burst takes no clock");
}

async fn a_stream_of_ticks<R: Runtime>(rt: R) {
    let period = ms(2);
    let mut ticks = interval(&rt, period).expect("a period").into_stream();
    let start = ticks.next().await.expect("it has no end");
    for n in 1..=5 {
        // The future of an item that is dropped takes none.
        drop(ticks.next());
        let due = ticks.next().await.expect("it has no end");
        assert_eq!(due, start + n * period);
        assert!(rt.now() >= due);
    }
}

async fn the_erased_interval_needs_no_parameter<R: Runtime>(rt: R) {
    struct Service {
        ticks: Interval,
    }

    let ticks = Interval::new(&rt, ms(2)).expect("a period").missed(MissedTick::Delay);
    let mut service = Service { ticks };
    let first = service.ticks.tick().await;
    assert!(service.ticks.tick().await >= first + ms(2));
    let mut same = interval(&DynRuntime::new(&rt), ms(2)).expect("a period");
    assert!(same.tick().await >= first);
}

async fn an_absurd_period_is_refused<R: Runtime>(rt: R) {
    let allowed = "allowed is more than zero and at most 100 years";
    for (period, said) in [
        (Duration::ZERO, format!("`period` is 0ns, {allowed}")),
        (
            CENTURY + Duration::from_nanos(1),
            format!("`period` is 3153600000.000000001s, {allowed}"),
        ),
        (Duration::MAX, format!("`period` is 18446744073709551615.999999999s, {allowed}")),
    ] {
        let refused = interval(&rt, period).expect_err("it is absurd");
        assert_eq!(refused.to_string(), said);
        assert_eq!(refused.field(), "period");
        assert_eq!(Interval::new(&rt, period).expect_err("it is absurd"), refused);
        assert_eq!(Interval::with_runtime(&rt, period).expect_err("it is absurd"), refused);
    }
    for period in [Duration::from_nanos(1), CENTURY] {
        let mut ticks = interval(&rt, period).expect("the most and the least");
        ticks.tick().await;
        assert_eq!(ticks.period(), period);
    }
}
