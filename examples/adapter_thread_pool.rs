//! A runtime that nobody wrote an adapter for: the thread pool of `futures`, with a small timer
//! beside it, bound by what [`Runtime`]'s page asks for and put to the conformance suite.
//!
//! ```text
//! cargo run --example adapter_thread_pool
//! ```
//!
//! It prints what the suite found, and exits non-zero if something does not hold.

#![allow(clippy::disallowed_methods)] // An adapter is where the clock and the entropy come from.

use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};
use std::{mem, thread};

use futures::FutureExt;
use futures::executor::{ThreadPool, block_on};
use mtaio::{Instant, Runtime, TaskName};
use mtaio_runtime::conformance::{Capability, Host, Suite};
use mtaio_runtime::{Detached, Sleep};
use parking_lot::{Condvar, Mutex};

#[derive(Clone)]
struct Pool(ThreadPool);

impl Runtime for Pool {
    type Sleep = PoolSleep;

    fn now(&self) -> Instant {
        Instant::from_std(std::time::Instant::now())
    }
    fn wall_clock(&self) -> SystemTime {
        SystemTime::now()
    }
    fn entropy(&self) -> u64 {
        RandomState::new().hash_one(())
    }
    fn sleep_until(&self, deadline: Instant) -> PoolSleep {
        PoolSleep { rt: self.clone(), deadline, id: self.entropy() }
    }
    fn spawn_detached<F: Future<Output = ()> + Send + 'static>(&self, _: TaskName, future: F) {
        // A panic would cost the pool a thread.
        let contained = AssertUnwindSafe(future).catch_unwind().map(drop);
        self.0.spawn_ok(Detached::new(contained));
    }
    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
        thread::spawn(move || catch_unwind(AssertUnwindSafe(job)));
    }
}

/// Who sleeps until when; one thread of the process wakes all of them.
static SLEEPERS: LazyLock<Mutex<BTreeMap<(Instant, u64), Waker>>> = LazyLock::new(|| {
    thread::spawn(wake_sleepers);
    Mutex::default()
});
static CHANGED: Condvar = Condvar::new();

fn wake_sleepers() {
    loop {
        let mut sleepers = SLEEPERS.lock();
        let now = Instant::from_std(std::time::Instant::now());
        let later = sleepers.split_off(&(now, u64::MAX));
        let due = mem::replace(&mut *sleepers, later);
        if due.is_empty() {
            let next = sleepers.keys().next().map(|(deadline, _)| *deadline - now);
            CHANGED.wait_for(&mut sleepers, next.unwrap_or(Duration::from_secs(3_600)));
        }
        // A waker is foreign code: not under the lock, and its panic is not ours.
        drop(sleepers);
        due.into_values().for_each(|waker| drop(catch_unwind(AssertUnwindSafe(|| waker.wake()))));
    }
}

struct PoolSleep {
    rt: Pool,
    deadline: Instant,
    id: u64,
}

impl Future for PoolSleep {
    type Output = ();
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.rt.now() >= self.deadline {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let _replaced = SLEEPERS.lock().insert((self.deadline, self.id), waker);
        CHANGED.notify_one();
        Poll::Pending
    }
}

impl Sleep for PoolSleep {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        // The one before is dropped, and is no sleeper any more.
        *self = self.rt.clone().sleep_until(deadline);
    }
}

impl Drop for PoolSleep {
    fn drop(&mut self) {
        let _gone = SLEEPERS.lock().remove(&(self.deadline, self.id));
    }
}

struct PoolHost;

impl Host for PoolHost {
    type Runtime = Pool;

    fn run<F: Future>(&self, body: impl FnOnce(Pool) -> F) -> F::Output {
        let pool = ThreadPool::builder().pool_size(2).create();
        block_on(body(Pool(pool.unwrap_or_else(|error| panic!("there are no threads: {error}")))))
    }
    fn lacks(&self, capability: Capability) -> Option<&'static str> {
        (capability == Capability::Shutdown).then_some("its tasks keep the pool alive")
    }
}

fn main() -> ExitCode {
    let report = Suite::new().run(PoolHost);
    print!("{report}");
    ExitCode::from(u8::from(report.failed().count() > 0))
}
