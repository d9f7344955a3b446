use std::borrow::Borrow;
use std::hint::black_box;
use std::mem;

use mtaio_runtime::Instant;

use super::departed::Departed;
use super::index::Index;
use super::times::{Span, Times, Timing};
use crate::cache::eviction::{Cause, Eviction};
use crate::cache::order::{Nodes, Order, S3Fifo};

/// The entries of a shard, dense in arrays side by side, and what finds, orders and ends them.
///
/// A slot that becomes free is filled at once: by the entry that comes in its place, or by the last
/// one. All of it is behind one lock, under which no foreign code runs but `Eq` of keys and what
/// the caller brings; what leaves is put into `gone`, for the caller to drop.
///
/// What each get writes shares a cache line with the lock; what it reads follows in the next ones, so
/// that it can be looked at while that line is still on its way from another processor.
#[repr(C)]
pub(crate) struct Core<K, V> {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    weight: u64,
    pub(crate) tally: Tally,
    index: Index,
    eviction: Eviction,
    /// Whether some entry has a time, and whether a use is a matter of time.
    has_times: bool,
    has_idle: bool,
    entries: Vec<(K, V)>,
    nodes: Nodes,
    times: Times,
    order: Order,
    capacity: u64,
}

/// What is counted under the lock.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) insertions: u64,
    pub(crate) evictions: u64,
    pub(crate) expirations: u64,
    pub(crate) replacements: u64,
    pub(crate) removals: u64,
    pub(crate) rejections: u64,
}

/// An entry that is to come in.
pub(crate) struct New<K, V> {
    pub(crate) hash: u32,
    pub(crate) key: K,
    pub(crate) value: V,
    pub(crate) weight: u32,
    pub(crate) span: Span,
}

/// How many slots are looked at, for what is over, whenever something changes.
const STEPS: usize = 64;

/// Slots are numbered in 32 bits, of which the last number is none.
const MOST_SLOTS: usize = u32::MAX as usize;

