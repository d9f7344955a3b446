//! Loads: once a key, whoever goes; shared errors; what is stale; and changes that overtake a load.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mtaio::cache::{LoadError, TtlCache, cached};
use mtaio::{Ambient, Instant, Retryable, Runtime, RuntimeExt, Task};

use crate::common::{Gate, eventually, ms, on_every_runtime};

pub type Cache<R> = Arc<TtlCache<u32, u32, R>>;

fn cache<R: Runtime>(rt: &R) -> Cache<R> {
    Arc::new(TtlCache::with_runtime(rt, 100).expect("a capacity"))
}

/// Counts the loads, and gives the number of the last.
#[derive(Clone, Default)]
pub struct Origin(Arc<AtomicUsize>);

impl Origin {
    pub fn loads(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub fn next(&self) -> u32 {
        u32::try_from(self.0.fetch_add(1, Ordering::SeqCst) + 1).expect("there are few")
    }
}

/// A load of 7 that has begun; it comes to what `end` says when the gate is opened.
pub async fn held_load<R: Runtime, E: Send + Sync + 'static>(
    rt: &R,
    cache: &Cache<R>,
    end: impl FnOnce() -> Result<u32, E> + Send + 'static,
) -> (Gate, Task<Result<u32, LoadError<E>>>) {
    let (gate, begun) = (Gate::default(), Gate::default());
    let caller = rt.spawn({
        let (cache, gate, begun) = (Arc::clone(cache), gate.clone(), begun.clone());
        async move {
            let load = || async {
                begun.open();
                gate.passed().await;
                end()
            };
            cache.get_or_load(&7, load).await
        }
    });
    begun.passed().await;
    (gate, caller)
}

async fn many_callers_load_once<R: Runtime>(rt: R) {
    let (cache, origin) = (cache(&rt), Origin::default());
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let (rt, cache, origin) = (rt.clone(), Arc::clone(&cache), origin.clone());
            rt.clone().spawn(async move {
                let load = || async {
                    rt.sleep(ms(5)).await;
                    Ok::<_, Infallible>(origin.next())
                };
                cache.get_or_load(&7, load).await.expect("it can't fail")
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.expect("it ends"), 1);
    }
    let stats = cache.stats();
    assert_eq!((origin.loads(), stats.loads, stats.load_failures), (1, 1, 0));
    assert_eq!((stats.gets(), stats.len), (100, 1));
}

async fn an_error_is_shared_and_not_kept<R: Runtime>(rt: R) {
    let (cache, origin) = (cache(&rt), Origin::default());
    let (gate, begun) = (Gate::default(), Gate::default());
    let callers: Vec<_> = (0..3)
        .map(|_| {
            let (cache, origin) = (Arc::clone(&cache), origin.clone());
            let (gate, begun) = (gate.clone(), begun.clone());
            rt.spawn(async move {
                let load = || async {
                    begun.open();
                    gate.passed().await;
                    Err::<u32, _>(origin.next())
                };
                cache.get_or_load(&7, load).await.expect_err("it fails")
            })
        })
        .collect();
    begun.passed().await;
    eventually(&rt, "all ask", || cache.stats().misses == 3).await;
    // Between the miss and the line there is no await, but on another thread there is time.
    rt.sleep(ms(20)).await;
    gate.open();
    for caller in callers {
        assert_eq!(caller.await.expect("it ends").failure(), Some(&1));
    }
    assert_eq!(cache.stats().load_failures, 1);
    let again = cache.get_or_load(&7, || async { Ok::<_, u32>(origin.next()) }).await;
    assert_eq!(again.expect("it is well now"), 2);
}

async fn another_kind_of_error_is_loaded_anew<R: Runtime>(rt: R) {
    let cache = cache(&rt);
    let (gate, first) = held_load(&rt, &cache, || Err("words")).await;
    let second = rt.spawn({
        let cache = Arc::clone(&cache);
        async move { cache.get_or_load(&7, || async { Ok::<_, u8>(5) }).await.expect("it loads") }
    });
    eventually(&rt, "both ask", || cache.stats().misses == 2).await;
    gate.open();
    match first.await.expect("it ends") {
        Err(error) => assert_eq!(error.failure(), Some(&"words")),
        // The other one was quick.
        Ok(value) => assert_eq!(value, 5),
    }
    assert_eq!(second.await.expect("it ends"), 5);
}

async fn a_panic_is_its_own_callers_and_another_loads<R: Runtime>(rt: R) {
    let cache = cache(&rt);
    let (gate, panics) = held_load::<_, Infallible>(&rt, &cache, || panic!("on purpose")).await;
    let waits = rt.spawn({
        let cache = Arc::clone(&cache);
        async move { cache.get_or_load(&7, || async { Ok::<_, u8>(5) }).await.expect("it loads") }
    });
    eventually(&rt, "both ask", || cache.stats().misses == 2).await;
    gate.open();
    assert!(panics.await.expect_err("it panicked").is_panicked());
    assert_eq!(waits.await.expect("it ends"), 5);
    assert_eq!((cache.stats().loads, cache.stats().load_failures), (1, 1));
}

