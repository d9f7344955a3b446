//! A future is dropped where it waits, and what it had in its hands is gone. The one that is
//! dropped is called `worker`.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use mtaio::{Runtime, RuntimeExt};
use tokio::sync::{Semaphore, oneshot};

use crate::blocks::{Code, Locked, Number, Waiters, elsewhere, ms};

/// The permit is taken, the connection is set up, and then a guard is made to give it back.
pub async fn a_permit_is_lost_before_its_guard<R: Runtime>(rt: R, code: Code) {
    struct Guard(Arc<Semaphore>);

    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.add_permits(1);
        }
    }

    async fn work<R: Runtime>(rt: R, permits: Arc<Semaphore>, code: Code) {
        permits.acquire().await.unwrap().forget();
        let _guard = if code.is_fixed() {
            let guard = Guard(permits);
            elsewhere(&rt).await;
            guard
        } else {
            elsewhere(&rt).await;
            Guard(permits)
        };
        rt.sleep(ms(1)).await;
    }

    let permits = Arc::new(Semaphore::new(1));
    let worker = rt.spawn_named("worker", work(rt.clone(), Arc::clone(&permits), code));
    drop(worker.await);
    let next = rt.spawn_named("next", work(rt.clone(), permits, code));
    next.await.unwrap();
}

/// A queue puts an item into the hands of who waits for it; who is dropped then takes it along.
pub async fn an_item_is_lost_with_its_receiver<R: Runtime>(rt: R, code: Code) {
    type Hand = Arc<Locked<(Option<u32>, Option<Waker>)>>;

    #[derive(Default)]
    struct Queue {
        items: Locked<VecDeque<u32>>,
        hands: Locked<VecDeque<Hand>>,
    }

    impl Queue {
        fn push(&self, item: u32) {
            let Some(hand) = self.hands.lock().pop_front() else {
                self.items.lock().push_back(item);
                return;
            };
            let waker = {
                let mut hand = hand.lock();
                hand.0 = Some(item);
                hand.1.take()
            };
            waker.into_iter().for_each(Waker::wake);
        }
    }

    struct Pop {
        queue: Arc<Queue>,
        hand: Option<Hand>,
        code: Code,
    }

    impl Future for Pop {
        type Output = u32;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
            if let Some(hand) = &self.hand {
                let mut inside = hand.lock();
                inside.1 = Some(cx.waker().clone());
                let item = inside.0.take();
                return item.map_or(Poll::Pending, Poll::Ready);
            }
            let item = self.queue.items.lock().pop_front();
            if let Some(item) = item {
                return Poll::Ready(item);
            }
            let hand = Hand::new(Locked::new((None, Some(cx.waker().clone()))));
            self.queue.hands.lock().push_back(Arc::clone(&hand));
            self.hand = Some(hand);
            Poll::Pending
        }
    }

    impl Drop for Pop {
        fn drop(&mut self) {
            let Some(hand) = self.hand.take() else { return };
            self.queue.hands.lock().retain(|other| !Arc::ptr_eq(other, &hand));
            let item = hand.lock().0.take();
            if let (Some(item), Code::Fixed) = (item, self.code) {
                self.queue.items.lock().push_front(item);
            }
        }
    }

    let queue = Arc::new(Queue::default());
    let received = Arc::new(Number::default());
    let worker = rt.spawn_named("worker", {
        let (queue, received) = (Arc::clone(&queue), Arc::clone(&received));
        async move {
            for _ in 0..3 {
                Pop { queue: Arc::clone(&queue), hand: None, code }.await;
                received.count();
            }
        }
    });
    for item in 0..3 {
        rt.sleep(ms(1)).await;
        queue.push(item);
    }
    drop(worker.await);
    let left = queue.items.lock().len() as u64;
    assert_eq!(received.get() + left, 3, "an item is lost");
}

/// The one that loads a value for all is dropped, and the others wait for it still.
pub async fn a_flight_is_dropped_with_its_leader<R: Runtime>(rt: R, code: Code) {
    #[derive(Default)]
    struct Flight {
        value: Locked<Option<u32>>,
        is_loading: Number,
        waiters: Waiters,
    }

    /// Lets another load when the one that did is dropped.
    struct Loading<'a>(&'a Flight, Code);

    impl Drop for Loading<'_> {
        fn drop(&mut self) {
            if self.1.is_fixed() {
                self.0.is_loading.set(0);
                self.0.waiters.wake_all();
            }
        }
    }

    async fn get<R: Runtime>(rt: R, flight: Arc<Flight>, code: Code) -> u32 {
        loop {
            let known = *flight.value.lock();
            if let Some(value) = known {
                return value;
            }
            if flight.is_loading.get() == 0 {
                flight.is_loading.set(1);
                let _loading = Loading(&flight, code);
                rt.sleep(ms(5)).await;
                *flight.value.lock() = Some(6);
                flight.waiters.wake_all();
            } else {
                poll_fn(|cx| {
                    if flight.value.lock().is_some() || flight.is_loading.get() == 0 {
                        return Poll::Ready(());
                    }
                    flight.waiters.register(cx);
                    Poll::Pending
                })
                .await;
            }
        }
    }

    let flight = Arc::new(Flight::default());
    let worker = rt.spawn_named("worker", get(rt.clone(), Arc::clone(&flight), code));
    let follower = rt.spawn_named("follower", get(rt.clone(), flight, code));
    drop(worker.await);
    assert_eq!(follower.await.unwrap(), 6);
}

/// A request has a task of its own for the reply, which is told to end where the request ends, but
/// not where it is dropped.
pub async fn a_reply_task_outlives_its_request<R: Runtime>(rt: R, code: Code) {
    #[derive(Default)]
    struct Connection {
        open: Locked<Vec<oneshot::Sender<()>>>,
    }

    async fn request<R: Runtime>(rt: R, code: Code) {
        let connection = Arc::new(Connection::default());
        let (end, ended) = oneshot::channel();
        let reply = rt.spawn_named("reply", {
            let connection = Arc::clone(&connection);
            async move {
                let _connection = connection;
                drop(ended.await);
            }
        });
        reply.detach();
        if code.is_fixed() {
            rt.sleep(ms(5)).await;
            drop(end);
        } else {
            connection.open.lock().push(end);
            rt.sleep(ms(5)).await;
            connection.open.lock().clear();
        }
    }

    let worker = rt.spawn_named("worker", request(rt.clone(), code));
    drop(worker.await);
}
