//! A future wakes who polled it once, not who polled it last.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{Either, join, select};
use mtaio::{Runtime, RuntimeExt};

use crate::blocks::{Code, Locked, Number, Slot, ms};

/// A reply that is on its way.
struct Reply {
    value: Locked<Option<u32>>,
    waiter: Slot,
    code: Code,
}

impl Reply {
    fn new(code: Code) -> Arc<Self> {
        Arc::new(Self { value: Locked::default(), waiter: Slot::default(), code })
    }

    fn send(&self, value: u32) {
        *self.value.lock() = Some(value);
        self.waiter.wake();
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<u32> {
        if let Some(value) = self.value.lock().take() {
            return Poll::Ready(value);
        }
        if self.code.is_fixed() {
            self.waiter.register(cx);
        } else {
            self.waiter.register_if_empty(cx);
        }
        Poll::Pending
    }
}

/// The client waits for a reply, says after a while that it is slow, and waits on.
pub async fn a_reply_keeps_the_first_waker<R: Runtime>(rt: R, code: Code) {
    async fn ask<R: Runtime>(rt: R, reply: Arc<Reply>) -> u32 {
        let answer = pin!(poll_fn(|cx| reply.poll(cx)));
        match select(answer, pin!(rt.sleep(ms(5)))).await {
            Either::Left((value, _)) => value,
            Either::Right(((), answer)) => answer.await,
        }
    }

    let reply = Reply::new(code);
    let client = rt.spawn_named("client", ask(rt.clone(), Arc::clone(&reply)));
    rt.sleep(ms(12)).await;
    reply.send(3);
    assert_eq!(client.await.unwrap(), 3);
}

/// A reply that is not there at once is handed to a task that waits for it.
pub async fn a_reply_moves_to_another_task<R: Runtime>(rt: R, code: Code) {
    let reply = Reply::new(code);
    let server = rt.spawn_named("server", {
        let reply = Arc::clone(&reply);
        async move { reply.send(3) }
    });
    let at_once = poll_fn(|cx| Poll::Ready(reply.poll(cx))).await;
    if at_once.is_pending() {
        let collector = rt.spawn_named("collector", async move {
            assert_eq!(poll_fn(|cx| reply.poll(cx)).await, 3);
        });
        collector.await.unwrap();
    }
    server.await.unwrap();
}

/// A delay begins with its first poll, and takes that poll's waker along. It is one of two futures
/// in a task; the other one's end has it polled once more.
pub async fn a_delay_wakes_who_polled_it_first<R: Runtime>(rt: R, code: Code) {
    async fn delay<R: Runtime>(rt: R, length: Duration, code: Code) {
        let shared = Arc::new((Number::default(), Slot::default()));
        let mut started = false;
        poll_fn(|cx| {
            let (is_over, waiter) = &*shared;
            if is_over.get() > 0 {
                return Poll::Ready(());
            }
            if !started || code.is_fixed() {
                waiter.register(cx);
            }
            if !std::mem::replace(&mut started, true) {
                let (sleep, shared) = (rt.sleep(length), Arc::clone(&shared));
                let timer = rt.spawn_named("timer", async move {
                    sleep.await;
                    shared.0.count();
                    shared.1.wake();
                });
                timer.detach();
            }
            Poll::Pending
        })
        .await;
    }

    let started = rt.now();
    let (long, short) = (delay(rt.clone(), ms(10), code), rt.sleep(ms(3)));
    let both = rt.spawn_named("both", async move { join(long, short).await });
    both.await.unwrap();
    assert!(rt.now() - started >= ms(10));
}