impl<K, V> Core<K, V> {
    pub(crate) fn new(capacity: u64, eviction: Eviction, is_weighed: bool, timing: Timing) -> Self {
        Self {
            hits: 0,
            misses: 0,
            index: Index::new(),
            eviction,
            has_times: false,
            has_idle: timing.idle.is_some(),
            entries: Vec::new(),
            nodes: Nodes::new(eviction, is_weighed),
            order: Order::new(eviction, capacity),
            times: Times::new(timing),
            weight: 0,
            capacity,
            tally: Tally::default(),
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) const fn weight(&self) -> u64 {
        self.weight
    }

    pub(crate) const fn times(&self) -> &Times {
        &self.times
    }

    /// Whether some entry has a time.
    #[inline]
    pub(crate) const fn has_times(&self) -> bool {
        self.has_times
    }

    #[inline]
    pub(crate) fn is_expired(&self, slot: u32, now: Instant) -> bool {
        self.has_times && self.times.is_expired(slot, now)
    }

    #[inline]
    pub(crate) fn find<Q>(&self, hash: u32, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.index.find(hash, |slot| self.entries[slot as usize].0.borrow() == key)
    }

    #[inline]
    pub(crate) fn value(&self, slot: u32) -> &V {
        &self.entries[slot as usize].1
    }

    pub(crate) fn value_mut(&mut self, slot: u32) -> (&K, &mut V) {
        let (key, value) = &mut self.entries[slot as usize];
        (key, value)
    }

    pub(crate) fn key(&self, slot: u32) -> &K {
        &self.entries[slot as usize].0
    }

    /// Notes that `slot` was used.
    #[inline]
    pub(crate) fn used(&mut self, slot: u32, now: Instant) {
        if self.has_idle {
            self.times.used(slot, now);
        }
        if self.eviction == Eviction::S3Fifo {
            // As below, without a look at what is far from here.
            S3Fifo::used(&mut self.nodes, slot);
        } else {
            self.order.used(&mut self.nodes, slot);
        }
    }

    /// What has to come before each change: some of what is over is freed. The slots of before are
    /// void.
    #[inline]
    pub(crate) fn settle(&mut self, now: Instant, gone: &mut Departed<K, V>) {
        if self.times.is_due(now) {
            self.sweep(now, STEPS, gone);
        }
    }

    /// Looks at `steps` slots and frees what is over; whether there may be more.
    pub(crate) fn sweep(
        &mut self,
        now: Instant,
        mut steps: usize,
        gone: &mut Departed<K, V>,
    ) -> bool {
        self.fetch(now, steps);
        while let Some(slot) = self.times.next_over(now, &mut steps) {
            self.remove(slot, Cause::Expired, gone);
        }
        self.times.is_due(now)
    }

    /// Looks up all that a sweep is about to remove. These look-ups wait for memory together, where
    /// the removals, each of which is longer, would wait one after the other.
    fn fetch(&self, now: Instant, steps: usize) {
        let over = self.times.ahead(steps).filter(|slot| self.times.is_over(*slot, now));
        let find = |slot| self.index.find(self.nodes.hash(slot), |it| it == slot);
        black_box(over.filter_map(find).count());
    }

    /// Gives `slot` other times.
    pub(crate) fn set_span(&mut self, slot: u32, span: &Span) {
        self.times.set(slot, span, self.entries.len(), self.entries.capacity());
        self.has_times = self.times.is_used();
    }

    /// Gives `slot` the weight that its value has now, and makes room for it.
    pub(crate) fn reweigh(
        &mut self,
        slot: u32,
        weight: u32,
        now: Instant,
        gone: &mut Departed<K, V>,
    ) {
        if u64::from(weight) > self.capacity {
            return self.remove(slot, Cause::TooHeavy, gone);
        }
        let from = self.nodes.weight(slot);
        self.nodes.set_weight(slot, weight);
        self.order.reweighed(&mut self.nodes, slot, from);
        self.weight = self.weight - from + u64::from(weight);
        while self.weight > self.capacity
            && let Some(victim) = self.order.victim(&mut self.nodes)
        {
            let cause = self.cause_of_leaving(victim, now);
            self.remove(victim, cause, gone);
        }
    }

    pub(crate) fn remove(&mut self, slot: u32, cause: Cause, gone: &mut Departed<K, V>) {
        self.vacate(slot, cause);
        self.close(slot, cause, gone);
    }

    /// Takes everything out, for `fresh` to go on with; what was counted stays.
    pub(crate) fn clear(&mut self, fresh: Self) -> Vec<(K, V)> {
        let (hits, misses, tally) = (self.hits, self.misses, self.tally);
        let old = mem::replace(self, fresh);
        (self.hits, self.misses, self.tally) = (hits, misses, tally);
        self.tally.removals += old.entries.len() as u64;
        old.entries
    }

    #[inline]
    fn cause_of_leaving(&self, slot: u32, now: Instant) -> Cause {
        if self.is_expired(slot, now) { Cause::Expired } else { Cause::Capacity }
    }

    /// Takes `slot` out of everything but the arrays.
    #[inline]
    fn vacate(&mut self, slot: u32, cause: Cause) {
        self.tally.count(cause);
        self.weight -= self.nodes.weight(slot);
        self.order.remove(&mut self.nodes, slot);
        self.index.remove(self.nodes.hash(slot), |it| it == slot);
    }

    /// Fills a vacant slot with the last one.
    fn close(&mut self, slot: u32, cause: Cause, gone: &mut Departed<K, V>) {
        let last = self.entries.len() as u32 - 1;
        let (key, value) = self.entries.swap_remove(slot as usize);
        self.nodes.swap_remove(slot);
        self.times.swap_remove(slot);
        if slot == last {
            self.order.popped();
        } else {
            let hash = self.nodes.hash(slot);
            self.index.renumber(hash, last, slot);
            self.order.moved(&mut self.nodes, slot);
        }
        gone.push(key, value, cause);
    }
}

impl<K: Eq, V> Core<K, V> {
    /// Puts an entry in, in the place of one of its key, and makes room for it.
    #[inline]
    pub(crate) fn insert(&mut self, new: New<K, V>, now: Instant, gone: &mut Departed<K, V>) {
        self.settle(now, gone);
        self.tally.insertions += 1;
        let known = self.find(new.hash, &new.key);
        let is_too_heavy = u64::from(new.weight) > self.capacity;
        if is_too_heavy || new.span.deadline <= now {
            if let Some(slot) = known {
                let cause = self.cause_of_replacing(slot, now);
                self.remove(slot, cause, gone);
            }
            let cause = if is_too_heavy { Cause::TooHeavy } else { Cause::Expired };
            self.tally.count(cause);
            return gone.push(new.key, new.value, cause);
        }
        match known {
            Some(slot) => self.replace(slot, new, now, gone),
            None => self.add(new, now, gone),
        }
    }

