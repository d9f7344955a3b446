//! Something came true, and a task that waited for it was not told.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

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

/// The sender wakes the receiver first, writes its journal, and puts the item in last.
pub async fn an_item_comes_after_its_wake<R: Runtime>(rt: R, code: Code) {
    async fn send<R: Runtime>(rt: R, inbox: Arc<Inbox>, code: Code) {
        if !code.is_fixed() {
            inbox.waiters.wake_one();
        }
        elsewhere(&rt).await;
        inbox.items.lock().push_back(7);
        if code.is_fixed() {
            inbox.waiters.wake_one();
        }
    }

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
