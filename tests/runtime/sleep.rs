//! Timers and the clock that they follow.

use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use mtaio_runtime::{Instant, Runtime, RuntimeExt, Sleep};

use crate::common::{LONG, Wakes, eventually, on_every_runtime, poll_once, poll_with};

on_every_runtime!(
    a_sleep_takes_its_time,
    a_sleep_that_is_over_is_ready_at_once,
    a_sleep_starts_when_it_is_made,
    a_sleep_without_end_is_pending,
    reset_to_earlier,
    reset_to_later,
    reset_to_later_after_the_time_was_up,
    reset_before_the_first_poll,
    reset_to_the_past,
    reset_to_never_and_back,
    reset_after_ready,
    reset_many_times,
    sleeps_end_in_order,
    the_waker_of_the_last_poll_is_woken,
    a_sleep_moves_from_task_to_task,
    a_reset_sleep_moves_from_task_to_task,
    a_dropped_sleep_wakes_nobody,
    the_loser_of_a_race_is_dropped,
    a_thousand_sleeps_at_once,
    a_sleep_made_on_a_foreign_thread,
    the_clock_is_monotonic,
    the_wall_clock_is_sane,
    entropy_differs,
);

const HOUR: Duration = Duration::from_secs(3_600);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

async fn a_sleep_takes_its_time<R: Runtime>(rt: R) {
    for micros in [1, 300, 1_000, 1_001, 1_999, 12_345] {
        let duration = Duration::from_micros(micros);
        let start = rt.now();
        rt.sleep(duration).await;
        let slept = rt.now() - start;
        assert!(slept >= duration, "{slept:?} of {duration:?}");
        assert!(slept < LONG, "{slept:?} for {duration:?}");
    }
}

async fn a_sleep_that_is_over_is_ready_at_once<R: Runtime>(rt: R) {
    // Some time, so that there is a past.
    rt.sleep(ms(3)).await;
    let now = rt.now();
    for long_over in [now - HOUR, Instant::ZERO] {
        let mut sleep = pin!(rt.sleep_until(long_over));
        assert!(poll_once(&mut sleep).await.is_ready(), "{long_over:?} at {now:?}");
    }
    // What is over just now may take until the timers' next tick.
    for over in [now, now - ms(1), now - ms(2)] {
        rt.sleep_until(over).await;
    }
    rt.sleep(Duration::ZERO).await;
    assert!(rt.now() - now < LONG);
}

async fn a_sleep_starts_when_it_is_made<R: Runtime>(rt: R) {
    let made = rt.now();
    let sleep = rt.sleep(ms(10));
    rt.sleep(ms(15)).await;
    let mut sleep = pin!(sleep);
    assert!(poll_once(&mut sleep).await.is_ready(), "made {:?} ago", rt.now() - made);
}

async fn a_sleep_without_end_is_pending<R: Runtime>(rt: R) {
    let endless = [
        rt.sleep_until(Instant::MAX),
        rt.sleep(Duration::MAX),
        rt.sleep(Duration::from_nanos(u64::MAX)),
        rt.sleep(Duration::from_millis(u64::MAX)),
        rt.sleep(Duration::from_secs(u64::MAX)),
        rt.sleep_until(rt.now() + HOUR * 24 * 365 * 100),
    ];
    let mut endless = endless.map(Box::pin);
    for _ in 0..3 {
        for sleep in &mut endless {
            assert!(poll_once(sleep).await.is_pending());
        }
        // Nor do they hold up others.
        rt.sleep(ms(2)).await;
    }
}

async fn reset_to_earlier<R: Runtime>(rt: R) {
    let mut sleep = pin!(rt.sleep(HOUR));
    assert!(poll_once(&mut sleep).await.is_pending());
    let start = rt.now();
    let deadline = start + ms(5);
    sleep.as_mut().reset(deadline);
    sleep.await;
    assert!(rt.now() >= deadline);
    assert!(rt.now() - start < LONG);
}

async fn reset_to_later<R: Runtime>(rt: R) {
    let mut sleep = pin!(rt.sleep(ms(5)));
    assert!(poll_once(&mut sleep).await.is_pending());
    let deadline = rt.now() + ms(30);
    sleep.as_mut().reset(deadline);
    sleep.await;
    assert!(rt.now() >= deadline);
}

async fn reset_to_later_after_the_time_was_up<R: Runtime>(rt: R) {
    let mut sleep = pin!(rt.sleep(ms(2)));
    assert!(poll_once(&mut sleep).await.is_pending());
    rt.sleep(ms(5)).await;
    let deadline = rt.now() + ms(20);
    sleep.as_mut().reset(deadline);
    sleep.await;
    assert!(rt.now() >= deadline);
}

