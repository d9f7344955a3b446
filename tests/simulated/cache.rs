//! Loads: one a key, whoever goes; what was removed does not come back with an older load.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use mtaio::cache::{Invalidate, TtlCache};
use mtaio::event::EventEmitter;
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::common::{Census, WORKER, done_or_dropped, ms, survives};

fn cache(rt: &Sim) -> Arc<TtlCache<u32, u32, Sim>> {
    // Without a word on patience a lead that is lost would be found again, only later.
    let builder = TtlCache::builder(10).default_ttl(ms(50)).load_patience(None);
    let cache = builder.build_with_runtime(rt);
    Arc::new(cache.expect("it makes sense"))
}

#[test]
fn a_load_goes_on_whoever_goes() {
    survives(|rt| async move {
        let (cache, census) = (cache(&rt), Census::default());
        let callers: Vec<_> = (0..5)
            .map(|number| {
                let (rt, cache, census) = (rt.clone(), Arc::clone(&cache), census.clone());
                rt.clone().spawn_named(if number < 2 { WORKER } else { "other" }, async move {
                    let load = || async {
                        let _alive = census.enter();
                        rt.sleep(ms(3)).await;
                        // Some fail: who waits then gets the error, and nobody the value of another.
                        if number == 3 { Err(number) } else { Ok(number) }
                    };
                    match cache.get_or_load(&7, load).await {
                        Ok(value) => assert_ne!(value, 3),
                        Err(error) => assert_eq!(error.failure(), Some(&3)),
                    }
                })
            })
            .collect();
        for caller in callers {
            done_or_dropped(caller.await);
        }
        assert_eq!((census.now(), census.most()), (0, 1), "one load at a time");
        let value = cache.get_or_load(&7, || async { Ok::<_, u32>(9) }).await;
        assert!(value.is_ok());
    });
}

#[test]
fn an_overtaken_load_does_not_get_in() {
    survives(|rt| async move {
        let (cache, origin) = (cache(&rt), Arc::new(AtomicU32::new(1)));
        let readers: Vec<_> = (0..3)
            .map(|number| {
                let (rt, cache, origin) = (rt.clone(), Arc::clone(&cache), Arc::clone(&origin));
                rt.clone().spawn_named(if number == 0 { WORKER } else { "reader" }, async move {
                    for _ in 0..3 {
                        let load = || async {
                            let value = origin.load(Ordering::SeqCst);
                            rt.yield_now().await;
                            rt.sleep(ms(1)).await;
                            Ok::<_, Infallible>(value)
                        };
                        let before = origin.load(Ordering::SeqCst);
                        let value = cache.get_or_load(&7, load).await.expect("it can't fail");
                        // As new as what was there when it was asked for, but for a change whose
                        // writer has not come to the cache yet.
                        assert!(value + 1 >= before, "{value} after {before}");
                        rt.yield_now().await;
                    }
                })
            })
            .collect();
        let writer = rt.spawn({
            let (rt, cache, origin) = (rt.clone(), Arc::clone(&cache), Arc::clone(&origin));
            async move {
                for _ in 0..3 {
                    let new = origin.fetch_add(1, Ordering::SeqCst) + 1;
                    rt.yield_now().await;
                    cache.remove(&7);
                    // Whatever is loaded from here on, or was before, is not older.
                    let held = cache.get(&7);
                    assert!(held.is_none_or(|held| held >= new), "{held:?} is older than {new}");
                    rt.sleep(ms(1)).await;
                    let held = cache.get(&7);
                    assert!(held.is_none_or(|held| held >= new), "{held:?} is older than {new}");
                }
            }
        });
        for reader in readers {
            done_or_dropped(reader.await);
        }
        writer.await.expect("nobody drops it");
        let last = origin.load(Ordering::SeqCst);
        assert!(cache.get(&7).is_none_or(|held| held == last));
    });
}

#[test]
fn what_an_event_invalidates_does_not_come_back() {
    survives(|rt| async move {
        let (cache, origin) = (cache(&rt), Arc::new(AtomicU32::new(1)));
        let emitter = EventEmitter::new();
        let written = emitter.named::<u32>("written");
        cache.invalidate_on(&written, |key| Invalidate::Keys(vec![*key]));
        let readers: Vec<_> = (0..3)
            .map(|number| {
                let (rt, cache, origin) = (rt.clone(), Arc::clone(&cache), Arc::clone(&origin));
                rt.clone().spawn_named(if number == 0 { WORKER } else { "reader" }, async move {
                    for turn in 0..3 {
                        let read = async || {
                            let value = origin.load(Ordering::SeqCst);
                            rt.yield_now().await;
                            rt.sleep(ms(1)).await;
                            value
                        };
                        // By a load, and by a lease.
                        if turn == number {
                            let lease = cache.lease(&7);
                            lease.fill(read().await);
                        } else {
                            let load = || async { Ok::<_, Infallible>(read().await) };
                            cache.get_or_load(&7, load).await.expect("it can't fail");
                        }
                        rt.yield_now().await;
                    }
                })
            })
            .collect();
        let writer = rt.spawn({
            let (rt, cache, origin) = (rt.clone(), Arc::clone(&cache), Arc::clone(&origin));
            async move {
                for _ in 0..3 {
                    let new = origin.fetch_add(1, Ordering::SeqCst) + 1;
                    rt.yield_now().await;
                    assert_eq!(emitter.emit_named("written", 7_u32).await.failed(), 0);
                    for _ in 0..3 {
                        let held = cache.get(&7);
                        assert!(
                            held.is_none_or(|held| held >= new),
                            "{held:?} is older than {new}"
                        );
                        rt.sleep(ms(1)).await;
                    }
                }
            }
        });
        for reader in readers {
            done_or_dropped(reader.await);
        }
        writer.await.expect("nobody drops it");
        let last = origin.load(Ordering::SeqCst);
        assert!(cache.get(&7).is_none_or(|held| held == last));
    });
}

