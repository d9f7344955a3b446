//! A future wakes who polled it once, not who polled it last.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::{Either, join, select};
use mtaio::{Runtime, RuntimeExt};
use tokio::sync::mpsc;

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

/// The first in line for a permit waits for it or for the shutdown; its place in the queue has the
/// waker with which it came.
pub async fn a_place_in_the_queue_keeps_its_waker<R: Runtime>(rt: R, code: Code) {
    #[derive(Default)]
    struct Queue {
        permits: Number,
        places: Locked<BTreeMap<u64, Waker>>,
    }

    async fn acquire(queue: &Queue, place: u64, code: Code) {
        poll_fn(|cx| {
            if queue.permits.get() > 0 {
                queue.permits.take();
                queue.places.lock().remove(&place);
                return Poll::Ready(());
            }
            let mut places = queue.places.lock();
            if code.is_fixed() || !places.contains_key(&place) {
                places.insert(place, cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    async fn run(queue: Arc<Queue>, mut signals: mpsc::Receiver<&str>, code: Code) {
        let mut acquire = pin!(acquire(&queue, 1, code));
        while let Either::Right((signal, again)) = select(acquire, pin!(signals.recv())).await {
            assert_eq!(signal, Some("reload"));
            acquire = again;
        }
    }

    let queue = Arc::new(Queue::default());
    let (signals, receiver) = mpsc::channel(4);
    let runner = rt.spawn_named("runner", run(Arc::clone(&queue), receiver, code));
    rt.sleep(ms(1)).await;
    signals.send("reload").await.unwrap();
    rt.sleep(ms(1)).await;
    queue.permits.count();
    let first = queue.places.lock().remove(&1);
    first.into_iter().for_each(Waker::wake);
    runner.await.unwrap();
    drop(signals);
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
