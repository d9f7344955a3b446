use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use super::changes::check_room;
use super::feeds::{Feeds, Seen};
use super::map_changes::{MapChange, MapChanges};
use crate::config::ConfigError;
use crate::queue::{Wakes, lock};

/// A map that tells those who watch it what became of its entries. Its keys are ordered, so that
/// what it looks like does not depend on chance.
///
/// Clones are the same map. The keys' `Ord` runs under its lock: don't use the map in there.
///
/// # Examples
///
/// ```
/// use mtaio::observable::{MapChange, ObservableMap};
///
/// # mtaio_sim::Sim::run(0, |_rt| async move {
/// let stock = ObservableMap::new();
/// let mut changes = stock.changes(16)?;
/// stock.insert("apple", 3);
/// stock.insert("apple", 2);
/// stock.remove(&"apple");
///
/// assert!(matches!(changes.next().await, Some(MapChange::Inserted { new, .. }) if *new == 3));
/// let Some(MapChange::Updated { key, old, new }) = changes.next().await else { panic!() };
/// assert_eq!((*key, *old, *new), ("apple", 3, 2));
/// assert!(matches!(changes.next().await, Some(MapChange::Removed { old, .. }) if *old == 2));
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub struct ObservableMap<K: Ord, V> {
    shared: Arc<MapShared<K, V>>,
}

pub(super) struct MapShared<K, V> {
    state: Mutex<State<K, V>>,
    owners: AtomicUsize,
}

struct State<K, V> {
    entries: BTreeMap<Arc<K>, Arc<V>>,
    feeds: Feeds<MapChange<K, V>>,
    is_final: bool,
}

enum Op<K, V> {
    Insert(Arc<K>, Arc<V>),
    Remove(Arc<K>),
}

impl<K: Ord, V> ObservableMap<K, V> {
    /// An empty one.
    pub fn new() -> Self {
        let state = State { entries: BTreeMap::new(), feeds: Feeds::new(), is_final: false };
        let owners = AtomicUsize::new(1);
        Self { shared: Arc::new(MapShared { state: Mutex::new(state), owners }) }
    }

    /// Puts a value under `key`; answers the one that was there.
    pub fn insert(&self, key: K, value: V) -> Option<Arc<V>> {
        self.shared.apply([Op::Insert(Arc::new(key), Arc::new(value))]).pop().flatten()
    }

    /// Takes out what is under `key`.
    pub fn remove(&self, key: &K) -> Option<Arc<V>> {
        let known = lock(&self.shared.state).known(key)?;
        self.shared.apply([Op::Remove(known)]).pop().flatten()
    }

    /// What is under `key`.
    pub fn get(&self, key: &K) -> Option<Arc<V>> {
        lock(&self.shared.state).entries.get(key).cloned()
    }

    /// Takes all out.
    pub fn clear(&self) {
        let state = lock(&self.shared.state);
        let all: Vec<_> = state.entries.keys().map(|key| Op::Remove(Arc::clone(key))).collect();
        drop(state);
        self.shared.apply(all);
    }

    /// All that is in it.
    pub fn snapshot(&self) -> BTreeMap<Arc<K>, Arc<V>> {
        lock(&self.shared.state).entries.clone()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        lock(&self.shared.state).entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every change from now on, with room for `most` that have not been seen.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `most` is 0.
    pub fn changes(&self, most: usize) -> Result<MapChanges<K, V>, ConfigError> {
        check_room(most)?;
        let feed = lock(&self.shared.state).feeds.open(most);
        Ok(MapChanges { shared: Arc::clone(&self.shared), feed })
    }

    /// Begins to gather changes: [`commit`](MapTransaction::commit) makes all of them at once, and
    /// dropping it none.
    pub const fn transaction(&self) -> MapTransaction<'_, K, V> {
        MapTransaction { map: self, ops: Vec::new() }
    }
}

/// Changes of a map that are made at once: see [`ObservableMap::transaction`].
#[must_use = "dropping it changes nothing: `commit` it"]
pub struct MapTransaction<'a, K: Ord, V> {
    map: &'a ObservableMap<K, V>,
    ops: Vec<Op<K, V>>,
}