/// Two copies, each of which writes by a lease and tells the other: never do both keep what differs.
#[test]
fn copies_that_write_by_leases_agree() {
    survives(|rt| async move {
        let origin = Arc::new(AtomicU32::new(0));
        let emitter = EventEmitter::new();
        let written = emitter.named::<u32>("written");
        let copies = [0_u32, 1].map(|own| {
            let cache = cache(&rt);
            cache.invalidate_on(&written, move |writer| {
                if *writer == own { Invalidate::Nothing } else { Invalidate::All }
            });
            cache
        });
        let writers: Vec<_> = (0_u32..2)
            .map(|own| {
                let (rt, cache) = (rt.clone(), Arc::clone(&copies[own as usize]));
                let (origin, emitter) = (Arc::clone(&origin), emitter.clone());
                rt.clone().spawn(async move {
                    for turn in 0..3 {
                        let lease = cache.lease(&7);
                        rt.yield_now().await;
                        let value = 10 * turn + own;
                        origin.store(value, Ordering::SeqCst);
                        rt.yield_now().await;
                        if !lease.fill(value) {
                            cache.invalidate(&7);
                        }
                        emitter.emit_named("written", own).await;
                        let load = || async {
                            let read = origin.load(Ordering::SeqCst);
                            rt.yield_now().await;
                            Ok::<_, Infallible>(read)
                        };
                        cache.get_or_load(&7, load).await.expect("it can't fail");
                    }
                })
            })
            .collect();
        let reader = rt.spawn_named(WORKER, {
            let (rt, cache, origin) = (rt.clone(), Arc::clone(&copies[0]), Arc::clone(&origin));
            async move {
                for _ in 0..3 {
                    let load = || async {
                        let read = origin.load(Ordering::SeqCst);
                        rt.yield_now().await;
                        Ok::<_, Infallible>(read)
                    };
                    cache.get_or_load(&7, load).await.expect("it can't fail");
                    rt.yield_now().await;
                }
            }
        });
        done_or_dropped(reader.await);
        for writer in writers {
            writer.await.expect("nobody drops it");
        }
        for cache in copies {
            let (held, last) = (cache.get(&7), origin.load(Ordering::SeqCst));
            assert!(held.is_none_or(|held| held == last), "{held:?}, where {last} was written");
        }
    });
}

#[test]
fn a_leader_that_is_forgotten_is_superseded_whoever_goes() {
    survives(|rt| async move {
        let cache = TtlCache::<u32, u32>::builder(10).load_patience(ms(20)).build_with_runtime(&rt);
        let cache = Arc::new(cache.expect("it makes sense"));
        let mut forgotten = Box::pin({
            let cache = Arc::clone(&cache);
            async move { cache.get_or_load(&7, pending::<Result<u32, Infallible>>).await }
        });
        poll_fn(|cx| {
            assert!(forgotten.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        std::mem::forget(forgotten);
        let begun = rt.now();
        let callers: Vec<_> = (0..5_u32)
            .map(|number| {
                let (rt, cache) = (rt.clone(), Arc::clone(&cache));
                rt.clone().spawn_named(if number < 3 { WORKER } else { "other" }, async move {
                    rt.sleep(ms(number.into())).await;
                    let load = || async { Ok::<_, Infallible>(number) };
                    cache.get_or_load(&7, load).await.expect("it can't fail")
                })
            })
            .collect();
        for caller in callers {
            done_or_dropped(caller.await);
        }
        // Those who watch may go, and with them those who lead then.
        assert!(rt.now() >= begun + ms(20) && rt.now() <= begun + ms(200));
        assert_eq!(cache.stats().loads, 1);
    });
}

#[test]
fn one_refreshes_and_nobody_waits() {
    survives(|rt| async move {
        let cache = TtlCache::<u32, u32>::builder(10)
            .default_ttl(ms(20))
            .refresh_ahead(0.5)
            .stale_while_revalidate(ms(1_000))
            .build_with_runtime(&rt);
        let (cache, census) = (Arc::new(cache.expect("it makes sense")), Census::default());
        cache.insert(7, 0);
        rt.sleep(ms(15)).await;
        let workers: Vec<_> = (0..4)
            .map(|number| {
                let (rt, cache, census) = (rt.clone(), Arc::clone(&cache), census.clone());
                rt.clone().spawn_named(if number == 0 { WORKER } else { "other" }, async move {
                    for turn in 0..4 {
                        let (clock, census) = (rt.clone(), census.clone());
                        let load = move || async move {
                            let _alive = census.enter();
                            clock.sleep(ms(4)).await;
                            if turn == 1 { Err(()) } else { Ok(turn) }
                        };
                        let begun = rt.now();
                        let answer = cache.get_or_refresh(&7, load).await;
                        assert!(answer.is_ok() && rt.now() == begun, "it is there");
                        rt.sleep(ms(7)).await;
                    }
                })
            })
            .collect();
        for worker in workers {
            done_or_dropped(worker.await);
        }
        rt.sleep(ms(30)).await;
        assert_eq!((census.now(), census.most()), (0, 1), "one refresh at a time");
    });
}
