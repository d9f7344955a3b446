use std::mem;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Poll, Waker};

use slab::Slab;

use super::changes::Change;
use super::feeds::{Feeds, Seen};
use crate::queue::{Wakes, lock};

/// A value, and those who want to know of it.
pub(super) struct Shared<T> {
    state: Mutex<State<T>>,
    /// How many may change it. With the last of them it is final.
    pub(super) owners: AtomicUsize,
    /// Of the value, as far as that can be known without the lock.
    version: AtomicU64,
}

struct State<T> {
    value: Arc<T>,
    version: u64,
    is_final: bool,
    /// Who watches; a waker where somebody waits.
    watches: Slab<Option<Waker>>,
    /// How many of them wait.
    waiting: usize,
    feeds: Feeds<Change<T>>,
    derived: Vec<Weak<dyn Follow>>,
}

/// What follows from a value, and is to be made anew when it has changed.
pub(super) trait Follow: Send + Sync {
    fn follow(&self);

    /// What it follows from is final.
    fn end(&self);
}

impl<T: Send + Sync + 'static> Shared<T> {
    pub(super) fn new(value: T) -> Self {
        Self::of_version(value, 0)
    }

    pub(super) fn of_version(value: T, version: u64) -> Self {
        let state = State {
            value: Arc::new(value),
            version,
            is_final: false,
            watches: Slab::new(),
            waiting: 0,
            feeds: Feeds::new(),
            derived: Vec::new(),
        };
        let (owners, version) = (AtomicUsize::new(1), AtomicU64::new(version));
        Self { state: Mutex::new(state), owners, version }
    }

    #[inline]
    pub(super) fn latest(&self) -> Arc<T> {
        Arc::clone(&self.lock().value)
    }

    pub(super) fn versioned(&self) -> (Arc<T>, u64) {
        let state = self.lock();
        (Arc::clone(&state.value), state.version)
    }

    #[inline]
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Sets another value under the version that `may` makes of the present one; gives it back
    /// where that makes none.
    #[inline]
    pub(super) fn set_if(&self, value: T, may: impl FnOnce(u64) -> Option<u64>) -> Result<(), T> {
        let mut state = self.lock();
        let Some(version) = may(state.version) else {
            drop(state);
            return Err(value);
        };
        state.version = version;
        self.version.store(version, Ordering::Release);
        if !state.has_audience() {
            // Mostly nobody holds the last value, and its memory serves for the next.
            let gone = match Arc::get_mut(&mut state.value) {
                Some(old) => (Some(mem::replace(old, value)), None),
                None => (None, Some(mem::replace(&mut state.value, Arc::new(value)))),
            };
            drop(state);
            drop(gone);
        } else {
            tell(state, Arc::new(value));
        }
        Ok(())
    }

    /// It won't change any more.
    pub(super) fn end(&self) {
        let mut wakes = Wakes::default();
        let mut state = self.lock();
        state.is_final = true;
        state.wake_watches(&mut wakes);
        state.feeds.wake_all(&mut wakes);
        let derived = state.derived();
        drop(state);
        wakes.wake();
        derived.iter().for_each(|derived| derived.end());
    }

    pub(super) fn is_final(&self) -> bool {
        self.lock().is_final
    }

    /// Whether `derived` is told when this changes: not if it can't.
    pub(super) fn add_derived(&self, derived: Weak<dyn Follow>) -> bool {
        let mut state = self.lock();
        if !state.is_final {
            // Those that are gone go before there is room made: also where nobody ever sets it.
            if state.derived.len() == state.derived.capacity() {
                state.derived.retain(|derived| derived.strong_count() > 0);
            }
            state.derived.push(derived);
        }
        !state.is_final
    }

    pub(super) fn open_watch(&self) -> usize {
        self.lock().watches.insert(None)
    }

    pub(super) fn shut_watch(&self, at: usize) {
        let mut state = self.lock();
        let waker = state.watches.remove(at);
        state.waiting -= usize::from(waker.is_some());
        drop(state);
        drop(waker);
    }

    /// The value, if it is not the one of the version `seen`; none if it won't change any more.
    pub(super) fn poll_changed(
        &self,
        at: usize,
        seen: &mut u64,
        waker: &Waker,
    ) -> Poll<Option<Arc<T>>> {
        // Wakers are foreign code: cloned and dropped without the lock.
        let mut cloned = None;
        loop {
            let mut state = self.lock();
            if state.version != *seen {
                *seen = state.version;
                let value = Arc::clone(&state.value);
                drop(state);
                return Poll::Ready(Some(value));
            }
            if state.is_final {
                return Poll::Ready(None);
            }
            if state.watches[at].as_ref().is_some_and(|known| known.will_wake(waker)) {
                return Poll::Pending;
            }
            let Some(new) = cloned.take() else {
                drop(state);
                cloned = Some(waker.clone());
                continue;
            };
            let replaced = state.watches[at].replace(new);
            state.waiting += usize::from(replaced.is_none());
            drop(state);
            drop(replaced);
            return Poll::Pending;
        }
    }

    pub(super) fn open_feed(&self, most: usize) -> usize {
        self.lock().feeds.open(most)
    }

    pub(super) fn shut_feed(&self, at: usize) {
        let gone = self.lock().feeds.shut(at);
        drop(gone);
    }

    pub(super) fn missed(&self, at: usize) -> u64 {
        self.lock().feeds.missed(at)
    }

    pub(super) fn poll_change(&self, at: usize, waker: &Waker) -> Poll<Option<Change<T>>> {
        let mut cloned: Option<Waker> = None;
        loop {
            let mut state = self.lock();
            match state.feeds.next(at) {
                Seen::Change(change) => return Poll::Ready(Some(change)),
                Seen::Missed => return Poll::Ready(Some(Change::Reset(Arc::clone(&state.value)))),
                Seen::Nothing if state.is_final => return Poll::Ready(None),
                Seen::Nothing => {}
            }
            let Some(new) = cloned.take() else {
                drop(state);
                cloned = Some(waker.clone());
                continue;
            };
            let replaced = state.feeds.wait(at, new);
            drop(state);
            drop(replaced);
            return Poll::Pending;
        }
    }

    pub(super) fn audience(&self) -> (usize, usize) {
        let state = self.lock();
        (state.watches.len(), state.feeds.len())
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }
}

/// Sets what others wait for.
#[cold]
fn tell<T: Send + Sync + 'static>(mut state: MutexGuard<'_, State<T>>, new: Arc<T>) {
    let (mut wakes, mut garbage) = (Wakes::default(), Vec::new());
    let old = mem::replace(&mut state.value, Arc::clone(&new));
    state.wake_watches(&mut wakes);
    let change = Change::Set { old, new };
    state.feeds.tell(&change, &mut garbage, &mut wakes);
    let derived = state.derived();
    drop(state);
    drop(change);
    drop(garbage);
    wakes.wake();
    derived.iter().for_each(|derived| derived.follow());
}

impl<T> State<T> {
    #[inline]
    fn has_audience(&self) -> bool {
        self.waiting > 0 || !self.feeds.is_empty() || !self.derived.is_empty()
    }

    fn wake_watches(&mut self, wakes: &mut Wakes) {
        if self.waiting > 0 {
            self.waiting = 0;
            self.watches
                .iter_mut()
                .filter_map(|(_, waker)| waker.take())
                .for_each(|w| wakes.push(w));
        }
    }

    /// Those that are there still.
    fn derived(&mut self) -> Vec<Arc<dyn Follow>> {
        self.derived.retain(|derived| derived.strong_count() > 0);
        self.derived.iter().filter_map(Weak::upgrade).collect()
    }
}
