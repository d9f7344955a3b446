//! What several of the planted bugs are built of. These parts are right; the mistakes are made with
//! them.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Waker};
use std::time::Duration;

use mtaio::{Runtime, RuntimeExt};

/// Which of the two versions of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// With its mistake.
    Buggy,
    /// As it should have been.
    Fixed,
}

impl Code {
    pub const fn is_fixed(self) -> bool {
        matches!(self, Self::Fixed)
    }
}

pub const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Something on the way that waits for a moment, as a look at a store, a line in a journal, or a
/// metric that is counted: the window in which others run.
pub async fn elsewhere<R: Runtime>(rt: &R) {
    rt.yield_now().await;
}

/// A lock that is never held across an await.
#[derive(Debug, Default)]
pub struct Locked<T>(Mutex<T>);

impl<T> Locked<T> {
    pub const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect("no panic while it is held")
    }
}

/// Who is to be woken, first come, first served.
#[derive(Debug, Default)]
pub struct Waiters(Locked<VecDeque<Waker>>);

impl Waiters {
    pub fn register(&self, cx: &Context<'_>) {
        self.0.lock().push_back(cx.waker().clone());
    }

    /// Calls the first waker. Who registered twice has two of them, so what relies on this alone
    /// is wrong: the bugs do.
    pub fn wake_one(&self) {
        let first = self.0.lock().pop_front();
        if let Some(waker) = first {
            waker.wake();
        }
    }

    pub fn wake_all(&self) {
        let all = std::mem::take(&mut *self.0.lock());
        all.into_iter().for_each(Waker::wake);
    }
}

/// Room for one waker, that of the last poll.
#[derive(Debug, Default)]
pub struct Slot(Locked<Option<Waker>>);

impl Slot {
    pub fn register(&self, cx: &Context<'_>) {
        *self.0.lock() = Some(cx.waker().clone());
    }

    /// The mistake of three of the bugs.
    pub fn register_if_empty(&self, cx: &Context<'_>) {
        self.0.lock().get_or_insert_with(|| cx.waker().clone());
    }

    pub fn wake(&self) {
        let waker = self.0.lock().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A number that tasks share.
#[derive(Debug, Default)]
pub struct Number(AtomicU64);

impl Number {
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::SeqCst);
    }

    /// Adds one, and returns what it was before.
    pub fn count(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    /// Takes one away.
    pub fn take(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Runs `body` beside a timer that ticks for as long as it runs, so that nothing ever stalls.
pub async fn beside_a_ticker<R: Runtime>(rt: R, body: impl Future<Output = ()>) {
    let clock = rt.clone();
    let ticker = rt.spawn_named("ticker", async move {
        loop {
            clock.sleep(ms(10)).await;
        }
    });
    body.await;
    drop(ticker);
}