    fn cause_of_replacing(&self, slot: u32, now: Instant) -> Cause {
        if self.is_expired(slot, now) { Cause::Expired } else { Cause::Replaced }
    }

    fn replace(&mut self, slot: u32, new: New<K, V>, now: Instant, gone: &mut Departed<K, V>) {
        let cause = self.cause_of_replacing(slot, now);
        self.tally.count(cause);
        let old = mem::replace(&mut self.entries[slot as usize].1, new.value);
        gone.push(new.key, old, cause);
        self.set_span(slot, &new.span);
        self.order.used(&mut self.nodes, slot);
        if u64::from(new.weight) != self.nodes.weight(slot) {
            self.reweigh(slot, new.weight, now, gone);
        }
    }

    #[inline]
    fn add(&mut self, new: New<K, V>, now: Instant, gone: &mut Departed<K, V>) {
        let New { hash, key, value, weight, span } = new;
        let mut vacant = None;
        while self.weight + u64::from(weight) > self.capacity
            || (vacant.is_none() && self.entries.len() >= MOST_SLOTS)
        {
            if let Some((slot, cause)) = vacant.take() {
                self.close(slot, cause, gone);
            }
            let Some(victim) = self.order.victim(&mut self.nodes) else { break };
            let cause = self.cause_of_leaving(victim, now);
            self.vacate(victim, cause);
            vacant = Some((victim, cause));
        }
        let slot = match vacant {
            Some((slot, cause)) => {
                let (key, value) = mem::replace(&mut self.entries[slot as usize], (key, value));
                gone.push(key, value, cause);
                self.nodes.reuse(slot, hash, weight);
                slot
            }
            None => {
                self.reserve_one();
                self.entries.push((key, value));
                self.nodes.push(hash, weight);
                self.entries.len() as u32 - 1
            }
        };
        self.weight += u64::from(weight);
        self.set_span(slot, &span);
        self.index.insert(hash, slot, |slot| self.nodes.hash(slot));
        self.order.add(&mut self.nodes, slot, vacant.is_none());
    }

    /// The arrays grow together, twofold, and not beyond what the capacity lets them hold.
    #[inline]
    fn reserve_one(&mut self) {
        let len = self.entries.len();
        if len == self.entries.capacity() {
            let most = usize::try_from(self.capacity).unwrap_or(usize::MAX).min(MOST_SLOTS);
            let more = len.max(4).min(most.saturating_sub(len)).max(1);
            self.entries.reserve_exact(more);
            self.nodes.reserve(more);
            self.times.reserve(more);
        }
    }
}

impl Tally {
    const fn count(&mut self, cause: Cause) {
        match cause {
            Cause::Capacity => self.evictions += 1,
            Cause::Expired => self.expirations += 1,
            Cause::Replaced => self.replacements += 1,
            Cause::Removed => self.removals += 1,
            Cause::TooHeavy => self.rejections += 1,
        }
    }
}
