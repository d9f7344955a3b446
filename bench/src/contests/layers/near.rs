//! A key that the process has.

use std::hint::black_box;

use mtaio::cache::{DistributedCache, LayeredCache, MemoryNode};

use super::GROUP;
use crate::harness::Aim::Wish;
use crate::harness::Bound::{Nanos, Ratio};
use crate::harness::{Contest, Side, timed_on};
use crate::host::{Host, TokioHost};

const KEYS: u64 = 100;

pub(super) fn contests(host: &TokioHost) -> [Contest; 2] {
    [
        Contest::new(GROUP, "layers-near/hit").ours(ours(host)).peer(
            "moka future",
            Wish(Ratio(1.0)),
            moka(host),
        ),
        Contest::new(GROUP, "layers-near/hit-ns").ours(ours(host)).peer(
            "nothing",
            Wish(Nanos(150.0)),
            moka(host),
        ),
    ]
}

/// With a time to live and invalidations, on tokio's own clock.
fn ours(host: &TokioHost) -> Side {
    let rt = host.adapter();
    timed_on(host, move |times| {
        let rt = rt.clone();
        async move {
            let node = MemoryNode::with_runtime(&rt, 64 << 20)?;
            let told = node.client().invalidations(1_000)?;
            let shared = DistributedCache::<u64, u64>::builder().node("cache-1", node);
            let shared = shared.build_with_runtime(&rt)?;
            let cache = LayeredCache::builder(&shared).invalidations(told).build()?;
            for key in 0..KEYS {
                cache.insert(&key, &key).await?;
            }
            for turn in 0..times {
                black_box(cache.get(&(turn % KEYS)).await?);
            }
            Ok(())
        }
    })
}

fn moka(host: &TokioHost) -> Side {
    timed_on(host, move |times| async move {
        let cache = moka::future::Cache::<u64, u64>::builder()
            .max_capacity(10_000)
            .time_to_live(std::time::Duration::from_secs(60))
            .build();
        for key in 0..KEYS {
            cache.insert(key, key).await;
        }
        for turn in 0..times {
            black_box(cache.get(&(turn % KEYS)).await);
        }
        Ok(())
    })
}
