use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, Weak};
use std::time::Duration;

use mtaio_runtime::{Runtime, RuntimeExt, Task};

use super::ttl_cache::TtlCache;
use crate::config::{ConfigError, check_period};

/// How many slots maintenance looks at before it lets others go on.
const STEPS: usize = 1_024;

impl<K, V, R: Runtime, S> TtlCache<K, V, R, S> {
    /// Frees everything that has expired, a few entries at a time: nobody else is kept waiting for
    /// long. For caches that are left alone; see also [`maintain_every`](Self::maintain_every).
    pub fn run_maintenance(&self) {
        self.refuse_reentry();
        for number in 0..self.shards.len() {
            while self.maintain(number) {}
        }
    }

    /// One step of maintenance in the `number`th shard; whether there may be more.
    fn maintain(&self, number: usize) -> bool {
        let now = self.now();
        let mut gone = self.departed();
        let mut core = self.shards[number].core.lock();
        let now = self.corrected(now, &core);
        let is_more = core.sweep(now, STEPS, &mut gone);
        self.finish(core, gone);
        is_more
    }
}

impl<K, V, R, S> TtlCache<K, V, R, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    R: Runtime,
    S: BuildHasher + Send + Sync + 'static,
{
    /// A task that [frees](Self::run_maintenance) what has expired, every `period`. It ends when it
    /// is dropped, and when the cache is; between two steps it lets other tasks run.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `period` is zero or more than 100 years.
    pub fn maintain_every(self: &Arc<Self>, period: Duration) -> Result<Task<()>, ConfigError> {
        check_period("period", period)?;
        let (rt, cache) = (self.rt.clone(), Arc::downgrade(self));
        Ok(self.rt.spawn_named("cache maintenance", async move {
            loop {
                rt.sleep(period).await;
                if maintain(&rt, &cache).await.is_none() {
                    return;
                }
            }
        }))
    }
}

/// None when the cache is gone.
async fn maintain<K, V, R: Runtime, S>(rt: &R, cache: &Weak<TtlCache<K, V, R, S>>) -> Option<()> {
    let shards = cache.upgrade()?.shards.len();
    for number in 0..shards {
        while cache.upgrade()?.maintain(number) {
            rt.yield_now().await;
        }
    }
    Some(())
}
