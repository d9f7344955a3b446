//! Patience: a leader that is heard of no more is superseded by one of those who wait for it.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use mtaio::cache::{LoadError, TtlCache};
use mtaio::{Ambient, Runtime, RuntimeExt};

use super::loading::{Cache, Origin, held_load};
use crate::common::{Gate, eventually, ms, on_every_runtime};

/// Forgets a caller of `key` when it has begun to load, or to wait.
async fn forget<R: Runtime>(cache: &Cache<R>, key: u32) {
    let cache = Arc::clone(cache);
    let mut caller =
        Box::pin(async move { cache.get_or_load(&key, pending::<Result<u32, Infallible>>).await });
    poll_fn(|cx| {
        assert!(caller.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    std::mem::forget(caller);
}

fn patient<R: Runtime>(rt: &R, patience: impl Into<Option<Duration>>) -> Cache<R> {
    let cache = TtlCache::builder(100).load_patience(patience).build_with_runtime(rt);
    Arc::new(cache.expect("it makes sense"))
}

async fn a_forgotten_leader_is_superseded<R: Runtime>(rt: R) {
    let (cache, origin) = (patient(&rt, ms(30)), Origin::default());
    forget(&cache, 7).await;
    let begun = rt.now();
    let callers: Vec<_> = (0..5)
        .map(|_| {
            let (rt, cache, origin) = (rt.clone(), Arc::clone(&cache), origin.clone());
            rt.clone().spawn(async move {
                let load = || async { Ok::<_, Infallible>(origin.next()) };
                cache.get_or_load(&7, load).await.expect("it can't fail")
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.expect("it ends"), 1);
    }
    assert!(rt.now() - begun >= ms(30));
    assert_eq!((origin.loads(), cache.get(&7)), (1, Some(1)));
}

async fn one_who_waits_may_be_forgotten_too<R: Runtime>(rt: R) {
    let (cache, origin) = (patient(&rt, ms(30)), Origin::default());
    let (gate, leads) = held_load::<_, Infallible>(&rt, &cache, || panic!("on purpose")).await;
    // The first in line, and one of those who watch.
    forget(&cache, 7).await;
    let waits = rt.spawn({
        let (cache, origin) = (Arc::clone(&cache), origin.clone());
        async move { cache.get_or_load(&7, || async { Ok::<_, Infallible>(origin.next()) }).await }
    });
    eventually(&rt, "both ask", || cache.stats().misses == 3).await;
    gate.open();
    assert!(leads.await.expect_err("it panicked").is_panicked());
    assert_eq!(waits.await.expect("it ends").expect("it can't fail"), 1);
}

async fn the_first_who_succeeds_is_for_all<R: Runtime>(rt: R) {
    // The leader that is superseded fails, or succeeds first.
    for fails in [true, false] {
        let cache = patient(&rt, ms(20));
        let second = Gate::default();
        let (gate, leads) =
            held_load(&rt, &cache, move || if fails { Err("down") } else { Ok(1) }).await;
        let waiting = |number: u32| {
            let (rt, cache, second) = (rt.clone(), Arc::clone(&cache), second.clone());
            rt.clone().spawn(async move {
                let load = || async {
                    second.open();
                    // Until the first one has landed.
                    rt.sleep(ms(40)).await;
                    Ok::<_, &str>(number)
                };
                cache.get_or_load(&7, load).await.expect("it does not fail")
            })
        };
        let waiting = [waiting(2), waiting(2), waiting(2)];
        second.passed().await;
        gate.open();
        let landed = leads.await.expect("it ends");
        assert_eq!(landed.is_err(), fails);
        let mut got = Vec::new();
        for waits in waiting {
            got.push(waits.await.expect("it ends"));
        }
        got.sort_unstable();
        if fails {
            // Its failure is its own.
            assert_eq!((got, cache.get(&7)), (vec![2, 2, 2], Some(2)));
        } else {
            // Who loads beside it keeps what it has loaded to itself.
            assert_eq!((got, cache.get(&7)), (vec![1, 1, 2], Some(1)));
        }
    }
}

async fn the_watch_is_handed_on<R: Runtime>(rt: R) {
    let (cache, origin) = (patient(&rt, ms(60)), Origin::default());
    forget(&cache, 7).await;
    let caller = || {
        let (cache, origin) = (Arc::clone(&cache), origin.clone());
        rt.spawn(async move {
            cache.get_or_load(&7, || async { Ok::<_, Infallible>(origin.next()) }).await
        })
    };
    // Those who watch go, and the time that has been waited already counts for who comes after.
    let begun = rt.now();
    let early = [caller(), caller(), caller()];
    eventually(&rt, "all ask", || cache.stats().misses == 4).await;
    rt.sleep(ms(20)).await;
    let late = caller();
    eventually(&rt, "all ask", || cache.stats().misses == 5).await;
    drop(early);
    assert_eq!(late.await.expect("it ends").expect("it can't fail"), 1);
    assert!(rt.now() - begun >= ms(60));
}

async fn without_patience_it_is_waited_for<R: Runtime>(rt: R) {
    let cache = patient(&rt, None);
    forget(&cache, 7).await;
    let deadline = rt.now() + ms(20);
    let waits = cache.get_or_load(&7, || async { Ok::<_, Infallible>(1) });
    let waited = Ambient::current().with_deadline(deadline).attach(waits).await;
    assert!(matches!(waited, Err(LoadError::Elapsed(_))));
    // A change lets who comes after it load.
    cache.invalidate(&7);
    let loaded = cache.get_or_load(&7, || async { Ok::<_, Infallible>(2) }).await;
    assert_eq!(loaded.expect("it can't fail"), 2);
}

async fn who_was_superseded_has_no_lead_to_give_up<R: Runtime>(rt: R) {
    let (cache, begun, origin) = (patient(&rt, ms(20)), Gate::default(), Origin::default());
    let hangs = rt.spawn({
        let (cache, begun) = (Arc::clone(&cache), begun.clone());
        async move {
            let load = || async {
                begun.open();
                pending::<Result<u32, Infallible>>().await
            };
            cache.get_or_load(&7, load).await
        }
    });
    begun.passed().await;
    let (gate, second) = (Gate::default(), Gate::default());
    let waiting = [(); 3].map(|()| {
        let (cache, origin) = (Arc::clone(&cache), origin.clone());
        let (gate, second) = (gate.clone(), second.clone());
        rt.spawn(async move {
            let load = || async {
                let number = origin.next();
                second.open();
                gate.passed().await;
                Ok::<_, Infallible>(number)
            };
            cache.get_or_load(&7, load).await.expect("it can't fail")
        })
    });
    second.passed().await;
    drop(hangs);
    eventually(&rt, "it is dropped", || cache.stats().load_failures == 1).await;
    rt.sleep(ms(2)).await;
    gate.open();
    for waits in waiting {
        assert_eq!(waits.await.expect("it ends"), 1);
    }
    assert_eq!(origin.loads(), 1, "nobody else loads beside the second");
}

async fn who_supersedes_is_watched_too<R: Runtime>(rt: R) {
    let cache = patient(&rt, ms(20));
    forget(&cache, 7).await;
    let hangs = rt.spawn({
        let cache = Arc::clone(&cache);
        async move { cache.get_or_load(&7, pending::<Result<u32, Infallible>>).await }
    });
    eventually(&rt, "it asks", || cache.stats().misses == 2).await;
    // The second of those who watch.
    forget(&cache, 7).await;
    let waits = cache.get_or_load(&7, || async { Ok::<_, Infallible>(1) }).await;
    assert_eq!(waits.expect("it can't fail"), 1);
    drop(hangs);
}

on_every_runtime!(
    seeds = 20;
    a_forgotten_leader_is_superseded,
    one_who_waits_may_be_forgotten_too,
    the_first_who_succeeds_is_for_all,
    the_watch_is_handed_on,
    without_patience_it_is_waited_for,
    who_was_superseded_has_no_lead_to_give_up,
    who_supersedes_is_watched_too,
);