async fn a_change_overtakes_a_load<R: Runtime>(rt: R) {
    let changes: [fn(&Cache<R>); 4] = [
        |cache| assert_eq!(cache.remove(&7), None),
        |cache| assert!(!cache.invalidate(&7)),
        |cache| cache.clear(),
        |cache| cache.insert(7, 70),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let cache = cache(&rt);
        let (gate, loads) = held_load(&rt, &cache, || Ok::<_, Infallible>(1)).await;
        change(&cache);
        let after = rt.spawn({
            let cache = Arc::clone(&cache);
            async move { cache.get_or_load(&7, || async { Ok::<_, Infallible>(2) }).await }
        });
        // Who comes after the change does not get what was loaded before it.
        let expected = if number == 3 { 70 } else { 2 };
        assert_eq!(after.await.expect("it ends").expect("it can't fail"), expected);
        gate.open();
        assert_eq!(loads.await.expect("it ends").expect("it can't fail"), 1);
        assert_eq!(cache.get(&7), Some(expected));
    }
}

async fn a_change_in_place_overtakes_a_refresh<R: Runtime>(rt: R) {
    let changes: [fn(&Cache<R>); 2] = [
        |cache| assert_eq!(cache.update(&7, |value| std::mem::replace(value, 70)), Some(1)),
        |cache| cache.retain(|key, _| *key != 7),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let cache = TtlCache::<u32, u32>::builder(100)
            .default_ttl(Duration::from_secs(100))
            .refresh_ahead(0.000_01)
            .build_with_runtime(&rt)
            .expect("it makes sense");
        let cache = Arc::new(cache);
        cache.insert(7, 1);
        rt.sleep(ms(2)).await;
        let (gate, begun) = (Gate::default(), Gate::default());
        let load = {
            let (gate, begun) = (gate.clone(), begun.clone());
            move || async move {
                begun.open();
                gate.passed().await;
                Ok::<_, Infallible>(1)
            }
        };
        assert_eq!(cache.get_or_refresh(&7, load).await.expect("it can't fail"), 1);
        begun.passed().await;
        change(&cache);
        gate.open();
        eventually(&rt, "it is loaded", || cache.stats().loads == 1).await;
        assert_eq!(cache.get(&7), if number == 0 { Some(70) } else { None });
    }
}

async fn who_waits_gives_up_at_its_deadline<R: Runtime>(rt: R) {
    let cache = cache(&rt);
    let begun = Gate::default();
    let stuck = rt.spawn({
        let (cache, begun) = (Arc::clone(&cache), begun.clone());
        async move {
            let load = || async {
                begun.open();
                pending::<Result<u32, Infallible>>().await
            };
            let _ = cache.get_or_load(&7, load).await;
        }
    });
    begun.passed().await;
    let deadline = rt.now() + ms(10);
    let waits = cache.get_or_load(&7, pending::<Result<u32, Infallible>>);
    let answer = Ambient::current().with_deadline(deadline).attach(waits).await;
    let error = answer.expect_err("nobody loads it");
    assert!(matches!(error, LoadError::Elapsed(_)));
    assert!(rt.now() >= deadline);
    // The deadline is the caller's, and over: under it there is nothing to try again.
    assert!(matches!(&error, LoadError::Elapsed(elapsed) if elapsed.is_inherited()));
    assert!(!error.is_retryable());
    // Its place in the line is given up, and the lead goes to who comes.
    drop(stuck);
    let value = cache.get_or_load(&7, || async { Ok::<_, Infallible>(3) }).await;
    assert_eq!(value.expect("it can't fail"), 3);
}

async fn a_value_is_refreshed_before_it_expires<R: Runtime>(rt: R) {
    let cache = TtlCache::<u32, u32>::builder(100)
        .default_ttl(Duration::from_secs(100))
        .refresh_ahead(0.000_2)
        .build_with_runtime(&rt)
        .expect("it makes sense");
    let (cache, origin) = (Arc::new(cache), Origin::default());
    let load = |origin: &Origin| {
        let origin = origin.clone();
        move || async move { Ok::<_, Infallible>(origin.next()) }
    };
    assert_eq!(cache.get_or_refresh(&7, load(&origin)).await.expect("it can't fail"), 1);
    assert_eq!(origin.loads(), 1);
    rt.sleep(ms(20)).await;
    // At once, and the old one.
    assert_eq!(cache.get_or_refresh(&7, load(&origin)).await.expect("it can't fail"), 1);
    eventually(&rt, "it is loaded anew", || cache.get(&7) == Some(2)).await;
    assert_eq!((origin.loads(), cache.stats().misses), (2, 1));
}

