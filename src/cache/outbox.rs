use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, ThreadId};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::eviction::Cause;
use super::shard::{Departed, Gone};
use crate::contain::{contain, discard};

/// Who is told of entries that left.
pub(crate) type Listener<K, V> = Box<dyn Fn(&K, &V, Cause) + Send + Sync>;

/// Tells the listener of entries that left, in the order of leaving, with no shard locked.
///
/// An entry is listed under the lock of its shard, so the list has the order in which a key's
/// values left. One thread at a time tells; who listed something waits until it has been told.
/// Only a listener that changes the cache does not: what it lists is told when it has returned.
pub(crate) struct Outbox<K, V> {
    listener: Listener<K, V>,
    list: Mutex<List<K, V>>,
    told: Condvar,
    panics: AtomicU64,
}

struct List<K, V> {
    gone: VecDeque<Arc<Gone<K, V>>>,
    listed: u64,
    told: u64,
    teller: Option<ThreadId>,
}

impl<K, V> Outbox<K, V> {
    pub(crate) fn new(listener: Listener<K, V>) -> Self {
        let list = List { gone: VecDeque::new(), listed: 0, told: 0, teller: None };
        let (list, told) = (Mutex::new(list), Condvar::new());
        Self { listener, list, told, panics: AtomicU64::new(0) }
    }

    /// How often the listener panicked.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Lists what left; the answer is what to [tell](Self::tell).
    pub(crate) fn list(&self, departed: Departed<K, V>) -> (u64, Option<Arc<Gone<K, V>>>) {
        let mut list = self.list.lock();
        let before = list.gone.len();
        list.gone.extend(departed.into_iter().map(Arc::new));
        list.listed += (list.gone.len() - before) as u64;
        let last = list.gone.back().cloned();
        (list.listed, last)
    }

    /// Returns when everything up to `number` has been told, or will be by this thread.
    pub(crate) fn tell(&self, number: u64) {
        let own = thread::current().id();
        let mut list = self.list.lock();
        while list.told < number {
            match list.teller {
                None => list = self.tell_all(list, own),
                Some(teller) if teller == own => return,
                Some(_) => self.told.wait(&mut list),
            }
        }
    }

    fn tell_all<'a>(
        &'a self,
        mut list: MutexGuard<'a, List<K, V>>,
        own: ThreadId,
    ) -> MutexGuard<'a, List<K, V>> {
        list.teller = Some(own);
        while let Some(gone) = list.gone.pop_front() {
            MutexGuard::unlocked(&mut list, || {
                let told = contain(|| (self.listener)(&gone.key, &gone.value, gone.cause));
                if let Err(panic) = told {
                    self.panics.fetch_add(1, Ordering::Relaxed);
                    discard(panic);
                }
                discard(gone);
            });
            list.told += 1;
            self.told.notify_all();
        }
        list.teller = None;
        list
    }
}
