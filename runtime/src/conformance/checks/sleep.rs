//! Timers: never early, soon enough, in order, and awake for whoever polled last.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::conformance::check::{Entry, Outcome, Reason, check, ensure};
use crate::conformance::probes::{
    Foreign, HOUR, LONG, Wakes, block_on, elsewhere, eventually, ms, poll_once, poll_with,
};
use crate::conformance::{Capability, Host};
use crate::{Instant, Runtime, RuntimeExt, Sleep};

pub(super) fn entries<H: Host>() -> Vec<Entry<H>> {
    vec![
        check(
            "sleep_is_never_early",
            "a sleep takes as long as it says, by the clock of its runtime, and not seconds more",
            |host: &H| host.run(is_never_early),
        ),
        check(
            "sleep_of_nothing_is_soon_over",
            "a sleep of no time, or until an instant that has passed, is over at the next tick",
            |host: &H| host.run(of_nothing_is_soon_over),
        ),
        check(
            "sleep_until_long_ago_is_over_at_once",
            "a sleep until an instant long passed is ready at its first poll",
            |host: &H| host.run(until_long_ago_is_over_at_once),
        ),
        check(
            "sleep_begins_when_it_is_made",
            "a sleep counts from the call that made it, not from its first poll",
            |host: &H| host.run(begins_when_it_is_made),
        ),
        check(
            "sleep_far_into_the_future",
            "a sleep of centuries, or one without end, is pending and holds up nobody",
            |host: &H| host.run(far_into_the_future),
        ),
        check(
            "sleep_ends_in_order",
            "when a sleep is over, those with earlier deadlines are over too",
            |host: &H| host.run(ends_in_order),
        ),
        check(
            "sleep_wakes_the_last_waker",
            "the waker of the last poll is woken, and not that of an earlier one",
            |host: &H| host.run(wakes_the_last_waker),
        ),
        check(
            "sleep_moves_between_tasks",
            "a sleep that was polled in some tasks wakes the one that polled it last",
            |host: &H| host.run(moves_between_tasks),
        ),
        check(
            "sleep_moves_between_threads",
            "a sleep that was polled on a foreign thread wakes the task that polls it then",
            |host: &H| host.run(moves_between_threads),
        )
        .needs(&[Capability::ForeignCalls]),
        check(
            "sleep_moves_out_of_the_runtime",
            "a foreign thread may make a sleep, or take one over from a task, and wait for it",
            |host: &H| host.run(moves_out_of_the_runtime),
        )
        .needs(&[Capability::ForeignCalls, Capability::ForeignWaits]),
        check(
            "sleep_made_on_a_foreign_thread",
            "a sleep that was made outside of the runtime wakes the task that awaits it",
            |host: &H| host.run(made_on_a_foreign_thread),
        )
        .needs(&[Capability::ForeignCalls]),
        check(
            "sleep_that_is_dropped_is_gone",
            "a sleep that was dropped wakes nobody and keeps no waker",
            |host: &H| host.run(that_is_dropped_is_gone),
        ),
        check(
            "sleep_that_loses_a_race",
            "of two sleeps in one task the earlier one wakes it, and the other may be dropped",
            |host: &H| host.run(that_loses_a_race),
        ),
        check(
            "sleep_by_the_thousand",
            "thousands of sleeps at once all end, none of them early",
            |host: &H| host.run(by_the_thousand),
        ),
    ]
}

async fn is_never_early<R: Runtime>(rt: R) -> Outcome {
    for micros in [1, 300, 999, 1_000, 1_001, 1_999, 12_345] {
        let duration = Duration::from_micros(micros);
        let start = rt.now();
        rt.sleep(duration).await;
        let slept = rt.now() - start;
        ensure!(slept >= duration, "a sleep of {duration:?} took {slept:?}");
        ensure!(slept < LONG, "a sleep of {duration:?} took {slept:?}");
    }
    Ok(())
}

async fn of_nothing_is_soon_over<R: Runtime>(rt: R) -> Outcome {
    // Some time, so that there is a past.
    rt.sleep(ms(3)).await;
    let now = rt.now();
    for over in [now, now - ms(1), now - ms(2), now - HOUR, Instant::ZERO] {
        rt.sleep_until(over).await;
    }
    rt.sleep(Duration::ZERO).await;
    let took = rt.now() - now;
    ensure!(took < LONG, "sleeps that were over before they began took {took:?}");
    Ok(())
}

async fn until_long_ago_is_over_at_once<R: Runtime>(rt: R) -> Outcome {
    rt.sleep(ms(3)).await;
    for long_ago in [rt.now() - HOUR, Instant::ZERO] {
        let mut sleep = pin!(rt.sleep_until(long_ago));
        let now = rt.now();
        ensure!(poll_once(&mut sleep).await.is_ready(), "{long_ago:?} is pending at {now:?}");
    }
    Ok(())
}