async fn what_is_stale_is_answered_while_it_is_loaded<R: Runtime>(rt: R) {
    let cache = TtlCache::<u32, u32>::builder(100)
        .default_ttl(ms(10))
        .stale_while_revalidate(Duration::from_secs(50))
        .build_with_runtime(&rt)
        .expect("it makes sense");
    let cache = Arc::new(cache);
    cache.insert(7, 1);
    rt.sleep(ms(10)).await;
    assert_eq!((cache.get(&7), cache.contains(&7)), (None, false));
    let (gate, origin) = (Gate::default(), Origin::default());
    for _ in 0..5 {
        let (gate, origin) = (gate.clone(), origin.clone());
        let load = move || async move {
            gate.passed().await;
            Ok::<_, Infallible>(origin.next() + 1)
        };
        assert_eq!(cache.get_or_refresh(&7, load).await.expect("it can't fail"), 1);
    }
    gate.open();
    eventually(&rt, "it is loaded anew", || cache.stats().loads == 1).await;
    assert_eq!(origin.loads(), 1);
    assert_eq!(cache.stats().expirations, 1);
}

async fn what_is_stale_is_better_than_an_error<R: Runtime>(rt: R) {
    let cache = TtlCache::<u32, u32>::builder(100)
        .default_ttl(ms(10))
        .stale_on_error(Duration::from_secs(50))
        .build_with_runtime(&rt)
        .expect("it makes sense");
    cache.insert(7, 1);
    rt.sleep(ms(10)).await;
    let fails = || async { Err::<u32, _>("down") };
    assert_eq!(cache.get_or_load(&7, fails).await.expect("there is a stale one"), 1);
    assert_eq!(
        cache.get_or_load(&8, fails).await.expect_err("never heard").failure(),
        Some(&"down")
    );
    let value = cache.get_or_load(&7, || async { Ok::<_, &str>(2) }).await;
    assert_eq!((value.expect("it is well"), cache.get(&7)), (2, Some(2)));
}

async fn absence_has_a_time_of_its_own<R: Runtime>(rt: R) {
    let planes = TtlCache::<u32, Option<u32>>::builder(100)
        .ttl_of(|_, plane| plane.is_none().then_some(ms(10)))
        .build_with_runtime(&rt)
        .expect("it makes sense");
    let unknown = || async { Ok::<_, Infallible>(None) };
    assert_eq!(planes.get_or_load(&7, unknown).await.expect("it can't fail"), None);
    assert_eq!(planes.get(&7), Some(None));
    planes.insert(8, Some(1));
    rt.sleep(ms(10)).await;
    assert_eq!((planes.get(&7), planes.get(&8)), (None, Some(Some(1))));
}

async fn a_cached_function_is_called_once_an_argument<R: Runtime>(rt: R) {
    let (lengths, origin) =
        (Arc::new(TtlCache::with_runtime(&rt, 100).expect("it fits")), Origin::default());
    let calls = origin.clone();
    let length = cached(
        &lengths,
        |word: &String| word.clone(),
        async move |word: String| {
            calls.next();
            Ok::<_, Infallible>(word.len())
        },
    );
    for word in ["one", "three", "one"] {
        let length = length.clone().call(word.to_owned()).await;
        assert_eq!(length.expect("it can't fail"), word.len());
    }
    assert_eq!((origin.loads(), length.cache().len()), (2, 2));
}

async fn a_loader_may_use_the_cache<R: Runtime>(rt: R) {
    let cache = cache(&rt);
    let load = || async {
        cache.insert(8, 80);
        let eight = cache.get_or_load(&8, || async { Ok::<_, Infallible>(0) }).await;
        Ok::<_, Infallible>(eight.expect("it can't fail") + 1)
    };
    assert_eq!(cache.get_or_load(&7, load).await.expect("it can't fail"), 81);
}

async fn maintenance_frees_what_expired<R: Runtime>(rt: R) {
    let cache = TtlCache::<u32, u32>::builder(10_000)
        .default_ttl(ms(500))
        .build_with_runtime(&rt)
        .expect("it makes sense");
    let cache = Arc::new(cache);
    cache.insert_many((0..5_000).map(|key| (key, key)));
    let held = cache.len();
    assert!(held > 4_000);
    let task = cache.maintain_every(ms(5)).expect("a period");
    eventually(&rt, "all are freed", || cache.is_empty()).await;
    assert_eq!(cache.stats().expirations + cache.stats().evictions, 5_000);
    drop(cache);
    task.await.expect("it ends with the cache");
    assert!(rt.now() < Instant::MAX);
}

on_every_runtime!(
    seeds = 20;
    many_callers_load_once,
    an_error_is_shared_and_not_kept,
    another_kind_of_error_is_loaded_anew,
    a_panic_is_its_own_callers_and_another_loads,
    a_change_overtakes_a_load,
    a_change_in_place_overtakes_a_refresh,
    who_waits_gives_up_at_its_deadline,
    a_value_is_refreshed_before_it_expires,
    what_is_stale_is_answered_while_it_is_loaded,
    what_is_stale_is_better_than_an_error,
    absence_has_a_time_of_its_own,
    a_cached_function_is_called_once_an_argument,
    a_loader_may_use_the_cache,
    maintenance_frees_what_expired,
);
