use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use slab::Slab;

use super::order::{Begin, Order};

/// Items of one key are worked on one after another, those of different keys at once: the mode of
/// [`MapAsync::by_key`](super::MapAsync::by_key).
pub struct ByKey<I, K, KeyOf, T> {
    key_of: KeyOf,
    /// The keys with an item in work or waiting.
    keys: HashMap<K, usize>,
    lanes: Slab<Lane<K>>,
    /// The items that wait for one of their key, linked in order.
    waiting: Slab<Waiting<I>>,
    /// The lanes whose first can be begun.
    free: VecDeque<usize>,
    ready: VecDeque<T>,
    /// The tickets below this are of calls from before there were keys.
    from: u64,
}

/// The items of one key.
struct Lane<K> {
    key: K,
    first: Option<usize>,
    last: Option<usize>,
}

struct Waiting<I> {
    index: u64,
    item: I,
    next: Option<usize>,
}

impl<I, K, KeyOf, T> ByKey<I, K, KeyOf, T> {
    pub(super) fn new(key_of: KeyOf, ready: VecDeque<T>, from: u64) -> Self {
        Self {
            key_of,
            keys: HashMap::new(),
            lanes: Slab::new(),
            waiting: Slab::new(),
            free: VecDeque::new(),
            ready,
            from,
        }
    }

    /// Takes the first item out of a lane.
    fn shift(&mut self, lane: usize) -> Option<(u64, I)> {
        let lane = &mut self.lanes[lane];
        let Waiting { index, item, next } = self.waiting.try_remove(lane.first?)?;
        lane.first = next;
        if next.is_none() {
            lane.last = None;
        }
        Some((index, item))
    }
}

impl<I, K, KeyOf, T> Order<I, T> for ByKey<I, K, KeyOf, T>
where
    K: Hash + Eq + Clone,
    KeyOf: FnMut(&I) -> K,
{
    /// As many as may be in flight may wait behind others of their keys.
    fn has_room(&self, in_flight: usize, limit: usize) -> bool {
        in_flight + self.ready.len() < limit && self.waiting.len() < limit
    }

    fn take_in(&mut self, index: u64, item: I) -> Option<Begin<I>> {
        let lane = match self.keys.entry((self.key_of)(&item)) {
            Entry::Vacant(vacant) => {
                let lane = Lane { key: vacant.key().clone(), first: None, last: None };
                let lane = self.lanes.insert(lane);
                vacant.insert(lane);
                return Some(Begin { ticket: self.from + lane as u64, index, item });
            }
            Entry::Occupied(occupied) => *occupied.get(),
        };
        let new = self.waiting.insert(Waiting { index, item, next: None });
        let lane = &mut self.lanes[lane];
        match lane.last.replace(new) {
            Some(last) => self.waiting[last].next = Some(new),
            None => lane.first = Some(new),
        }
        None
    }

    fn begin_waiting(&mut self) -> Option<Begin<I>> {
        let lane = self.free.pop_front()?;
        let (index, item) = self.shift(lane)?;
        Some(Begin { ticket: self.from + lane as u64, index, item })
    }

    fn settle(&mut self, ticket: Option<u64>, result: T) {
        self.ready.push_back(result);
        let lane = ticket.and_then(|ticket| ticket.checked_sub(self.from));
        let Some(lane) = lane.and_then(|lane| usize::try_from(lane).ok()) else { return };
        if self.lanes[lane].first.is_some() {
            self.free.push_back(lane);
        } else {
            let Lane { key, .. } = self.lanes.remove(lane);
            self.keys.remove(&key);
        }
    }

    fn pop(&mut self) -> Option<T> {
        self.ready.pop_front()
    }

    fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    fn held(&self) -> (usize, usize) {
        (self.ready.len(), self.waiting.len())
    }
}
