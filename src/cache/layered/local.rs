//! What the cache in the process is asked for beyond what others may ask.

use std::hash::{BuildHasher, Hash};
use std::time::Duration;

use mtaio_runtime::Runtime;

use crate::cache::shard::{Departed, New};
use crate::cache::ttl_cache::{Farewell, TtlCache};

impl<K: Hash + Eq, V, R: Runtime, S: BuildHasher> TtlCache<K, V, R, S> {
    /// The hash of a key.
    pub(super) fn hash(&self, key: &K) -> u64 {
        self.hasher.hash_one(key)
    }

    /// Sees to it that what is being loaded for `key` does not get in.
    pub(super) fn void(&self, key: &K) {
        let (shard, hash) = self.locate(key);
        shard.flights.void(hash, key);
    }

    /// As an insert; what left is to be [told](TtlCache::say), and dropped, by who calls this, when
    /// nothing is locked any more.
    pub(super) fn put(&self, key: K, value: V, ttl: Duration) -> Farewell<K, V> {
        self.has_times(Some(ttl));
        let (shard, hash) = self.locate(&key);
        let weight = self.weight_of(&key, &value);
        let now = self.now_for(Some(ttl));
        let span = self.spans.span(&self.rt, now, Some(ttl));
        let mut gone = Departed::new();
        shard.flights.void(hash, &key);
        let mut core = shard.core.write();
        let now = self.corrected(now, &core);
        core.insert(New { hash, key, value, weight, span }, now, &mut gone);
        self.part(core, gone)
    }
}
