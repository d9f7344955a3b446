//! Sleeps whose deadline is moved.

use std::pin::pin;

use crate::conformance::Host;
use crate::conformance::check::{Entry, Outcome, check, ensure};
use crate::conformance::probes::{HOUR, LONG, eventually, ms, poll_once};
use crate::{Instant, Runtime, RuntimeExt, Sleep};

pub(super) fn entries<H: Host>() -> Vec<Entry<H>> {
    vec![
        check("reset_to_earlier", "a sleep may be moved to an earlier deadline", |host| {
            host.run(to_earlier)
        }),
        check("reset_to_later", "a sleep may be moved to a later deadline", |host| {
            host.run(to_later)
        }),
        check(
            "reset_to_later_when_time_is_up",
            "a sleep whose time is up, and that was not polled since, may be moved to later",
            |host: &H| host.run(to_later_when_time_is_up),
        ),
        check(
            "reset_before_the_first_poll",
            "a sleep may be moved before it was polled, to earlier and to later",
            |host: &H| host.run(before_the_first_poll),
        ),
        check(
            "reset_to_the_past",
            "a sleep that is moved to an instant that has passed is over at the next tick",
            |host: &H| host.run(to_the_past),
        ),
        check(
            "reset_to_never_and_back",
            "a sleep that is moved out of reach does not end, until it is moved back",
            |host: &H| host.run(to_never_and_back),
        ),
        check(
            "reset_after_it_was_ready",
            "a sleep that was ready sleeps again, as often as it is moved",
            |host: &H| host.run(after_it_was_ready),
        ),
        check("reset_many_times", "of many deadlines only the last one counts", |host: &H| {
            host.run(many_times)
        }),
        check(
            "reset_and_moved_to_another_task",
            "a sleep that one task polled and moved to earlier wakes the task that awaits it then",
            |host: &H| host.run(and_moved_to_another_task),
        ),
    ]
}

async fn to_earlier<R: Runtime>(rt: R) -> Outcome {
    let mut sleep = pin!(rt.sleep(HOUR));
    ensure!(poll_once(&mut sleep).await.is_pending(), "an hour was over at once");
    let start = rt.now();
    sleep.as_mut().reset(start + ms(5));
    sleep.await;
    let took = rt.now() - start;
    ensure!(took >= ms(5), "5 ms were over after {took:?}");
    ensure!(took < LONG, "an hour that was moved to 5 ms took {took:?}");
    Ok(())
}

async fn to_later<R: Runtime>(rt: R) -> Outcome {
    let mut sleep = pin!(rt.sleep(ms(5)));
    let _ = poll_once(&mut sleep).await;
    let deadline = rt.now() + ms(30);
    sleep.as_mut().reset(deadline);
    sleep.await;
    ensure!(rt.now() >= deadline, "over {:?} early", deadline - rt.now());
    Ok(())
}

async fn to_later_when_time_is_up<R: Runtime>(rt: R) -> Outcome {
    let mut sleep = pin!(rt.sleep(ms(2)));
    let _ = poll_once(&mut sleep).await;
    rt.sleep(ms(5)).await;
    let deadline = rt.now() + ms(20);
    sleep.as_mut().reset(deadline);
    sleep.await;
    ensure!(rt.now() >= deadline, "over {:?} early", deadline - rt.now());
    Ok(())
}

async fn before_the_first_poll<R: Runtime>(rt: R) -> Outcome {
    let start = rt.now();
    let mut sleep = pin!(rt.sleep(HOUR));
    sleep.as_mut().reset(start + ms(5));
    sleep.await;
    let took = rt.now() - start;
    ensure!(took >= ms(5), "5 ms were over after {took:?}");
    ensure!(took < LONG, "an hour that was moved to 5 ms took {took:?}");

    let mut sleep = pin!(rt.sleep_until(Instant::ZERO));
    sleep.as_mut().reset(rt.now() + HOUR);
    ensure!(poll_once(&mut sleep).await.is_pending(), "moved by an hour, and over at once");
    Ok(())
}

async fn to_the_past<R: Runtime>(rt: R) -> Outcome {
    rt.sleep(ms(2)).await;
    let start = rt.now();
    for past in [start, start - ms(1), start - HOUR, Instant::ZERO] {
        let mut sleep = pin!(rt.sleep(HOUR));
        ensure!(poll_once(&mut sleep).await.is_pending(), "an hour was over at once");
        sleep.as_mut().reset(past);
        sleep.await;
    }
    let took = rt.now() - start;
    ensure!(took < LONG, "four sleeps that were moved to the past took {took:?}");
    Ok(())
}

async fn to_never_and_back<R: Runtime>(rt: R) -> Outcome {
    let mut sleep = pin!(rt.sleep(ms(2)));
    let _ = poll_once(&mut sleep).await;
    for never in [Instant::MAX, rt.now() + HOUR * 24 * 365 * 100] {
        sleep.as_mut().reset(never);
        ensure!(poll_once(&mut sleep).await.is_pending(), "{never:?} has come at once");
        rt.sleep(ms(5)).await;
        ensure!(poll_once(&mut sleep).await.is_pending(), "{never:?} has come");
    }
    let deadline = rt.now() + ms(2);
    sleep.as_mut().reset(deadline);
    sleep.await;
    ensure!(rt.now() >= deadline, "over {:?} early", deadline - rt.now());
    Ok(())
}

async fn after_it_was_ready<R: Runtime>(rt: R) -> Outcome {
    let mut sleep = pin!(rt.sleep(ms(1)));
    sleep.as_mut().await;
    for round in 1..=5 {
        let deadline = rt.now() + ms(round);
        sleep.as_mut().reset(deadline);
        sleep.as_mut().await;
        let now = rt.now();
        ensure!(now >= deadline, "over {:?} early the time number {round}", deadline - now);
    }
    sleep.as_mut().reset(rt.now() + HOUR);
    ensure!(poll_once(&mut sleep).await.is_pending(), "moved by an hour, and over at once");
    Ok(())
}

async fn many_times<R: Runtime>(rt: R) -> Outcome {
    let mut sleep = pin!(rt.sleep(HOUR));
    for round in 0..1_000_u32 {
        sleep.as_mut().reset(rt.now() + HOUR * (round % 7 + 1));
        if round % 3 == 0 {
            ensure!(poll_once(&mut sleep).await.is_pending(), "hours were over at once");
        }
    }
    let deadline = rt.now() + ms(3);
    sleep.as_mut().reset(deadline);
    sleep.await;
    let now = rt.now();
    ensure!(now >= deadline, "over {:?} early", deadline - now);
    ensure!(now - deadline < LONG, "over {:?} late", now - deadline);
    Ok(())
}

async fn and_moved_to_another_task<R: Runtime>(rt: R) -> Outcome {
    let mut sleep = Box::pin(rt.sleep(HOUR));
    ensure!(poll_once(&mut sleep).await.is_pending(), "an hour was over at once");
    let deadline = rt.now() + ms(4);
    sleep.as_mut().reset(deadline);
    let waiter = rt.spawn(sleep);
    let handle = waiter.abort_handle();
    eventually(&rt, "the other task is woken", move || handle.is_finished()).await?;
    waiter.await?;
    ensure!(rt.now() >= deadline, "over {:?} early", deadline - rt.now());
    Ok(())
}
