//! Something came true, and a task that waited for it was not told.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::future::{Either, select};
use mtaio::{Runtime, RuntimeExt};

use crate::blocks::{Code, Locked, Number, Slot, Waiters, elsewhere, ms};

#[derive(Default)]
struct Latch {
    opened: Number,
    waiters: Waiters,
}

/// The waiter looks at the latch, is held up, and registers without a second look.
pub async fn a_latch_opens_before_its_waiter_registers<R: Runtime>(rt: R, code: Code) {
    async fn wait<R: Runtime>(rt: R, latch: Arc<Latch>, code: Code) {
        if latch.opened.get() > 0 {
            return;
        }
        elsewhere(&rt).await;
        let mut registered = false;
        poll_fn(|cx| {
            latch.waiters.register(cx);
            let looks = std::mem::replace(&mut registered, true) || code.is_fixed();
            if looks && latch.opened.get() > 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    let latch = Arc::new(Latch::default());
    let waiter = rt.spawn_named("waiter", wait(rt.clone(), Arc::clone(&latch), code));
    let opener = rt.spawn_named("opener", async move {
        latch.opened.count();
        latch.waiters.wake_all();
    });
    opener.await.unwrap();
    waiter.await.unwrap();
}

#[derive(Default)]
struct Inbox {
    items: Locked<VecDeque<u32>>,
    is_closed: Number,
    waiters: Waiters,
}

impl Inbox {
    /// The next item, `None` once it is closed and empty.
    async fn pop(&self) -> Option<u32> {
        poll_fn(|cx| {
            let item = self.items.lock().pop_front();
            if item.is_some() || self.is_closed.get() > 0 {
                return Poll::Ready(item);
            }
            self.waiters.register(cx);
            Poll::Pending
        })
        .await
    }
}

/// Wakes the receiver first, writes its journal, and puts the item in last.
async fn send<R: Runtime>(rt: R, inbox: Arc<Inbox>, code: Code) {
    if !code.is_fixed() {
        inbox.waiters.wake_one();
    }
    elsewhere(&rt).await;
    inbox.items.lock().push_back(7);
    if code.is_fixed() {
        inbox.waiters.wake_all();
    }
}

/// An item is told of before it is there.
pub async fn an_item_comes_after_its_wake<R: Runtime>(rt: R, code: Code) {
    let inbox = Arc::new(Inbox::default());
    let sender = rt.spawn_named("sender", send(rt.clone(), Arc::clone(&inbox), code));
    let receiver = rt.spawn_named("receiver", async move { inbox.pop().await });
    sender.await.unwrap();
    assert_eq!(receiver.await.unwrap(), Some(7));
}

/// The queue is closed, and that is told to one of two receivers.
pub async fn closing_wakes_one_receiver<R: Runtime>(rt: R, code: Code) {
    let inbox = Arc::new(Inbox::default());
    let receivers = [1, 2].map(|_| {
        let inbox = Arc::clone(&inbox);
        rt.spawn_named("receiver", async move { inbox.pop().await })
    });
    rt.sleep(ms(1)).await;
    inbox.is_closed.count();
    if code.is_fixed() {
        inbox.waiters.wake_all();
    } else {
        inbox.waiters.wake_one();
    }
    for receiver in receivers {
        assert_eq!(receiver.await.unwrap(), None);
    }
}

/// A push wakes a receiver where the queue was empty; of two pushes in a row the second does not.
pub async fn only_the_first_of_two_items_wakes<R: Runtime>(rt: R, code: Code) {
    let inbox = Arc::new(Inbox::default());
    let receivers = [1, 2].map(|_| {
        let inbox = Arc::clone(&inbox);
        rt.spawn_named("receiver", async move { inbox.pop().await })
    });
    let senders = [1, 2].map(|item| {
        let inbox = Arc::clone(&inbox);
        rt.spawn_named("sender", async move {
            let was_empty = {
                let mut items = inbox.items.lock();
                items.push_back(item);
                items.len() == 1
            };
            if code.is_fixed() {
                inbox.waiters.wake_all();
            } else if was_empty {
                inbox.waiters.wake_one();
            }
        })
    });
    for sender in senders {
        sender.await.unwrap();
    }
    for receiver in receivers {
        assert!(receiver.await.unwrap().is_some());
    }
}

/// The item that comes after its wake once more; the receiver looks again every 100 ms, so that it
/// is late only.
pub async fn a_retry_hides_a_lost_wake<R: Runtime>(rt: R, code: Code) {
    async fn receive<R: Runtime>(rt: R, inbox: Arc<Inbox>) -> Option<u32> {
        loop {
            let timeout = pin!(rt.sleep(ms(100)));
            if let Either::Left((item, _)) = select(pin!(inbox.pop()), timeout).await {
                return item;
            }
        }
    }

    let inbox = Arc::new(Inbox::default());
    let sender = rt.spawn_named("sender", send(rt.clone(), Arc::clone(&inbox), code));
    let receiver = rt.spawn_named("receiver", receive(rt.clone(), inbox));
    sender.await.unwrap();
    assert_eq!(receiver.await.unwrap(), Some(7));
}

/// A reply that is not there at once is handed to a task that waits for it, and wakes the one that
/// asked first. (Nobody called an old waker of the task that waits, so it is not called stale.)
pub async fn a_reply_wakes_who_asked_first<R: Runtime>(rt: R, code: Code) {
    #[derive(Default)]
    struct Reply {
        value: Locked<Option<u32>>,
        waiter: Slot,
    }

    impl Reply {
        fn send(&self, value: u32) {
            *self.value.lock() = Some(value);
            self.waiter.wake();
        }

        fn poll(&self, cx: &Context<'_>, code: Code) -> Poll<u32> {
            let value = self.value.lock().take();
            if let Some(value) = value {
                return Poll::Ready(value);
            }
            if code.is_fixed() {
                self.waiter.register(cx);
            } else {
                self.waiter.register_if_empty(cx);
            }
            Poll::Pending
        }
    }

    let reply = Arc::new(Reply::default());
    let server = rt.spawn_named("server", {
        let reply = Arc::clone(&reply);
        async move { reply.send(3) }
    });
    let at_once = poll_fn(|cx| Poll::Ready(reply.poll(cx, code))).await;
    if at_once.is_pending() {
        let collector = rt.spawn_named("collector", async move {
            assert_eq!(poll_fn(|cx| reply.poll(cx, code)).await, 3);
        });
        collector.await.unwrap();
    }
    server.await.unwrap();
}

/// Two tasks wait for one event, which has room for one waker.
pub async fn two_waiters_share_one_slot<R: Runtime>(rt: R, code: Code) {
    #[derive(Default)]
    struct Reload {
        done: Number,
        slot: Slot,
        waiters: Waiters,
    }

    let reload = Arc::new(Reload::default());
    let waiters = [1, 2].map(|_| {
        let reload = Arc::clone(&reload);
        let wait = poll_fn(move |cx| {
            if reload.done.get() > 0 {
                return Poll::Ready(());
            }
            if code.is_fixed() {
                reload.waiters.register(cx);
            } else {
                reload.slot.register(cx);
            }
            Poll::Pending
        });
        rt.spawn_named("waiter", wait)
    });
    let reloader = rt.spawn_named("reloader", async move {
        reload.done.count();
        reload.slot.wake();
        reload.waiters.wake_all();
    });
    reloader.await.unwrap();
    for waiter in waiters {
        waiter.await.unwrap();
    }
}

struct Semaphore {
    free: Number,
    next_ticket: Number,
    queue: Locked<VecDeque<(u64, Waker)>>,
    code: Code,
}

impl Semaphore {
    fn acquire(&self) -> Acquire<'_> {
        Acquire { semaphore: self, ticket: self.next_ticket.count(), waits: false }
    }

    fn release(&self) {
        self.free.count();
        self.wake_one();
    }

    fn wake_one(&self) {
        let first = self.queue.lock().pop_front();
        if let Some((_, waker)) = first {
            waker.wake();
        }
    }
}

struct Acquire<'a> {
    semaphore: &'a Semaphore,
    ticket: u64,
    waits: bool,
}

impl Acquire<'_> {
    /// Whether it had been in the queue still.
    fn leave(&self) -> bool {
        let mut queue = self.semaphore.queue.lock();
        let before = queue.len();
        queue.retain(|(ticket, _)| *ticket != self.ticket);
        queue.len() < before
    }
}

