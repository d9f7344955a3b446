use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_listener::Event;
use mtaio_runtime::AbortHandle;
use slab::Slab;

use crate::queue::Permits;

/// The tasks of an executor that have not ended, and the permits that they share.
pub(super) struct Registry {
    /// In parts, so that the threads on which tasks begin and end seldom meet at a lock.
    shards: [Mutex<Shard>; SHARDS],
    /// Where the next task goes. Threads that meet here may take the same one: it need not be
    /// exact, only varied and, on one thread, the same each time.
    next_shard: AtomicUsize,
    permits: Option<Arc<Permits>>,
    /// Whether somebody waits for the last task to end.
    draining: AtomicBool,
    idle: Event,
}

#[derive(Default)]
struct Shard {
    live: Slab<AbortHandle>,
    started: u64,
    closed: bool,
}

const SHARDS: usize = 8;

impl Registry {
    pub(super) fn new(permits: Option<Arc<Permits>>) -> Arc<Self> {
        Arc::new(Self {
            shards: Default::default(),
            next_shard: AtomicUsize::new(0),
            permits,
            draining: AtomicBool::new(false),
            idle: Event::new(),
        })
    }

    pub(super) const fn permits(&self) -> Option<&Arc<Permits>> {
        self.permits.as_ref()
    }

    /// Takes in a task that is about to start; `None` when no more are taken.
    pub(super) fn register(self: &Arc<Self>, handle: AbortHandle) -> Option<Registration> {
        let number = self.next_shard.load(Ordering::Relaxed);
        self.next_shard.store((number + 1) % SHARDS, Ordering::Relaxed);
        let mut shard = self.shard(number);
        if shard.closed {
            return None;
        }
        shard.started += 1;
        let key = shard.live.insert(handle);
        drop(shard);
        Some(Registration { registry: Arc::clone(self), shard: number, key, holds_permit: false })
    }

    /// Aborts all that live now, and answers how many they are.
    pub(super) fn abort_all(&self) -> usize {
        let handles = self.handles();
        for handle in &handles {
            handle.abort();
        }
        handles.len()
    }

    /// Takes no more tasks, and answers how many live now.
    pub(super) fn close(&self) -> usize {
        let close = |number| {
            let mut shard = self.shard(number);
            shard.closed = true;
            shard.live.len()
        };
        (0..SHARDS).map(close).sum()
    }

    /// Waits until no task is alive.
    pub(super) async fn idle(&self) {
        self.draining.store(true, Ordering::Relaxed);
        loop {
            let listener = self.idle.listen();
            // Who ends after this look finds the mark: it takes the same lock.
            if self.live() == 0 {
                return;
            }
            listener.await;
        }
    }

    pub(super) fn live(&self) -> usize {
        (0..SHARDS).map(|number| self.shard(number).live.len()).sum()
    }

    pub(super) fn started(&self) -> u64 {
        (0..SHARDS).map(|number| self.shard(number).started).sum()
    }

    /// The handles of the tasks that live now.
    pub(super) fn handles(&self) -> Vec<AbortHandle> {
        let mut handles = Vec::new();
        for number in 0..SHARDS {
            handles.extend(self.shard(number).live.iter().map(|(_, handle)| handle.clone()));
        }
        handles
    }

    fn shard(&self, number: usize) -> MutexGuard<'_, Shard> {
        self.shards[number].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held by a task; the task has ended when it is dropped, and gives its permit back.
pub(super) struct Registration {
    registry: Arc<Registry>,
    shard: usize,
    key: usize,
    holds_permit: bool,
}

impl Registration {
    /// Makes it the task's to give a permit back.
    pub(super) fn hold_permit(&mut self) {
        self.holds_permit = true;
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let (true, Some(permits)) = (self.holds_permit, &self.registry.permits) {
            permits.release();
        }
        let handle = self.registry.shard(self.shard).live.try_remove(self.key);
        drop(handle);
        if self.registry.draining.load(Ordering::Relaxed) {
            self.registry.idle.notify(usize::MAX);
        }
    }
}
