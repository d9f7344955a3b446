use std::any::Any;
use std::borrow::Borrow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use hashbrown::HashTable;
use parking_lot::{Mutex, MutexGuard};
use slab::Slab;

use crate::queue::{Line, Wakes};

/// An error of any type.
pub(super) type AnyError = Arc<dyn Any + Send + Sync>;

/// What a load came to, for all who wait for it.
pub(super) type Landed<V> = Arc<Result<V, AnyError>>;

/// The loads of a shard that are under way: one a key.
///
/// One of those who want a key leads: it runs its own load. The others wait in line, and if the
/// leader goes without having landed, the first of them leads. A key that is changed meanwhile is
/// no longer listed: what was loaded for it is for those who waited already, and not for the cache.
#[repr(C)]
pub(crate) struct Flights<K, V> {
    /// How many are listed, for those who change keys: mostly none.
    listed: AtomicUsize,
    list: Mutex<List<K, V>>,
    loads: AtomicU64,
    failures: AtomicU64,
}

pub(super) struct List<K, V> {
    /// The flights that who comes may board, by the hashes of their keys.
    index: HashTable<usize>,
    flights: Slab<Flight<K, V>>,
}

struct Flight<K, V> {
    key: K,
    hash: u32,
    is_listed: bool,
    is_led: bool,
    /// Who leads, waits, or has not seen yet what it came to.
    members: usize,
    line: Line,
    landed: Option<Landed<V>>,
}

/// What who waits is told.
pub(super) enum Turn<V> {
    Landed(Landed<V>),
    Lead,
}

impl<K, V> Flights<K, V> {
    pub(crate) fn new() -> Self {
        let list = List { index: HashTable::new(), flights: Slab::new() };
        let (listed, loads, failures) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Self { listed, list: Mutex::new(list), loads, failures }
    }

