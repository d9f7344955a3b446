//! A runtime whose clock stands still unless it is told to move: for what takes time in a poll.

use std::future::{Future, Pending, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use mtaio::{Instant, Runtime, TaskName};
use mtaio_runtime::Sleep;

#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<State>);

#[derive(Debug, Default)]
struct State {
    nanos: AtomicU64,
    looks: AtomicUsize,
    timers: AtomicUsize,
}

impl Clock {
    pub fn move_by(&self, time: Duration) {
        self.0.nanos.fetch_add(time.as_nanos() as u64, Ordering::SeqCst);
    }

    /// How often it was looked at.
    pub fn looks(&self) -> usize {
        self.0.looks.load(Ordering::SeqCst)
    }

    /// How many timers were made.
    pub fn timers(&self) -> usize {
        self.0.timers.load(Ordering::SeqCst)
    }

    pub fn time(&self) -> Duration {
        Duration::from_nanos(self.0.nanos.load(Ordering::SeqCst))
    }
}

/// It does not come: nobody waits here.
#[derive(Debug)]
pub struct Never(Pending<()>);

impl Future for Never {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl Sleep for Never {
    fn reset(self: Pin<&mut Self>, _: Instant) {}
}

impl Runtime for Clock {
    type Sleep = Never;

    fn now(&self) -> Instant {
        self.0.looks.fetch_add(1, Ordering::SeqCst);
        Instant::ZERO + self.time()
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn entropy(&self) -> u64 {
        4
    }

    fn sleep_until(&self, _: Instant) -> Never {
        self.0.timers.fetch_add(1, Ordering::SeqCst);
        Never(pending())
    }

    fn spawn_detached<F>(&self, _: TaskName, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(future);
    }

    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
        drop(job);
    }
}