impl<K: Ord, V> MapTransaction<'_, K, V> {
    /// Puts a value under `key`.
    pub fn insert(&mut self, key: K, value: V) -> &mut Self {
        self.ops.push(Op::Insert(Arc::new(key), Arc::new(value)));
        self
    }

    /// Takes out what is under `key`, if there is anything.
    pub fn remove(&mut self, key: K) -> &mut Self {
        self.ops.push(Op::Remove(Arc::new(key)));
        self
    }

    /// Makes the changes, in the order in which they were asked for: nobody sees the map with some
    /// of them.
    pub fn commit(self) {
        self.map.shared.apply(self.ops);
    }
}

impl<K: Ord, V> MapShared<K, V> {
    /// Answers what was there before each.
    fn apply(&self, ops: impl IntoIterator<Item = Op<K, V>>) -> Vec<Option<Arc<V>>> {
        let (mut wakes, mut garbage) = (Wakes::default(), Vec::new());
        let (mut before, mut told) = (Vec::new(), Vec::new());
        let mut state = lock(&self.state);
        let State { entries, feeds, .. } = &mut *state;
        for op in ops {
            let (key, other, old, change) = match op {
                Op::Insert(key, new) => {
                    let known = entries.get_key_value(&key).map(|(known, _)| Arc::clone(known));
                    // The key that is there stays, and the other one goes without the lock.
                    let (key, spare) = match known {
                        Some(known) => (known, Some(key)),
                        None => (key, None),
                    };
                    let old = entries.insert(Arc::clone(&key), Arc::clone(&new));
                    let change = match &old {
                        Some(old) => {
                            MapChange::Updated { key: Arc::clone(&key), old: Arc::clone(old), new }
                        }
                        None => MapChange::Inserted { key: Arc::clone(&key), new },
                    };
                    (key, spare, old, Some(change))
                }
                Op::Remove(key) => {
                    let (known, old) = entries.remove_entry(&key).unzip();
                    let change = known.as_ref().zip(old.as_ref()).map(|(key, old)| {
                        MapChange::Removed { key: Arc::clone(key), old: Arc::clone(old) }
                    });
                    (key, known, old, change)
                }
            };
            if let Some(change) = &change {
                feeds.tell(change, &mut garbage, &mut wakes);
            }
            before.push(old);
            // Dropped without the lock, with what is in it.
            told.push((key, other, change));
        }
        drop(state);
        drop((garbage, told));
        wakes.wake();
        before
    }

    pub(super) fn missed(&self, feed: usize) -> u64 {
        lock(&self.state).feeds.missed(feed)
    }

    pub(super) fn shut_feed(&self, feed: usize) {
        let gone = lock(&self.state).feeds.shut(feed);
        drop(gone);
    }

    pub(super) fn poll_change(&self, feed: usize, waker: &Waker) -> Poll<Option<MapChange<K, V>>> {
        let mut cloned: Option<Waker> = None;
        loop {
            let mut state = lock(&self.state);
            match state.feeds.next(feed) {
                Seen::Change(change) => return Poll::Ready(Some(change)),
                Seen::Missed => return Poll::Ready(Some(MapChange::Reset(state.entries.clone()))),
                Seen::Nothing if state.is_final => return Poll::Ready(None),
                Seen::Nothing => {}
            }
            let Some(new) = cloned.take() else {
                drop(state);
                cloned = Some(waker.clone());
                continue;
            };
            let replaced = state.feeds.wait(feed, new);
            drop(state);
            drop(replaced);
            return Poll::Pending;
        }
    }
}

impl<K: Ord, V> State<K, V> {
    /// The key that is equal to this one.
    fn known(&self, key: &K) -> Option<Arc<K>> {
        self.entries.get_key_value(key).map(|(known, _)| Arc::clone(known))
    }
}

impl<K: Ord, V> Clone for ObservableMap<K, V> {
    fn clone(&self) -> Self {
        self.shared.owners.fetch_add(1, Ordering::Relaxed);
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<K: Ord, V> Drop for ObservableMap<K, V> {
    fn drop(&mut self) {
        if self.shared.owners.fetch_sub(1, Ordering::AcqRel) == 1 {
            let mut wakes = Wakes::default();
            let mut state = lock(&self.shared.state);
            state.is_final = true;
            state.feeds.wake_all(&mut wakes);
            drop(state);
            wakes.wake();
        }
    }
}

impl<K: Ord, V> Default for ObservableMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord + fmt::Debug, V: fmt::Debug> fmt::Debug for ObservableMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ObservableMap").field(&self.snapshot()).finish()
    }
}

impl<K: Ord, V> fmt::Debug for MapTransaction<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapTransaction").field("changes", &self.ops.len()).finish()
    }
}
