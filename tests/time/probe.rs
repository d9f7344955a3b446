use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::SystemTime;

use mtaio_runtime::{Instant, Runtime, TaskName};

/// A runtime that counts what is asked of it, and whose entropy is what a test says.
#[derive(Clone)]
pub struct Probe<R> {
    rt: R,
    asked: Arc<Asked>,
}

#[derive(Default)]
struct Asked {
    now: AtomicUsize,
    sleep: AtomicUsize,
    entropy: AtomicUsize,
    other: AtomicUsize,
    bits: AtomicU64,
}

/// How often a runtime was asked for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub now: usize,
    pub sleep: usize,
    pub entropy: usize,
    /// The time of day, tasks and jobs.
    pub other: usize,
}

impl<R: Runtime> Probe<R> {
    pub fn new(rt: &R) -> Self {
        Self { rt: rt.clone(), asked: Arc::default() }
    }

    /// What `entropy` answers from now on; zero until then.
    pub fn fix_entropy(&self, bits: u64) {
        self.asked.bits.store(bits, Ordering::SeqCst);
    }

    pub fn counts(&self) -> Counts {
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        let Asked { now, sleep, entropy, other, .. } = &*self.asked;
        Counts {
            now: count(now),
            sleep: count(sleep),
            entropy: count(entropy),
            other: count(other),
        }
    }
}

fn note(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::SeqCst);
}

impl<R: Runtime> Runtime for Probe<R> {
    type Sleep = R::Sleep;

    fn now(&self) -> Instant {
        note(&self.asked.now);
        self.rt.now()
    }

    fn wall_clock(&self) -> SystemTime {
        note(&self.asked.other);
        self.rt.wall_clock()
    }

    fn entropy(&self) -> u64 {
        note(&self.asked.entropy);
        self.asked.bits.load(Ordering::SeqCst)
    }

    fn sleep_until(&self, deadline: Instant) -> R::Sleep {
        note(&self.asked.sleep);
        self.rt.sleep_until(deadline)
    }

    fn spawn_detached<F>(&self, name: TaskName, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        note(&self.asked.other);
        self.rt.spawn_detached(name, future);
    }

    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
        note(&self.asked.other);
        self.rt.spawn_blocking(job);
    }
}
