//! Many threads at once: no change is lost, no key has another's value, and the counts are exact.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use mtaio::cache::{Eviction, TtlCache};
use mtaio_smol::Smol;

use crate::common::{Bomb, is_soak, watched};

const THREADS: u64 = 4;

fn turns() -> u64 {
    if is_soak() { 2_000_000 } else { 20_000 }
}

#[test]
fn no_update_is_lost() {
    watched("no_update_is_lost", || {
        let cache = TtlCache::new(&Smol::global(), 1_000).expect("a capacity");
        cache.insert_many((0..8).map(|key| (key, 0_u64)));
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for turn in 0..turns() {
                        cache.update(&(turn % 8), |count| *count += 1).expect("it stays");
                    }
                });
            }
        });
        let sum: u64 = (0..8).map(|key| cache.get(&key).expect("it stays")).sum();
        assert_eq!(sum, THREADS * turns());
    });
}

/// A change is of two numbers: whoever looks sees both of it or none, and never one of before.
#[test]
fn no_change_is_seen_by_halves() {
    watched("no_change_is_seen_by_halves", || {
        let cache = TtlCache::<u64, [u64; 2]>::builder(64).shards(2).eviction(Eviction::Lru);
        let cache = cache.build_with_runtime(&Smol::global()).expect("it makes sense");
        cache.insert_many((0..4).map(|key| (key, [0; 2])));
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let cache = &cache;
                scope.spawn(move || {
                    let mut seen = [0; 4];
                    for turn in 0..turns() {
                        let key = turn % 4;
                        if thread % 2 == 0 {
                            cache.update(&key, |[one, other]| {
                                *one += 1;
                                *other += 1;
                            });
                        }
                        let [one, other] = match turn % 3 {
                            0 => cache.with(&key, |halves| *halves).expect("it stays"),
                            _ => cache.get(&key).expect("it stays"),
                        };
                        assert!(one == other && one >= seen[key as usize]);
                        seen[key as usize] = one;
                    }
                });
            }
        });
        let sum: u64 = (0..4).map(|key| cache.get(&key).expect("it stays")[0]).sum();
        assert_eq!(sum, THREADS / 2 * turns());
    });
}

#[test]
fn what_is_made_once_is_made_once() {
    watched("what_is_made_once_is_made_once", || {
        let cache = TtlCache::new(&Smol::global(), 100_000).expect("a capacity");
        let made = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for key in 0..2_000 {
                        let make = || made.fetch_add(1, Ordering::Relaxed);
                        cache.get_or_insert_with(key, make);
                    }
                });
            }
        });
        assert_eq!(made.load(Ordering::Relaxed), 2_000);
        assert_eq!(cache.stats().gets(), THREADS * 2_000);
    });
}

fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn torture(eviction: Eviction) {
    let told = Arc::new(AtomicU64::new(0));
    let cache = TtlCache::<u64, (u64, Box<u64>)>::builder(200)
        .shards(4)
        .eviction(eviction)
        .weigher(|key, _| (key % 3) as u32)
        .default_ttl(Duration::from_micros(500))
        .time_to_idle(Duration::from_micros(200))
        .on_evicted({
            let told = Arc::clone(&told);
            move |key, (owner, _), _| {
                assert_eq!(key, owner);
                told.fetch_add(1, Ordering::Relaxed);
            }
        })
        .build_with_runtime(&Smol::global())
        .expect("it makes sense");
    let gets = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (cache, gets) = (&cache, &gets);
            scope.spawn(move || {
                let mut state = thread + 1;
                for _ in 0..turns() {
                    let key = random(&mut state) % 400;
                    match random(&mut state) % 16 {
                        0..=3 => cache.insert(key, (key, Box::new(key))),
                        4 => drop(cache.remove(&key)),
                        5 => assert!(cache.touch(&key) || key < 400),
                        6 => drop(cache.update(&key, |(owner, _)| assert_eq!(*owner, key))),
                        7 if key == 7 => cache.clear(),
                        7 if key == 8 => cache.retain(|key, _| key % 2 == 0),
                        7 if key == 9 => cache.run_maintenance(),
                        8 => assert!(cache.weight() <= 200),
                        _ => {
                            gets.fetch_add(1, Ordering::Relaxed);
                            if let Some((owner, boxed)) = cache.get(&key) {
                                assert_eq!((owner, *boxed), (key, key));
                            }
                        }
                    }
                }
            });
        }
    });
    cache.clear();
    let stats = cache.stats();
    assert_eq!(stats.gets(), gets.load(Ordering::Relaxed));
    assert_eq!((stats.len, stats.weight, stats.listener_panics), (0, 0, 0));
    assert_eq!(told.load(Ordering::Relaxed), stats.insertions);
    let left = stats.evictions + stats.expirations + stats.replacements + stats.removals;
    assert_eq!(left + stats.rejections, stats.insertions);
}