    pub(crate) fn loads(&self) -> u64 {
        self.loads.load(Ordering::Relaxed)
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    pub(super) fn count(&self, is_success: bool) {
        let counter = if is_success { &self.loads } else { &self.failures };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Sees to it that what is under way for `key` does not get into the cache: for who is about to
    /// change what `key` has there.
    #[inline]
    pub(crate) fn void<Q>(&self, hash: u32, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        // In one order with the listing: a load that this does not see began after it.
        if self.listed.load(Ordering::SeqCst) > 0 {
            let mut list = self.list.lock();
            if let Some(flight) = list.find(hash, key) {
                self.unlist(&mut list, flight);
            }
        }
    }

    /// As [`void`](Self::void), for all keys.
    pub(crate) fn void_all(&self) {
        if self.listed.load(Ordering::SeqCst) > 0 {
            let mut list = self.list.lock();
            let listed: Vec<usize> = list.index.iter().copied().collect();
            for flight in listed {
                self.unlist(&mut list, flight);
            }
        }
    }

    /// Boards the flight for `key`, or begins one: its number, and whether to lead it.
    pub(super) fn board(&self, hash: u32, key: &K) -> (usize, bool)
    where
        K: Clone + Eq,
    {
        let mut list = self.list.lock();
        if let Some(flight) = list.find(hash, key) {
            list.flights[flight].members += 1;
            return (flight, false);
        }
        (self.begin(&mut list, hash, key.clone()), true)
    }

    /// Begins a flight for `key` if there is none.
    pub(super) fn lead(&self, hash: u32, key: &K) -> Option<usize>
    where
        K: Clone + Eq,
    {
        let mut list = self.list.lock();
        if list.find(hash, key).is_some() {
            return None;
        }
        Some(self.begin(&mut list, hash, key.clone()))
    }

    /// Whether it is the turn of who waits at `place`, which is left for `waker` if not.
    pub(super) fn poll_turn(
        &self,
        flight: usize,
        place: &mut Option<usize>,
        waker: &Waker,
    ) -> Poll<Turn<V>> {
        let mut list = self.list.lock();
        if let Some(turn) = list.turn(flight, place) {
            return Poll::Ready(turn);
        }
        if list.flights[flight].line.knows(*place, waker) {
            return Poll::Pending;
        }
        drop(list);

        // Foreign code, which is not to run under the lock.
        let waker = waker.clone();
        let mut list = self.list.lock();
        if let Some(turn) = list.turn(flight, place) {
            drop(list);
            return Poll::Ready(turn);
        }
        let replaced = list.flights[flight].line.wait(place, waker);
        drop(list);
        drop(replaced);
        Poll::Pending
    }

    /// Tells all who wait what the load came to. `store` is called before that, with the flights
    /// locked, unless the key was changed meanwhile.
    pub(super) fn land(&self, flight: usize, landed: Landed<V>, store: impl FnOnce()) {
        let mut wakes = Wakes::default();
        let mut list = self.list.lock();
        if list.flights[flight].is_listed {
            store();
            self.unlist(&mut list, flight);
        }
        let landing = &mut list.flights[flight];
        landing.landed = Some(landed);
        landing.line.end(&mut wakes);
        drop(list);
        wakes.wake();
    }

    /// Gives up the lead: the first who waits is to take it.
    pub(super) fn abandon(&self, flight: usize) {
        let mut list = self.list.lock();
        let abandoned = &mut list.flights[flight];
        abandoned.is_led = false;
        let woken = abandoned.line.call();
        drop(list);
        if let Some(waker) = woken {
            waker.wake();
        }
    }

    /// Goes: who waits at `place`, leads no more, or has seen what it came to.
    pub(super) fn leave(&self, flight: usize, place: Option<usize>) {
        let mut list = self.list.lock();
        let left = &mut list.flights[flight];
        left.members -= 1;
        let (mut waker, mut woken) = (None, None);
        // Where it has landed, places are void.
        if let Some(place) = place
            && left.landed.is_none()
        {
            waker = left.line.leave(place);
            // A turn that is given up is the next one's.
            if waker.is_none() {
                woken = left.line.call();
            }
        }
        let ended = if left.members == 0 {
            self.unlist(&mut list, flight);
            Some(list.flights.remove(flight))
        } else {
            None
        };
        drop(list);
        drop((waker, ended));
        if let Some(waker) = woken {
            waker.wake();
        }
    }

    fn begin(&self, list: &mut MutexGuard<'_, List<K, V>>, hash: u32, key: K) -> usize {
        let List { index, flights } = &mut **list;
        let flight = flights.insert(Flight {
            key,
            hash,
            is_listed: true,
            is_led: true,
            members: 1,
            line: Line::new(),
            landed: None,
        });
        let hash_of = |flight: &usize| u64::from(flights[*flight].hash);
        index.insert_unique(u64::from(hash), flight, hash_of);
        self.listed.fetch_add(1, Ordering::SeqCst);
        flight
    }

    fn unlist(&self, list: &mut MutexGuard<'_, List<K, V>>, flight: usize) {
        let unlisted = &mut list.flights[flight];
        if !std::mem::take(&mut unlisted.is_listed) {
            return;
        }
        let hash = u64::from(unlisted.hash);
        if let Ok(entry) = list.index.find_entry(hash, |it| *it == flight) {
            entry.remove();
        }
        self.listed.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<K, V> List<K, V> {
    fn find<Q>(&self, hash: u32, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let is_it = |flight: &usize| self.flights[*flight].key.borrow() == key;
        self.index.find(u64::from(hash), is_it).copied()
    }

    fn turn(&mut self, flight: usize, place: &mut Option<usize>) -> Option<Turn<V>> {
        let flight = &mut self.flights[flight];
        if let Some(landed) = &flight.landed {
            *place = None;
            return Some(Turn::Landed(Arc::clone(landed)));
        }
        let is_free = !flight.is_led && flight.line.turns() == 0 && flight.line.waiting() == 0;
        if flight.line.take_turn(place, is_free) {
            flight.is_led = true;
            return Some(Turn::Lead);
        }
        None
    }
}