async fn begins_when_it_is_made<R: Runtime>(rt: R) -> Outcome {
    let made = rt.now();
    let sleep = rt.sleep(ms(10));
    rt.sleep(ms(15)).await;
    let mut sleep = pin!(sleep);
    let ago = rt.now() - made;
    ensure!(poll_once(&mut sleep).await.is_ready(), "10 ms, made {ago:?} ago, are not over");
    Ok(())
}

async fn far_into_the_future<R: Runtime>(rt: R) -> Outcome {
    let endless = [
        rt.sleep_until(Instant::MAX),
        rt.sleep(Duration::MAX),
        rt.sleep(Duration::from_nanos(u64::MAX)),
        rt.sleep(Duration::from_millis(u64::MAX)),
        rt.sleep(Duration::from_secs(u64::MAX)),
        rt.sleep_until(rt.now() + HOUR * 24 * 365 * 100),
        // Where counts of 32 bits end: of milliseconds, and of seconds.
        rt.sleep(ms(1 << 32)),
        rt.sleep(Duration::from_secs(1 << 32)),
    ];
    let mut endless = endless.map(Box::pin);
    for _ in 0..3 {
        for (number, sleep) in endless.iter_mut().enumerate() {
            let pending = poll_once(sleep).await.is_pending();
            ensure!(pending, "the endless sleep number {number} is over");
        }
        let start = rt.now();
        rt.sleep(ms(2)).await;
        let took = rt.now() - start;
        ensure!(took < LONG, "2 ms took {took:?} beside endless sleeps");
    }
    Ok(())
}

async fn ends_in_order<R: Runtime>(rt: R) -> Outcome {
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
        ensure!(rt.now() >= deadline(number), "the sleep number {number} was early");
        for (before, mut sleep) in earlier.drain(..) {
            let over = poll_once(&mut sleep).await.is_ready();
            ensure!(over, "the sleep number {number} was over before the one number {before}");
        }
    }
    Ok(())
}

async fn wakes_the_last_waker<R: Runtime>(rt: R) -> Outcome {
    let (former, last) = (Wakes::new(), Wakes::new());
    let mut wait = ms(10);
    let mut sleep = loop {
        let deadline = rt.now() + wait;
        let mut sleep = Box::pin(rt.sleep_until(deadline));
        let pending = [&former, &last].map(|wakes| poll_with(sleep.as_mut(), wakes).is_pending());
        if pending == [true, true] && rt.now() < deadline - wait / 2 && former.count() == 0 {
            break sleep;
        }
        // The machine was busy: the sleep may have been over before the second poll.
        wait *= 2;
        ensure!(wait < LONG, "the first waker was woken {} times", former.count());
    };
    let woken = Arc::clone(&last);
    eventually(&rt, "the waker of the last poll is woken", move || woken.count() > 0).await?;
    rt.sleep(ms(2)).await;
    ensure!(former.count() == 0, "the waker of an earlier poll was woken");
    ensure!(poll_with(sleep.as_mut(), &last).is_ready(), "woken, and yet the sleep is pending");
    Ok(())
}

/// Where the machine is busy a sleep may be over already; it must not be polled again then.
fn still_to_come<S: Sleep>(
    mut sleep: Pin<Box<S>>,
    polled: Poll<()>,
    deadline: Instant,
) -> Pin<Box<S>> {
    if polled.is_ready() {
        sleep.as_mut().reset(deadline);
    }
    sleep
}

#[allow(clippy::async_yields_async, reason = "the sleep is handed on")]
async fn moves_between_tasks<R: Runtime>(rt: R) -> Outcome {
    for hops in 1..=3 {
        let deadline = rt.now() + ms(10);
        let mut sleep = Box::pin(rt.sleep_until(deadline));
        for _ in 0..hops {
            let hop = rt.spawn(async move {
                let polled = poll_once(&mut sleep).await;
                still_to_come(sleep, polled, deadline)
            });
            sleep = hop.await?;
        }
        let last = rt.clone();
        let waiter = rt.spawn(async move {
            sleep.await;
            last.now()
        });
        let handle = waiter.abort_handle();
        eventually(&rt, "the last task is woken", move || handle.is_finished()).await?;
        let woke = waiter.await?;
        ensure!(woke >= deadline, "woken {:?} early", deadline - woke);
    }
    Ok(())
}