async fn reset_before_the_first_poll<R: Runtime>(rt: R) {
    let start = rt.now();
    let mut sleep = pin!(rt.sleep(HOUR));
    sleep.as_mut().reset(start + ms(5));
    sleep.await;
    assert!(rt.now() >= start + ms(5));
    assert!(rt.now() - start < LONG);

    let mut sleep = pin!(rt.sleep_until(Instant::ZERO));
    sleep.as_mut().reset(rt.now() + HOUR);
    assert!(poll_once(&mut sleep).await.is_pending());
}

async fn reset_to_the_past<R: Runtime>(rt: R) {
    rt.sleep(ms(2)).await;
    let start = rt.now();
    for past in [start, start - ms(1), start - HOUR, Instant::ZERO] {
        let mut sleep = pin!(rt.sleep(HOUR));
        assert!(poll_once(&mut sleep).await.is_pending());
        sleep.as_mut().reset(past);
        sleep.await;
    }
    assert!(rt.now() - start < LONG);
}

async fn reset_to_never_and_back<R: Runtime>(rt: R) {
    let mut sleep = pin!(rt.sleep(ms(2)));
    assert!(poll_once(&mut sleep).await.is_pending());
    sleep.as_mut().reset(Instant::MAX);
    assert!(poll_once(&mut sleep).await.is_pending());
    rt.sleep(ms(5)).await;
    assert!(poll_once(&mut sleep).await.is_pending());
    let deadline = rt.now() + ms(2);
    sleep.as_mut().reset(deadline);
    sleep.await;
    assert!(rt.now() >= deadline);
}

async fn reset_after_ready<R: Runtime>(rt: R) {
    let mut sleep = pin!(rt.sleep(ms(1)));
    sleep.as_mut().await;
    for round in 1..=5 {
        let deadline = rt.now() + ms(round);
        sleep.as_mut().reset(deadline);
        sleep.as_mut().await;
        assert!(rt.now() >= deadline, "in round {round}");
    }
    sleep.as_mut().reset(rt.now() + HOUR);
    assert!(poll_once(&mut sleep).await.is_pending());
}

async fn reset_many_times<R: Runtime>(rt: R) {
    let mut sleep = pin!(rt.sleep(HOUR));
    for round in 0..1_000_u32 {
        sleep.as_mut().reset(rt.now() + HOUR * (round % 7 + 1));
        if round % 3 == 0 {
            assert!(poll_once(&mut sleep).await.is_pending(), "in round {round}");
        }
    }
    let deadline = rt.now() + ms(3);
    sleep.as_mut().reset(deadline);
    sleep.await;
    assert!(rt.now() >= deadline);
    assert!(rt.now() - deadline < LONG);
}

async fn sleeps_end_in_order<R: Runtime>(rt: R) {
    // 7 and 30 have no common divisor: each number once, in no order.
    let start = rt.now();
    let deadline = |number: u32| start + Duration::from_micros(700) * number;
    let mut sleeps: Vec<_> =
        (0..30).map(|n| n * 7 % 30).map(|n| (n, Box::pin(rt.sleep_until(deadline(n))))).collect();
    // Some are over already, the more of them the busier the machine is.
    sleeps.retain_mut(|(_, sleep)| poll_with(sleep.as_mut(), &Wakes::new()).is_pending());
    sleeps.sort_by_key(|(number, _)| *number);
    let mut earlier: Vec<(u32, _)> = Vec::new();
    for (number, mut sleep) in sleeps {
        if number % 5 != 4 {
            earlier.push((number, sleep));
            continue;
        }
        sleep.as_mut().await;
        assert!(rt.now() >= deadline(number));
        for (before, mut sleep) in earlier.drain(..) {
            assert!(poll_once(&mut sleep).await.is_ready(), "{number} was ready before {before}");
        }
    }
}

async fn the_waker_of_the_last_poll_is_woken<R: Runtime>(rt: R) {
    let (former, last) = (Wakes::new(), Wakes::new());
    let mut wait = ms(10);
    let mut sleep = loop {
        let mut sleep = Box::pin(rt.sleep(wait));
        let deadline = rt.now() + wait;
        assert!(poll_with(sleep.as_mut(), &former).is_pending());
        assert!(poll_with(sleep.as_mut(), &last).is_pending());
        if rt.now() < deadline - wait / 2 && former.count() == 0 {
            break sleep;
        }
        // The machine was busy: the sleep may have been over before the second poll.
        wait *= 2;
        assert!(wait < LONG, "woken {} times", former.count());
    };
    eventually(&rt, "the last one is woken", || last.count() > 0).await;
    assert_eq!(former.count(), 0);
    assert!(poll_with(sleep.as_mut(), &last).is_ready());
}

