//! What a load costs where there is nothing to load, and where a hundred wait for one.

use std::convert::Infallible;
use std::hint::black_box;

use futures::future::join_all;
use mtaio::cache::TtlCache;
use mtaio_tokio::Tokio;

use super::GROUP;
use crate::contests::futures::YieldOnce;
use crate::harness::Aim::Wish;
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Side, timed_on};
use crate::host::{Host, TokioHost};

const CALLERS: usize = 100;
const CAPACITY: usize = 10_000;

pub(super) fn contests(host: &TokioHost) -> [Contest; 2] {
    let contest = |name, callers| {
        Contest::new(GROUP, name)
            .ours(ours(host, callers))
            .peer("moka future", Wish(Ratio(1.0)), moka(host, callers))
            .peer("quick_cache", Wish(Ratio(1.0)), quick(host, callers))
    };
    [contest("cache-load/hit", 1), contest("cache-load/miss-of-100", CALLERS)]
}

/// One asks for a key that is there, or many for one that is not.
const fn key(callers: usize, turn: u64) -> u64 {
    if callers == 1 { 0 } else { turn }
}

async fn load() -> u64 {
    YieldOnce::default().await;
    7
}

fn ours(host: &TokioHost, callers: usize) -> Side {
    let rt = host.adapter();
    timed_on(host, move |times| {
        let rt = rt.clone();
        async move {
            let cache = TtlCache::builder(CAPACITY).default_ttl(None);
            let cache: TtlCache<u64, u64, Tokio> = cache.build_with_runtime(&rt)?;
            for turn in 0..times {
                let key = key(callers, turn);
                let load = || async { Ok::<_, Infallible>(load().await) };
                if callers == 1 {
                    black_box(cache.get_or_load(&key, load).await?);
                } else {
                    let all = (0..callers).map(|_| cache.get_or_load(&key, load));
                    black_box(join_all(all).await);
                }
            }
            Ok(())
        }
    })
}

fn moka(host: &TokioHost, callers: usize) -> Side {
    timed_on(host, move |times| async move {
        let cache = moka::future::Cache::<u64, u64>::new(CAPACITY as u64);
        for turn in 0..times {
            let key = key(callers, turn);
            if callers == 1 {
                black_box(cache.get_with(key, load()).await);
            } else {
                black_box(join_all((0..callers).map(|_| cache.get_with(key, load()))).await);
            }
        }
        Ok(())
    })
}

fn quick(host: &TokioHost, callers: usize) -> Side {
    timed_on(host, move |times| async move {
        let cache = quick_cache::sync::Cache::<u64, u64>::new(CAPACITY);
        for turn in 0..times {
            let key = key(callers, turn);
            let load = || async { Ok::<_, Infallible>(load().await) };
            if callers == 1 {
                black_box(cache.get_or_insert_async(&key, load()).await?);
            } else {
                let all = (0..callers).map(|_| cache.get_or_insert_async(&key, load()));
                black_box(join_all(all).await);
            }
        }
        Ok(())
    })
}