async fn moves_between_threads<R: Runtime>(rt: R) -> Outcome {
    let deadline = rt.now() + ms(20);
    let mut sleep = Box::pin(rt.sleep_until(deadline));
    for _ in 0..3 {
        let polled = poll_once(&mut sleep).await;
        sleep = still_to_come(sleep, polled, deadline);
        sleep = elsewhere(move || {
            let polled = poll_with(sleep.as_mut(), &Wakes::new());
            still_to_come(sleep, polled, deadline)
        })?;
    }
    let inside = rt.clone();
    let waiter = rt.spawn(async move {
        sleep.await;
        inside.now()
    });
    let handle = waiter.abort_handle();
    eventually(&rt, "the task that polled last is woken", move || handle.is_finished()).await?;
    let woke = waiter.await?;
    ensure!(woke >= deadline, "woken {:?} early", deadline - woke);
    Ok(())
}

async fn moves_out_of_the_runtime<R: Runtime>(rt: R) -> Outcome {
    let outside = rt.clone();
    let mut mine = Box::pin(rt.sleep(ms(10)));
    let _ = poll_once(&mut mine).await;
    let thread = Foreign::start(move || {
        block_on(mine);
        let deadline = outside.now() + ms(3);
        block_on(outside.sleep_until(deadline));
        let now = outside.now();
        ensure!(now >= deadline, "a sleep outside of the runtime ended {:?} early", deadline - now);
        let mut sleep = Box::pin(outside.sleep(HOUR));
        sleep.as_mut().reset(outside.now() + ms(2));
        block_on(sleep);
        Ok(())
    })?;
    // Joined by a job, which may block, so that the runtime goes on.
    rt.unblock(move || thread.join()).await??
}

async fn made_on_a_foreign_thread<R: Runtime>(rt: R) -> Outcome {
    let outside = rt.clone();
    let (sleep, deadline) = elsewhere(move || {
        let deadline = outside.now() + ms(3);
        (outside.sleep_until(deadline), deadline)
    })?;
    rt.spawn(sleep).await?;
    let now = rt.now();
    ensure!(now >= deadline, "it ended {:?} early", deadline - now);
    ensure!(now - deadline < LONG, "it ended {:?} late", now - deadline);
    Ok(())
}

async fn that_is_dropped_is_gone<R: Runtime>(rt: R) -> Outcome {
    let mut wait = ms(10);
    loop {
        let wakes = Wakes::new();
        let deadline = rt.now() + wait;
        let mut sleep = Box::pin(rt.sleep_until(deadline));
        let pending = poll_with(sleep.as_mut(), &wakes).is_pending();
        drop(sleep);
        if pending && rt.now() < deadline - wait / 2 {
            rt.sleep_until(deadline + ms(5)).await;
            ensure!(wakes.count() == 0, "a sleep that was dropped has woken somebody");
            ensure!(Arc::strong_count(&wakes) == 1, "a sleep that was dropped keeps its waker");
            return Ok(());
        }
        // The machine was busy: the sleep may have been over before it was dropped.
        wait *= 2;
        ensure!(wait < LONG, "no sleep is pending");
    }
}

/// Waits for the first of two sleeps; whether it was `a`.
async fn first<S: Sleep>(mut a: Pin<&mut S>, mut b: Pin<&mut S>) -> bool {
    poll_fn(|cx| match (a.as_mut().poll(cx), b.as_mut().poll(cx)) {
        (Poll::Ready(()), _) => Poll::Ready(true),
        (_, Poll::Ready(())) => Poll::Ready(false),
        _ => Poll::Pending,
    })
    .await
}

async fn that_loses_a_race<R: Runtime>(rt: R) -> Outcome {
    let start = rt.now();
    for _ in 0..20 {
        let loser = pin!(rt.sleep(HOUR));
        let winner = pin!(rt.sleep(Duration::from_micros(100)));
        ensure!(!first(loser, winner).await, "an hour was over before 100 µs");
    }
    let took = rt.now() - start;
    ensure!(took < LONG, "20 sleeps of 100 µs took {took:?}");
    Ok(())
}

async fn by_the_thousand<R: Runtime>(rt: R) -> Outcome {
    let tasks = (0..3_000_u64).map(|number| {
        let rt = rt.clone();
        rt.clone().spawn(async move {
            let deadline = rt.now() + Duration::from_micros(number * 37 % 20_000);
            rt.sleep_until(deadline).await;
            rt.now().checked_duration_since(deadline)
        })
    });
    for (number, task) in tasks.collect::<Vec<_>>().into_iter().enumerate() {
        let late = task.await?.ok_or_else(|| Reason::new("one of them was early"))?;
        ensure!(late < LONG, "the sleep number {number} ended {late:?} late");
    }
    Ok(())
}