#[test]
fn s3fifo_on_threads() {
    watched("s3fifo_on_threads", || torture(Eviction::S3Fifo));
}

#[test]
fn lru_on_threads() {
    watched("lru_on_threads", || torture(Eviction::Lru));
}

#[test]
fn lfu_on_threads() {
    watched("lfu_on_threads", || torture(Eviction::Lfu));
}

#[test]
fn fifo_on_threads() {
    watched("fifo_on_threads", || torture(Eviction::Fifo));
}

/// Listeners, loaders and changes of the same cache from all sides, which must not block each other.
#[test]
fn listeners_and_loaders_that_use_the_cache_block_nobody() {
    watched("listeners_and_loaders_that_use_the_cache_block_nobody", || {
        let own = Arc::new(std::sync::OnceLock::new());
        let cache = TtlCache::<u64, u64>::builder(64)
            .shards(8)
            .on_evicted({
                let own: Arc<std::sync::OnceLock<std::sync::Weak<TtlCache<u64, u64, Smol>>>> =
                    Arc::clone(&own);
                move |key, value, _| {
                    let Some(cache) = own.get().and_then(std::sync::Weak::upgrade) else { return };
                    // Another key, as a rule in another shard.
                    cache.get(&(key + 1));
                    if *value > 0 {
                        cache.insert(key + 1, value / 2);
                    }
                }
            })
            .build_with_runtime(&Smol::global())
            .expect("it makes sense");
        let cache = Arc::new(cache);
        assert!(own.set(Arc::downgrade(&cache)).is_ok());
        let turns = turns() / 10;
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let cache = &cache;
                scope.spawn(move || {
                    let mut state = thread + 1;
                    for _ in 0..turns {
                        let key = random(&mut state) % 100;
                        let load = || async {
                            cache.insert(key + 50, key);
                            Ok::<_, std::convert::Infallible>(key)
                        };
                        let loaded = smol::block_on(cache.get_or_load(&key, load));
                        loaded.expect("it can't fail");
                        cache.remove(&(key + 1));
                    }
                });
            }
        });
        assert_eq!(cache.stats().listener_panics, 0);
        assert!(cache.len() <= 64);
    });
}

#[test]
fn ten_thousand_callers_load_once() {
    watched("ten_thousand_callers_load_once", || {
        let host = |rt: Smol| async move {
            let cache =
                Arc::new(TtlCache::<u64, u64, Smol>::with_runtime(&rt, 10).expect("it fits"));
            let loads = Arc::new(AtomicU64::new(0));
            let callers: Vec<_> = (0..10_000)
                .map(|_| {
                    let (rt, cache, loads) = (rt.clone(), Arc::clone(&cache), Arc::clone(&loads));
                    mtaio::RuntimeExt::spawn(&rt.clone(), async move {
                        let load = || async {
                            loads.fetch_add(1, Ordering::Relaxed);
                            mtaio::RuntimeExt::sleep(&rt, Duration::from_millis(50)).await;
                            Ok::<_, std::convert::Infallible>(7)
                        };
                        cache.get_or_load(&1, load).await.expect("it can't fail")
                    })
                })
                .collect();
            for caller in callers {
                assert_eq!(caller.await.expect("it ends"), 7);
            }
            assert_eq!(loads.load(Ordering::Relaxed), 1);
        };
        <crate::common::SmolOwn as crate::common::Host>::run(host);
    });
}

#[test]
fn values_that_are_not_clone_are_for_with() {
    let cache = TtlCache::<u64, Option<Bomb>>::new(&Smol::global(), 10).expect("it fits");
    cache.insert(1, None);
    assert_eq!(cache.with(&1, Option::is_none), Some(true));
    assert!(cache.invalidate(&1) && !cache.invalidate(&1));
}
