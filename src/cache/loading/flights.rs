use std::any::Any;
use std::borrow::Borrow;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;
use std::time::Duration;

use hashbrown::HashTable;
use mtaio_runtime::Instant;
use parking_lot::{Mutex, MutexGuard};
use slab::Slab;

use super::flight::{Flight, Ticket, Turn, Watch};
use crate::queue::Wakes;

/// An error of any type.
pub(super) type AnyError = Arc<dyn Any + Send + Sync>;

/// What a load came to, for all who wait for it.
pub(super) type Landed<V> = Arc<Result<V, AnyError>>;

/// The loads of a shard that are under way: one a key.
///
/// One of those who want a key leads: it runs its own load. The others wait in line, and if the
/// leader goes without having landed, the first of them leads. A key that is changed meanwhile is
/// no longer listed: what was loaded for it is for those who waited already, and not for the cache.
///
/// A leader that takes too long, as one does whose future was forgotten, is superseded by one of
/// those who wait.
#[repr(C)]
pub(crate) struct Flights<K, V> {
    /// How many are listed, for those who change keys: mostly none.
    listed: AtomicUsize,
    list: Mutex<List<K, V>>,
    loads: AtomicU64,
    failures: AtomicU64,
}

struct List<K, V> {
    /// The flights that who comes may board, by the hashes of their keys.
    index: HashTable<usize>,
    flights: Slab<Flight<K, V>>,
}

/// As what one has come aboard.
pub(super) enum Boarded {
    /// To lead, by this number.
    Leads(u32),
    /// To wait, in line already; and whether to [watch](Flights::watch) who leads.
    Waits { watch: bool },
    /// To wait, and not in line yet.
    Joined,
}

impl Boarded {
    pub(super) const fn lead(&self) -> Option<u32> {
        match self {
            Self::Leads(lead) => Some(*lead),
            _ => None,
        }
    }
}

/// What one who waits is told.
pub(super) enum Wait<V> {
    Over(Turn<V>),
    /// There is nothing to tell yet; and whether to [watch](Flights::watch) who leads.
    On {
        watch: bool,
    },
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

    /// How many there are, listed or not.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.list.lock().flights.len()
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

    /// Boards the flight for `key`, or begins one: to lead it, or to wait for `waker` to be woken.
    pub(super) fn board(&self, hash: u32, key: &K, waker: &Waker) -> (Ticket, Boarded)
    where
        K: Clone + Eq,
    {
        // Foreign code, which is not to run under the lock. Where none is under way it is not needed.
        let own = (self.listed.load(Ordering::Relaxed) > 0).then(|| waker.clone());
        let (mut list, mut ticket) = self.aboard(hash, key);
        let flight = &mut list.flights[ticket.flight];
        if let Some(lead) = flight.lead() {
            drop(list);
            return (ticket, Boarded::Leads(lead));
        }
        let Some(waker) = own else { return (ticket, Boarded::Joined) };
        let replaced = flight.wait(&mut ticket, waker);
        let watch = flight.wants_watch(&ticket);
        drop(list);
        drop(replaced);
        (ticket, Boarded::Waits { watch })
    }

    /// The lead of the flight for `key`, if nobody has it or waits for it.
    pub(super) fn lead(&self, hash: u32, key: &K) -> Option<(Ticket, u32)>
    where
        K: Clone + Eq,
    {
        let (mut list, mut ticket) = self.aboard(hash, key);
        let lead = list.flights[ticket.flight].lead();
        drop(list);
        if lead.is_none() {
            self.leave(&mut ticket);
        }
        lead.map(|lead| (ticket, lead))
    }

    /// Boards the flight for `key`, or begins one that nobody leads: to be told by it that the key
    /// was changed.
    pub(super) fn enlist(&self, hash: u32, key: &K) -> Ticket
    where
        K: Clone + Eq,
    {
        self.aboard(hash, key).1
    }

    /// What the one with this `ticket` is told; if nothing, it waits for `waker` to be woken.
    pub(super) fn turn(&self, ticket: &mut Ticket, waker: &Waker) -> Wait<V> {
        let mut own = None;
        loop {
            let mut wakes = Wakes::default();
            let mut list = self.list.lock();
            let flight = &mut list.flights[ticket.flight];
            if let Some(turn) = flight.turn(ticket, &mut wakes) {
                // Who has seen what it came to has no business aboard any more.
                let is_over = matches!(turn, Turn::Landed(_));
                let gone = is_over.then(|| self.goes(&mut list, ticket, &mut wakes));
                drop(list);
                drop(gone);
                wakes.wake();
                return Wait::Over(turn);
            }
            if flight.knows(ticket, waker) {
                return Wait::On { watch: flight.wants_watch(ticket) };
            }
            if let Some(waker) = own.take() {
                let replaced = flight.wait(ticket, waker);
                let watch = flight.wants_watch(ticket);
                drop(list);
                drop(replaced);
                return Wait::On { watch };
            }
            drop(list);
            // Foreign code, which is not to run under the lock.
            own = Some(waker.clone());
        }
    }

