use std::hash::{BuildHasher, Hash};
use std::time::Duration;

use mtaio_runtime::{Instant, Runtime};

use crate::cache::shard::{Departed, New, Shard};
use crate::cache::ttl_cache::{Farewell, TtlCache};

/// A value that is ready to be put in, when it is known that it may be.
pub(super) struct Arrival<'a, K, V, R: Runtime, S> {
    cache: &'a TtlCache<K, V, R, S>,
    shard: &'a Shard<K, V>,
    new: Option<New<K, V>>,
    now: Instant,
    farewell: Farewell<K, V>,
}

impl<'a, K: Hash + Eq, V, R: Runtime, S: BuildHasher> Arrival<'a, K, V, R, S> {
    /// `value`, weighed, and with its times.
    pub(super) fn new(
        cache: &'a TtlCache<K, V, R, S>,
        key: K,
        value: V,
        ttl: Option<Duration>,
    ) -> Self {
        cache.refuse_reentry();
        cache.has_times(ttl);
        let weight = cache.weight_of(&key, &value);
        let now = cache.now_for(ttl);
        let span = cache.spans.span(&cache.rt, now, ttl);
        let (shard, hash) = cache.locate(&key);
        let new = Some(New { hash, key, value, weight, span });
        Self { cache, shard, new, now, farewell: Farewell::default() }
    }

    /// Puts it in. This may be done under the lock of the flights.
    pub(super) fn store(&mut self) {
        let Some(new) = self.new.take() else { return };
        let mut gone = Departed::new();
        let mut core = self.shard.core.lock();
        let now = self.cache.corrected(self.now, &core);
        core.insert(new, now, &mut gone);
        self.farewell = self.cache.part(core, gone);
    }

    /// Tells of what had to leave for it.
    pub(super) fn finish(self) {
        self.cache.say(self.farewell);
    }
}
