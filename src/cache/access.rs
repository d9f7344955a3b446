//! What looks at an entry, or changes one that is there.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::Ordering;
use std::time::Duration;

use mtaio_runtime::{Instant, Runtime};

use super::reentry::Inside;
use super::shard::{Core, New};
use super::ttl_cache::TtlCache;
use crate::contain::contain;

impl<K: Hash + Eq, V, R: Runtime, S: BuildHasher> TtlCache<K, V, R, S> {
    /// The value of `key`, cloned.
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        self.look(key, V::clone)
    }

    /// What `read` makes of the value of `key`, without a clone of it.
    ///
    /// # Panics
    ///
    /// `read` sees the value in place, with a part of the cache locked: where it uses the cache, it
    /// panics. Whoever else wants that part waits for it: be quick.
    pub fn with<Q, T>(&self, key: &Q, read: impl FnOnce(&V) -> T) -> Option<T>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.look(key, |value| {
            let _inside = Inside::enter(self.address());
            read(value)
        })
    }

    /// The values of `keys`, in their order, cloned: as many single gets.
    pub fn get_many<'a, Q>(&self, keys: impl IntoIterator<Item = &'a Q>) -> Vec<Option<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized + 'a,
        V: Clone,
    {
        keys.into_iter().map(|key| self.get(key)).collect()
    }

    /// Whether `key` has a value. It counts neither as a get nor as a use.
    pub fn contains<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.refuse_reentry();
        let (shard, hash) = self.locate(key);
        let now = self.now();
        let core = shard.core.lock();
        let now = self.corrected(now, &core);
        core.find(hash, key).is_some_and(|slot| !core.is_expired(slot, now))
    }

    /// Starts the time to live of `key` anew, with the default one, and counts as a use. Whether
    /// there is a value.
    pub fn touch<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.touch_with_ttl(key, self.spans.ttl)
    }

    /// As [`touch`](Self::touch), with a time to live of its own, or `None` for ever.
    pub fn touch_with_ttl<Q>(&self, key: &Q, ttl: impl Into<Option<Duration>>) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.refuse_reentry();
        let ttl = ttl.into();
        self.has_times(ttl);
        let (shard, hash) = self.locate(key);
        let now = self.now();
        let span = self.spans.span(&self.rt, now, ttl);
        let mut gone = self.departed();
        let mut core = shard.core.lock();
        core.settle(now, &mut gone);
        let slot = core.find(hash, key).filter(|slot| !core.is_expired(*slot, now));
        if let Some(slot) = slot {
            core.used(slot, now);
            core.set_span(slot, &span);
        }
        self.finish(core, gone);
        slot.is_some()
    }

    /// Changes the value of `key` in place, and answers what `change` does: nobody sees it in
    /// between, and no other change is lost. Its times stay; it counts as a use, and not as a get.
    ///
    /// ```
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let visits = mtaio::cache::TtlCache::new(&rt, 100)?;
    /// visits.insert("ada", 1);
    /// assert_eq!(visits.update("ada", |count| { *count += 1; *count }), Some(2));
    /// assert_eq!(visits.update("bob", |count| *count += 1), None);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Panics
    ///
    /// `change` sees the value in place, with a part of the cache locked: where it uses the cache,
    /// it panics. After a panic of its own the value stays as it left it.
    pub fn update<Q, T>(&self, key: &Q, change: impl FnOnce(&mut V) -> T) -> Option<T>
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
        let slot = core.find(hash, key).filter(|slot| !core.is_expired(*slot, now));
        let Some(slot) = slot else {
            self.finish(core, gone);
            return None;
        };
        core.used(slot, now);
        let (key, value) = core.value_mut(slot);
        let changed = {
            let _inside = Inside::enter(self.address());
            contain(|| {
                let answer = change(value);
                (answer, self.weight_of(key, value))
            })
        };
        if let Ok((_, weight)) = &changed
            && self.weigher.is_some()
        {
            core.reweigh(slot, *weight, now, &mut gone);
        }
        self.finish(core, gone);
        match changed {
            Ok((answer, _)) => Some(answer),
            Err(panic) => panic.resume(),
        }
    }

    /// The value of `key`, cloned, or the one that `make` gives, which is then put in: nobody puts
    /// one in meanwhile. It is a get. (What takes time to make is for
    /// [`get_or_load`](Self::get_or_load).)
    ///
    /// # Panics
    ///
    /// `make` runs with a part of the cache locked: where it uses the cache, it panics.
    pub fn get_or_insert_with(&self, key: K, make: impl FnOnce() -> V) -> V
    where
        V: Clone,
    {
        let (shard, hash) = self.locate(&key);
        let found = |core: &mut Core<K, V>, now| {
            let slot = core.find(hash, &key).filter(|slot| !core.is_expired(*slot, now))?;
            core.hits += 1;
            core.used(slot, now);
            Some(core.value(slot).clone())
        };
        self.refuse_reentry();
        let now = self.now();
        let mut core = shard.core.lock();
        let now = self.corrected(now, &core);
        if let Some(value) = found(&mut core, now) {
            return value;
        }
        drop(core);
        shard.flights.void(hash, &key);
        let now = self.now();
        let mut gone = self.departed();
        let mut core = shard.core.lock();
        let now = self.corrected(now, &core);
        core.settle(now, &mut gone);
        if let Some(value) = found(&mut core, now) {
            self.finish(core, gone);
            return value;
        }
        core.misses += 1;
        let made = {
            let _inside = Inside::enter(self.address());
            contain(|| {
                let value = make();
                let answer = value.clone();
                let ttl = self.spans.ttl_of(&key, &value);
                let weight = self.weight_of(&key, &value);
                (value, answer, ttl, weight)
            })
        };
        match made {
            Ok((value, answer, ttl, weight)) => {
                let span = self.spans.span(&self.rt, now, ttl);
                core.insert(New { hash, key, value, weight, span }, now, &mut gone);
                self.finish(core, gone);
                answer
            }
            Err(panic) => {
                self.finish(core, gone);
                panic.resume()
            }
        }
    }

    /// A get: what `read` makes of the value.
    #[inline]
    pub(super) fn look<Q, T>(&self, key: &Q, read: impl FnOnce(&V) -> T) -> Option<T>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.refuse_reentry();
        let (shard, hash) = self.locate(key);
        let now = self.now();
        let mut core = shard.core.lock();
        let Some(slot) = core.find(hash, key) else {
            core.misses += 1;
            return None;
        };
        let now = self.corrected(now, &core);
        if core.is_expired(slot, now) {
            core.misses += 1;
            if core.times().is_over(slot, now) {
                self.free(core, hash, key, now);
            }
            return None;
        }
        core.hits += 1;
        core.used(slot, now);
        Some(read(core.value(slot)))
    }

    /// From now on the clock is asked, if `ttl` says so.
    #[inline]
    pub(super) fn has_times(&self, ttl: Option<Duration>) {
        if ttl.is_some() && !self.is_timed.load(Ordering::Relaxed) {
            self.is_timed.store(true, Ordering::Relaxed);
        }
    }
}

impl<K, V, R: Runtime, S> TtlCache<K, V, R, S> {
    /// As [`now`](Self::now), for who gives times.
    #[inline]
    pub(super) fn now_for(&self, ttl: Option<Duration>) -> Instant {
        if ttl.is_some() { self.rt.now() } else { self.now() }
    }
}