    /// Watches who leads, and takes the lead over if that has been watched for as long as
    /// `patience`.
    pub(super) fn watch(&self, ticket: &mut Ticket, now: Instant, patience: Duration) -> Watch {
        let mut wakes = Wakes::default();
        let mut list = self.list.lock();
        let (watch, own) = list.flights[ticket.flight].watch(ticket, now, patience, &mut wakes);
        drop(list);
        drop(own);
        wakes.wake();
        watch
    }

    /// Tells all who wait what the lead with this number came to, and goes. `store` is called before
    /// that, with the flights locked, unless the key was changed meanwhile.
    pub(super) fn land(
        &self,
        ticket: &mut Ticket,
        lead: u32,
        landed: Landed<V>,
        store: impl FnOnce(),
    ) {
        let mut wakes = Wakes::default();
        let mut list = self.list.lock();
        let flight = &mut list.flights[ticket.flight];
        if flight.is_listed && flight.is_word_of(lead, &landed) {
            store();
            self.unlist(&mut list, ticket.flight);
        }
        list.flights[ticket.flight].land(lead, landed, &mut wakes);
        let gone = self.goes(&mut list, ticket, &mut wakes);
        drop(list);
        drop(gone);
        wakes.wake();
    }

    /// Calls `store`, with the flights locked, unless the key was changed since the one with this
    /// `ticket` came aboard; whether it did. It is a change itself.
    pub(super) fn fill(&self, ticket: &Ticket, store: impl FnOnce()) -> bool {
        let mut list = self.list.lock();
        let is_listed = list.flights[ticket.flight].is_listed;
        if is_listed {
            store();
            self.unlist(&mut list, ticket.flight);
        }
        is_listed
    }

    /// Whether the key is as it was when the one with this `ticket` came aboard.
    pub(super) fn is_listed(&self, ticket: &Ticket) -> bool {
        self.list.lock().flights[ticket.flight].is_listed
    }

    /// Gives up the lead with this number: the first who waits is to take it.
    pub(super) fn abandon(&self, ticket: &Ticket, lead: u32) {
        let woken = self.list.lock().flights[ticket.flight].abandon(lead);
        if let Some(waker) = woken {
            waker.wake();
        }
    }

    /// Goes: who waits, leads no more, or has seen what it came to.
    pub(super) fn leave(&self, ticket: &mut Ticket) {
        let mut wakes = Wakes::default();
        let mut list = self.list.lock();
        let gone = self.goes(&mut list, ticket, &mut wakes);
        drop(list);
        drop(gone);
        wakes.wake();
    }

    /// The answer is to be dropped without the lock.
    fn goes(
        &self,
        list: &mut List<K, V>,
        ticket: &mut Ticket,
        wakes: &mut Wakes,
    ) -> (Option<Waker>, Option<Flight<K, V>>) {
        let (is_empty, own) = list.flights[ticket.flight].leave(ticket, wakes);
        let ended = is_empty.then(|| {
            self.unlist(list, ticket.flight);
            list.flights.remove(ticket.flight)
        });
        (own, ended)
    }

    /// Comes aboard the flight for `key`, or of a new one.
    fn aboard(&self, hash: u32, key: &K) -> (MutexGuard<'_, List<K, V>>, Ticket)
    where
        K: Clone + Eq,
    {
        // Foreign code, which is not to run under the lock; mostly it is known when it is needed.
        let mut own = (self.listed.load(Ordering::Relaxed) == 0).then(|| key.clone());
        loop {
            let mut list = self.list.lock();
            if let Some(flight) = list.find(hash, key) {
                list.flights[flight].join();
                if own.is_some() {
                    MutexGuard::unlocked(&mut list, || drop(own));
                }
                return (list, Ticket::new(flight));
            }
            if let Some(key) = own.take() {
                let flight = list.begin(Flight::new(key, hash));
                self.listed.fetch_add(1, Ordering::SeqCst);
                return (list, Ticket::new(flight));
            }
            drop(list);
            own = Some(key.clone());
        }
    }

    fn unlist(&self, list: &mut List<K, V>, flight: usize) {
        let unlisted = &mut list.flights[flight];
        if !mem::take(&mut unlisted.is_listed) {
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

    fn begin(&mut self, flight: Flight<K, V>) -> usize {
        let hash = u64::from(flight.hash);
        let flight = self.flights.insert(flight);
        let hash_of = |flight: &usize| u64::from(self.flights[*flight].hash);
        self.index.insert_unique(hash, flight, hash_of);
        flight
    }
}