async fn a_sleep_moves_from_task_to_task<R: Runtime>(rt: R) {
    for hops in 1..=3 {
        let deadline = rt.now() + ms(10);
        let mut sleep = Box::pin(rt.sleep_until(deadline));
        for _ in 0..hops {
            let hop = rt.spawn(async move {
                let _ = poll_once(&mut sleep).await;
                sleep
            });
            sleep = hop.await.expect("it ends");
        }
        let last = rt.clone();
        let waiter = rt.spawn(async move {
            sleep.await;
            last.now()
        });
        let woke = waiter.await.expect("it is woken, though others polled first");
        assert!(woke >= deadline);
    }
}

async fn a_reset_sleep_moves_from_task_to_task<R: Runtime>(rt: R) {
    let mut sleep = Box::pin(rt.sleep(HOUR));
    assert!(poll_once(&mut sleep).await.is_pending());
    let deadline = rt.now() + ms(4);
    sleep.as_mut().reset(deadline);
    rt.spawn(sleep).await.expect("it is woken");
    assert!(rt.now() >= deadline);
    assert!(rt.now() - deadline < LONG);
}

async fn a_dropped_sleep_wakes_nobody<R: Runtime>(rt: R) {
    let mut wait = ms(10);
    loop {
        let wakes = Wakes::new();
        let deadline = rt.now() + wait;
        let mut sleep = Box::pin(rt.sleep_until(deadline));
        assert!(poll_with(sleep.as_mut(), &wakes).is_pending());
        drop(sleep);
        if rt.now() < deadline - wait / 2 {
            rt.sleep_until(deadline + ms(5)).await;
            assert_eq!(wakes.count(), 0);
            // Not even the waker is kept.
            assert_eq!(Arc::strong_count(&wakes), 1);
            return;
        }
        // The machine was busy: the sleep may have been over before it was dropped.
        wait *= 2;
        assert!(wait < LONG);
    }
}

async fn the_loser_of_a_race_is_dropped<R: Runtime>(rt: R) {
    use futures_util::future::{Either, select};

    let start = rt.now();
    for _ in 0..20 {
        let winner = pin!(rt.sleep(Duration::from_micros(100)));
        let loser = pin!(rt.sleep(HOUR));
        assert!(matches!(select(loser, winner).await, Either::Right(_)));
    }
    assert!(rt.now() - start < LONG * 2);
}

async fn a_thousand_sleeps_at_once<R: Runtime>(rt: R) {
    let tasks = (0..1_000_u64).map(|number| {
        let rt = rt.clone();
        rt.clone().spawn(async move {
            let deadline = rt.now() + Duration::from_micros(number * 37 % 20_000);
            rt.sleep_until(deadline).await;
            assert!(rt.now() >= deadline, "woken {:?} too early", deadline - rt.now());
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("it wakes in time");
    }
}

async fn a_sleep_made_on_a_foreign_thread<R: Runtime>(rt: R) {
    let elsewhere = rt.clone();
    let made = thread::spawn(move || {
        let deadline = elsewhere.now() + ms(3);
        (elsewhere.sleep_until(deadline), deadline)
    });
    let (sleep, deadline) = made.join().expect("it needs no context");
    sleep.await;
    assert!(rt.now() >= deadline);
    assert!(rt.now() - deadline < LONG);
}

async fn the_clock_is_monotonic<R: Runtime>(rt: R) {
    let mut last = rt.now();
    for round in 0..2_000 {
        let now = rt.now();
        assert!(now >= last, "{now:?} after {last:?}");
        last = now;
        if round % 100 == 0 {
            rt.yield_now().await;
        }
    }
    let before = rt.now();
    rt.sleep(ms(2)).await;
    assert!(rt.now() >= before + ms(2), "it does not stand still");
}

async fn the_wall_clock_is_sane<R: Runtime>(rt: R) {
    let start = rt.wall_clock();
    let age = start.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    assert!(age < HOUR * 24 * 366 * 300, "{age:?}");
    rt.sleep(ms(40)).await;
    let passed = rt.wall_clock().duration_since(start).expect("nobody sets it now");
    assert!(passed >= ms(20) && passed < LONG, "{passed:?} for 40 ms");
}

async fn entropy_differs<R: Runtime>(rt: R) {
    let mut drawn: Vec<u64> = (0..500).map(|_| rt.entropy()).collect();
    // Of the birthdays of 500 in 2^64 none coincide: the odds are one to 10^14.
    let (ones, zeros) = drawn.iter().fold((0, 0), |(ones, zeros), n| (ones | n, zeros | !n));
    assert_eq!((ones, zeros), (u64::MAX, u64::MAX), "a bit that never changes");
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), 500);
}
