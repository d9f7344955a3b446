//! Virtual time and the timers that follow it.

use std::future::{Future, pending};
use std::pin::pin;
use std::task::Context;
use std::time::{Duration, SystemTime};

use mtaio_runtime::{Instant, Runtime, RuntimeExt, Sleep};
use mtaio_sim::{Diagnosis, Sim};

use crate::common::{CountingWaker, Log, ms, poll_once};

scenarios!(
    time_jumps_to_each_deadline_exactly,
    a_deadline_that_has_passed_is_ready_at_once,
    time_stands_still_while_a_task_can_run,
    timers_of_one_instant_fire_together,
    reset_moves_the_deadline_both_ways,
    reset_keeps_the_waker,
    reset_works_after_the_sleep_was_ready,
    the_waker_of_the_last_poll_is_the_one_woken,
    a_dropped_sleep_wakes_nobody,
    the_time_of_day_follows_virtual_time,
);

async fn time_jumps_to_each_deadline_exactly<R: Runtime>(rt: R) {
    assert_eq!(rt.now(), Instant::ZERO);
    rt.sleep(Duration::from_nanos(1)).await;
    assert_eq!(rt.now(), Instant::from_nanos(1));
    rt.sleep(Duration::from_secs(86_400 * 365 * 100)).await;
    assert_eq!(rt.now(), Instant::from_nanos(1) + Duration::from_secs(86_400 * 365 * 100));
}

async fn a_deadline_that_has_passed_is_ready_at_once<R: Runtime>(rt: R) {
    assert!(poll_once(pin!(rt.sleep_until(Instant::ZERO))).await.is_ready());
    rt.sleep(ms(5)).await;
    assert!(poll_once(pin!(rt.sleep_until(Instant::ZERO + ms(4)))).await.is_ready());
    assert!(poll_once(pin!(rt.sleep(Duration::ZERO))).await.is_ready());
    assert_eq!(rt.now(), Instant::ZERO + ms(5));
}

async fn time_stands_still_while_a_task_can_run<R: Runtime>(rt: R) {
    let sleeper = rt.spawn({
        let rt = rt.clone();
        async move { rt.sleep(Duration::from_nanos(1)).await }
    });
    for _ in 0..1_000 {
        rt.yield_now().await;
        assert_eq!(rt.now(), Instant::ZERO);
    }
    sleeper.await.unwrap();
    assert_eq!(rt.now(), Instant::from_nanos(1));
}

async fn timers_of_one_instant_fire_together<R: Runtime>(rt: R) {
    let log = Log::default();
    let tasks: Vec<_> = (0..3)
        .map(|number| {
            let (rt, log) = (rt.clone(), log.clone());
            rt.clone().spawn(async move {
                rt.sleep(ms(1)).await;
                log.push(number);
                assert_eq!(rt.now(), Instant::ZERO + ms(1));
            })
        })
        .collect();
    rt.sleep(Duration::from_nanos(1_000_001)).await;
    assert_eq!(log.entries().len(), 3);
    for task in tasks {
        task.await.unwrap();
    }
}

async fn reset_moves_the_deadline_both_ways<R: Runtime>(rt: R) {
    let mut sleep = pin!(rt.sleep(ms(10)));
    assert!(poll_once(sleep.as_mut()).await.is_pending());
    sleep.as_mut().reset(Instant::ZERO + ms(3));
    sleep.as_mut().await;
    assert_eq!(rt.now(), Instant::ZERO + ms(3));

    let mut sleep = pin!(rt.sleep(ms(1)));
    assert!(poll_once(sleep.as_mut()).await.is_pending());
    sleep.as_mut().reset(Instant::ZERO + ms(20));
    rt.sleep(ms(2)).await;
    assert!(poll_once(sleep.as_mut()).await.is_pending());
    sleep.as_mut().await;
    assert_eq!(rt.now(), Instant::ZERO + ms(20));
}

async fn reset_keeps_the_waker<R: Runtime>(rt: R) {
    let (counter, waker) = CountingWaker::pair();
    let mut sleep = pin!(rt.sleep(ms(1)));
    assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    sleep.as_mut().reset(Instant::ZERO + ms(4));
    rt.sleep(ms(2)).await;
    assert_eq!(counter.wakes(), 0);
    rt.sleep(ms(3)).await;
    assert_eq!(counter.wakes(), 1);

    sleep.as_mut().reset(Instant::ZERO + ms(100));
    assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    sleep.as_mut().reset(Instant::ZERO);
    assert_eq!(counter.wakes(), 2, "moved to the past, it fires at once");
}

async fn reset_works_after_the_sleep_was_ready<R: Runtime>(rt: R) {
    let mut sleep = pin!(rt.sleep(ms(1)));
    for tick in 1..=3 {
        sleep.as_mut().await;
        assert_eq!(rt.now(), Instant::ZERO + ms(tick));
        sleep.as_mut().reset(rt.now() + ms(1));
    }
}

async fn the_waker_of_the_last_poll_is_the_one_woken<R: Runtime>(rt: R) {
    let (first, second) = (CountingWaker::pair(), CountingWaker::pair());
    let mut sleep = pin!(rt.sleep(ms(1)));
    for (_, waker) in [&first, &second] {
        assert!(sleep.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    }
    rt.sleep(ms(2)).await;
    assert_eq!((first.0.wakes(), second.0.wakes()), (0, 1));
}

async fn a_dropped_sleep_wakes_nobody<R: Runtime>(rt: R) {
    let (counter, waker) = CountingWaker::pair();
    {
        let sleep = pin!(rt.sleep(ms(1)));
        assert!(sleep.poll(&mut Context::from_waker(&waker)).is_pending());
    }
    rt.sleep(ms(2)).await;
    assert_eq!(counter.wakes(), 0);
}

async fn the_time_of_day_follows_virtual_time<R: Runtime>(rt: R) {
    let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_735_689_600);
    assert_eq!(rt.wall_clock(), begin);
    rt.sleep(ms(1_500)).await;
    assert_eq!(rt.wall_clock(), begin + ms(1_500));
}

#[test]
fn a_million_dropped_sleeps_leave_nothing_behind() {
    let deadlock_after = |sleeps: u32| {
        Sim::try_run(1, |rt| async move {
            rt.sleep(ms(7)).await;
            for _ in 0..sleeps {
                assert!(poll_once(pin!(rt.sleep(ms(1)))).await.is_pending());
            }
            assert_eq!(rt.now(), Instant::ZERO + ms(7), "time stood still");
            pending::<()>().await;
        })
        .expect_err("nothing ends it")
    };
    let mut failures = Vec::new();
    let used = [1, 1_000_000].map(|sleeps| {
        allocation_counter::measure(|| failures.push(deadlock_after(sleeps))).bytes_max
    });
    // Room for a few that are gone, not for a million.
    assert!(used[1] < 10_000, "one sleep and a million need {used:?} bytes");
    for failure in failures {
        assert_eq!(failure.diagnosis(), Diagnosis::Deadlock);
        assert_eq!(failure.at(), Instant::ZERO + ms(7));
        assert!(failure.timers().is_empty());
    }
}

#[test]
fn a_deadline_at_the_end_of_time_never_comes() {
    let failure = Sim::try_run(1, |rt| async move {
        rt.sleep(ms(7)).await;
        rt.sleep(Duration::MAX).await;
    })
    .expect_err("nothing ends it");
    assert_eq!(failure.diagnosis(), Diagnosis::Deadlock);
    assert_eq!(failure.at(), Instant::ZERO + ms(7));
    assert_eq!(failure.timers().len(), 1);
}