impl Future for Acquire<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.leave();
        self.waits = self.semaphore.free.get() == 0;
        if self.waits {
            self.semaphore.queue.lock().push_back((self.ticket, cx.waker().clone()));
            return Poll::Pending;
        }
        self.semaphore.free.take();
        Poll::Ready(())
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        let was_woken = self.waits && !self.leave();
        if was_woken && self.semaphore.code.is_fixed() {
            self.semaphore.wake_one();
        }
    }
}

/// A release wakes the first waiter, which is given up just then; the second is not woken.
pub async fn a_wake_dies_with_its_waiter<R: Runtime>(rt: R, code: Code) {
    let semaphore = Arc::new(Semaphore {
        free: Number::default(),
        next_ticket: Number::default(),
        queue: Locked::default(),
        code,
    });
    let [impatient, patient] = ["impatient", "patient"].map(|name| {
        let semaphore = Arc::clone(&semaphore);
        rt.spawn_named(name, async move {
            semaphore.acquire().await;
            semaphore.release();
        })
    });
    rt.sleep(ms(1)).await;
    let handle = impatient.abort_handle();
    let caller = rt.spawn_named("caller", async move { handle.abort() });
    semaphore.release();
    caller.await.unwrap();
    drop(impatient.await);
    patient.await.unwrap();
}
