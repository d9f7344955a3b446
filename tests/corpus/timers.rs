//! Timers fire late, clocks are set back, and a poll means nothing.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use mtaio::{Instant, Runtime, RuntimeExt};

use crate::blocks::{Code, Locked, Waiters, ms};

/// A timeout takes what woke it for its reply, unless it is its deadline to the nanosecond.
pub async fn a_timeout_asks_whether_it_is_exactly_then<R: Runtime>(rt: R, code: Code) {
    async fn ask<R: Runtime>(rt: R, reply: Arc<Locked<Option<u32>>>, code: Code) -> Option<u32> {
        let deadline = rt.now() + ms(10);
        let mut sleep = pin!(rt.sleep_until(deadline));
        poll_fn(|cx| {
            let woken = sleep.as_mut().poll(cx).is_ready() || reply.lock().is_some();
            if woken { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        let now = rt.now();
        let is_late = if code.is_fixed() { now >= deadline } else { now == deadline };
        let reply = *reply.lock();
        if is_late { reply } else { Some(reply.expect("it was not the deadline that woke it")) }
    }

    let reply = Arc::new(Locked::default());
    assert_eq!(ask(rt, reply, code).await, None);
}

/// A reader comes a millisecond after the writer, and relies on that.
pub async fn a_reader_relies_on_the_writers_timer<R: Runtime>(rt: R, code: Code) {
    let value = Arc::new(Locked::new(None));
    let writer = rt.spawn_named("writer", {
        let (rt, value) = (rt.clone(), Arc::clone(&value));
        async move {
            rt.sleep(ms(10)).await;
            *value.lock() = Some(4);
        }
    });
    if code.is_fixed() {
        writer.await.unwrap();
    } else {
        writer.detach();
    }
    rt.sleep(ms(11)).await;
    assert_eq!(*value.lock(), Some(4), "it was written a millisecond ago");
}

/// A leader renews its lease a millisecond before it ends, and takes it for its own still.
pub async fn a_lease_is_renewed_just_in_time<R: Runtime>(rt: R, code: Code) {
    const TTL: Duration = ms(20);

    type Lease = Arc<Locked<Option<(&'static str, Instant)>>>;

    /// Until when another has it.
    fn of_another<R: Runtime>(lease: &Lease, rt: &R, me: &str) -> Option<Instant> {
        lease.lock().filter(|(who, end)| *who != me && rt.now() < *end).map(|(_, end)| end)
    }

    async fn lead<R: Runtime>(rt: R, lease: Lease, code: Code) {
        for _ in 0..4 {
            let lost = of_another(&lease, &rt, "leader").is_some();
            if lost && code.is_fixed() {
                break;
            }
            assert!(!lost, "two of them lead");
            *lease.lock() = Some(("leader", rt.now() + TTL));
            rt.sleep(TTL - ms(1)).await;
        }
    }

    async fn follow<R: Runtime>(rt: R, lease: Lease) {
        while let Some(end) = of_another(&lease, &rt, "follower") {
            rt.sleep_until(end).await;
        }
        *lease.lock() = Some(("follower", rt.now() + TTL));
    }

    let lease = Lease::default();
    let leader = rt.spawn_named("leader", lead(rt.clone(), Arc::clone(&lease), code));
    rt.sleep(ms(1)).await;
    let follower = rt.spawn_named("follower", follow(rt.clone(), lease));
    leader.await.unwrap();
    follower.await.unwrap();
}

/// A limiter measures what has passed by the time of day, which is set back now and then.
pub async fn an_interval_is_measured_by_the_wall_clock<R: Runtime>(rt: R, code: Code) {
    let mut refilled = (rt.now(), rt.wall_clock());
    let mut refill = Duration::ZERO;
    for _ in 0..20 {
        rt.sleep(ms(10)).await;
        let now = (rt.now(), rt.wall_clock());
        refill += if code.is_fixed() {
            now.0 - refilled.0
        } else {
            now.1.duration_since(refilled.1).expect("time goes on")
        };
        refilled = now;
    }
    assert!(!code.is_fixed() || refill >= ms(200));
}

/// A future that is polled a second time takes its reply for granted.
pub async fn a_second_poll_is_taken_for_the_reply<R: Runtime>(rt: R, code: Code) {
    #[derive(Default)]
    struct Reply {
        value: Locked<Option<u32>>,
        waiters: Waiters,
    }

    async fn receive(reply: Arc<Reply>, code: Code) -> u32 {
        let mut polled = false;
        poll_fn(|cx| {
            let value = reply.value.lock().take();
            if let Some(value) = value {
                return Poll::Ready(value);
            }
            assert!(code.is_fixed() || !polled, "who wakes it has put the reply there");
            polled = true;
            reply.waiters.register(cx);
            Poll::Pending
        })
        .await
    }

    let reply = Arc::new(Reply::default());
    let client = rt.spawn_named("client", receive(Arc::clone(&reply), code));
    for _ in 0..5 {
        rt.sleep(ms(1)).await;
    }
    *reply.value.lock() = Some(8);
    reply.waiters.wake_all();
    assert_eq!(client.await.unwrap(), 8);
}
