//! What puts entries in, and takes them out.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::Runtime;

use super::eviction::Cause;
use super::reentry::Inside;
use super::shard::New;
use super::ttl_cache::TtlCache;
use crate::contain::contain;

impl<K: Hash + Eq, V, R: Runtime, S: BuildHasher> TtlCache<K, V, R, S> {
    /// Puts `value` in, in the place of the one that `key` has, with the time to live that the cache
    /// gives. Who has to leave for it does, even where that is itself (see
    /// [`Cause::TooHeavy`]).
    pub fn insert(&self, key: K, value: V) {
        let ttl = self.spans.ttl_of(&key, &value);
        self.insert_with_ttl(key, value, ttl);
    }

    /// As [`insert`](Self::insert), with a time to live of its own, or `None` for ever. What has no
    /// time to live is expired at once; one that reaches beyond the clock's range has no end.
    pub fn insert_with_ttl(&self, key: K, value: V, ttl: impl Into<Option<Duration>>) {
        self.refuse_reentry();
        let ttl = ttl.into();
        self.has_times(ttl);
        let (shard, hash) = self.locate(&key);
        let weight = self.weight_of(&key, &value);
        let now = self.now_for(ttl);
        let span = self.spans.span(&self.rt, now, ttl);
        let mut gone = self.departed();
        shard.flights.void(hash, &key);
        let mut core = shard.core.lock();
        let now = self.corrected(now, &core);
        core.insert(New { hash, key, value, weight, span }, now, &mut gone);
        self.finish(core, gone);
    }

    /// Puts many in: as many single inserts.
    pub fn insert_many(&self, entries: impl IntoIterator<Item = (K, V)>) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }

    /// Takes out the value of `key`.
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        self.refuse_reentry();
        let (shard, hash) = self.locate(key);
        shard.flights.void(hash, key);
        let now = self.now();
        let mut gone = self.departed();
        let mut core = shard.core.lock();
        let now = self.corrected(now, &core);
        core.settle(now, &mut gone);
        let Some(slot) = core.find(hash, key) else {
            self.finish(core, gone);
            return None;
        };
        if core.is_expired(slot, now) {
            core.remove(slot, Cause::Expired, &mut gone);
            self.finish(core, gone);
            return None;
        }
        core.remove(slot, Cause::Removed, &mut gone);
        if self.outbox.is_some() {
            let removed = self.finish(core, gone)?;
            // Where the listener has not been told yet, it needs the value, too.
            return Some(match Arc::try_unwrap(removed) {
                Ok(removed) => removed.value,
                Err(removed) => removed.value.clone(),
            });
        }
        let removed = gone.pop();
        self.finish(core, gone);
        removed.map(|removed| removed.value)
    }

    /// As [`remove`](Self::remove), for values that can't be cloned: whether there was one.
    pub fn invalidate<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.refuse_reentry();
        let (shard, hash) = self.locate(key);
        shard.flights.void(hash, key);
        let now = self.now();
        let mut gone = self.departed();
        let mut core = shard.core.lock();
        let now = self.corrected(now, &core);
        core.settle(now, &mut gone);
        let mut was_there = false;
        if let Some(slot) = core.find(hash, key) {
            was_there = !core.is_expired(slot, now);
            let cause = if was_there { Cause::Removed } else { Cause::Expired };
            core.remove(slot, cause, &mut gone);
        }
        self.finish(core, gone);
        was_there
    }

    /// Takes out the values of `keys`, in their order: as many single removals.
    pub fn remove_many<'a, Q>(&self, keys: impl IntoIterator<Item = &'a Q>) -> Vec<Option<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized + 'a,
        V: Clone,
    {
        keys.into_iter().map(|key| self.remove(key)).collect()
    }

    /// Takes out what `keep` says no to, shard by shard. What has expired is not asked about, and what
    /// is being loaded does not get in.
    ///
    /// # Panics
    ///
    /// `keep` sees the values in place, with a part of the cache locked: where it uses the cache, it
    /// panics. After a panic of its own, what it had said no to is out.
    pub fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        self.refuse_reentry();
        let now = self.now();
        for shard in &self.shards {
            // Which of them `keep` would say no to is not known yet.
            shard.flights.void_all();
            let mut gone = self.departed();
            let mut core = shard.core.lock();
            let now = self.corrected(now, &core);
            core.settle(now, &mut gone);
            let inside = Inside::enter(self.address());
            let asked = contain(|| {
                // From the last: what fills a slot that became free was asked about already.
                for slot in (0..core.len() as u32).rev() {
                    let is_expired = core.is_expired(slot, now);
                    if !is_expired && !keep(core.key(slot), core.value(slot)) {
                        core.remove(slot, Cause::Removed, &mut gone);
                    }
                }
            });
            drop(inside);
            self.finish(core, gone);
            if let Err(panic) = asked {
                panic.resume();
            }
        }
    }

    /// Takes everything out.
    pub fn clear(&self) {
        self.refuse_reentry();
        for (number, shard) in self.shards.iter().enumerate() {
            let fresh = self.core(number, self.shards.len());
            shard.flights.void_all();
            let mut gone = self.departed();
            let mut core = shard.core.lock();
            for (key, value) in core.clear(fresh) {
                gone.push(key, value, Cause::Removed);
            }
            self.finish(core, gone);
        }
    }
}

impl<K: Clone, V: Clone, R: Runtime, S> TtlCache<K, V, R, S> {
    /// The entries, cloned, in no order: of each shard those that it held when the iteration came to
    /// it. What is there from the beginning to the end comes once. It counts neither as gets nor as
    /// uses.
    pub fn iter(&self) -> impl Iterator<Item = (K, V)> {
        self.refuse_reentry();
        self.shards.iter().flat_map(|shard| {
            self.refuse_reentry();
            let now = self.now();
            let core = shard.core.lock();
            let now = self.corrected(now, &core);
            let slots = (0..core.len() as u32).filter(|slot| !core.is_expired(*slot, now));
            slots.map(|slot| (core.key(slot).clone(), core.value(slot).clone())).collect::<Vec<_>>()
        })
    }
}
