//! What events say does not hold any more goes; and who fills by a lease does not bring it back.

use std::convert::Infallible;
use std::sync::Arc;

use mtaio::cache::{Invalidate, TtlCache};
use mtaio::event::{Event, EventEmitter, Priority};
use mtaio::{Runtime, RuntimeExt};

use super::loading::{Cache, held_load};
use crate::common::{ms, on_every_runtime};

struct Updated(Vec<u32>);

impl Event for Updated {
    const NAME: &'static str = "updated";
}

struct Cleared;

impl Event for Cleared {
    const NAME: &'static str = "cleared";
}

fn cache<R: Runtime>(rt: &R) -> Cache<R> {
    let cache = Arc::new(TtlCache::with_runtime(rt, 100).expect("a capacity"));
    cache.insert_many([(1, 10), (2, 20), (3, 30)]);
    cache
}

fn held<R: Runtime>(cache: &Cache<R>) -> Vec<u32> {
    let mut held: Vec<_> = cache.iter().map(|(key, _)| key).collect();
    held.sort_unstable();
    held
}

async fn typed_and_named_events_take_out<R: Runtime>(rt: R) {
    let (cache, emitter) = (cache(&rt), EventEmitter::new());
    cache.invalidate_on(&emitter, |event: &Updated| Invalidate::keys(event.0.clone()));
    cache.invalidate_on(&emitter, |_: &Cleared| Invalidate::All);
    let named = emitter.named::<u32>("gone");
    cache.invalidate_on(&named, |key| Invalidate::Keys(vec![*key]));
    cache.invalidate_on(named.filter(|key| *key == 2), |_| Invalidate::Nothing);

    assert_eq!(emitter.emit(Updated(vec![1, 7])).await.ran, 1);
    assert_eq!(held(&cache), [2, 3]);
    assert_eq!(emitter.emit_named("gone", 2_u32).await.ran, 2);
    assert_eq!(held(&cache), [3]);
    assert_eq!(emitter.emit_named("another", 3_u32).await.ran, 0);
    assert_eq!(held(&cache), [3]);
    emitter.emit(Cleared).await;
    assert_eq!((cache.len(), cache.stats().removals), (0, 3));
}

async fn it_listens_until_off_or_the_guard_is_gone<R: Runtime>(rt: R) {
    let (cache, emitter) = (cache(&rt), EventEmitter::new());
    let listener =
        cache.invalidate_on(&emitter, |event: &Updated| Invalidate::keys(event.0.clone()));
    let guard = cache.invalidate_on(&emitter, |_: &Cleared| Invalidate::All).guarded();
    drop(guard);
    emitter.emit(Cleared).await;
    assert_eq!(held(&cache), [1, 2, 3]);
    emitter.emit(Updated(vec![1])).await;
    assert!(listener.off().await);
    emitter.emit(Updated(vec![2])).await;
    assert_eq!(held(&cache), [2, 3]);
}

async fn a_cache_that_is_gone_listens_no_more<R: Runtime>(rt: R) {
    let (cache, emitter) = (cache(&rt), EventEmitter::new());
    let listener = cache.invalidate_on(&emitter, |_: &Cleared| Invalidate::All);
    assert_eq!(Arc::strong_count(&cache), 1);
    drop(cache);
    assert!(listener.is_listening());
    assert_eq!(emitter.emit(Cleared).await.failed(), 0);
    assert!(!listener.is_listening());
    assert_eq!(emitter.emit(Cleared).await.ran, 0);
}

async fn others_do_not_find_what_is_old<R: Runtime>(rt: R) {
    let (cache, emitter) = (cache(&rt), EventEmitter::new());
    let reader = Arc::clone(&cache);
    emitter.on(async move |_: &Cleared| assert_eq!(reader.get(&1), None));
    cache.invalidate_on(&emitter, |_: &Cleared| Invalidate::All);
    assert_eq!(emitter.emit(Cleared).await.failed(), 0);
    // Unless they ask to come first.
    let (reader, first) = (Arc::clone(&cache), Priority::new(1_000));
    cache.insert(1, 10);
    emitter.on_with(first, async move |_: &Cleared| assert_eq!(reader.get(&1), Some(10)));
    assert_eq!(emitter.emit(Cleared).await.failed(), 0);
}

async fn what_panics_costs_its_own_event<R: Runtime>(rt: R) {
    let (cache, emitter) = (cache(&rt), EventEmitter::new());
    cache.invalidate_on(&emitter, |event: &Updated| Invalidate::keys([event.0[0]]));
    assert_eq!(emitter.emit(Updated(Vec::new())).await.failed(), 1);
    assert_eq!(emitter.emit(Updated(vec![3])).await.failed(), 0);
    assert_eq!(held(&cache), [1, 2]);
}

async fn what_is_loaded_meanwhile_does_not_get_in<R: Runtime>(rt: R) {
    for clear in [false, true] {
        let (cache, emitter) = (cache(&rt), EventEmitter::new());
        cache.invalidate_on(&emitter, |event: &Updated| Invalidate::keys(event.0.clone()));
        cache.invalidate_on(&emitter, |_: &Cleared| Invalidate::All);
        let (gate, loads) = held_load(&rt, &cache, || Ok::<_, Infallible>(70)).await;
        if clear {
            emitter.emit(Cleared).await;
        } else {
            emitter.emit(Updated(vec![7])).await;
        }
        gate.open();
        assert_eq!(loads.await.expect("it ends").expect("it can't fail"), 70);
        assert_eq!(cache.get(&7), None);
    }
}

async fn a_lease_is_void_after_any_change<R: Runtime>(rt: R) {
    let changes: [fn(&Cache<R>); 8] = [
        |cache| cache.insert(1, 11),
        |cache| assert_eq!(cache.remove(&1), Some(10)),
        |cache| assert!(cache.invalidate(&1)),
        |cache| cache.clear(),
        |cache| cache.retain(|_, _| true),
        |cache| assert_eq!(cache.update(&1, |value| *value), Some(10)),
        |cache| assert!(cache.lease(&1).fill(12)),
        |cache| {
            cache.invalidate(&2);
            assert_eq!(cache.get_or_insert_with(2, || 21), 21);
            cache.insert(1, 13);
        },
    ];
    for change in changes {
        let cache = cache(&rt);
        let (lease, other) = (cache.lease(&1), cache.lease(&3));
        assert!(lease.is_valid() && *lease.key() == 1);
        change(&cache);
        let before = cache.get(&1);
        assert!(!lease.is_valid());
        assert!(!lease.fill(99));
        assert_eq!(cache.get(&1), before);
        // What comes after the change is as good as ever.
        assert!(cache.lease(&1).fill(100));
        assert_eq!(cache.get(&1), Some(100));
        drop(other);
    }
    let cache = cache(&rt);
    let lease = cache.lease(&1);
    cache.remove(&2);
    assert!(lease.fill_with_ttl(14, ms(5)));
    assert_eq!(cache.get(&1), Some(14));
    rt.sleep(ms(6)).await;
    assert_eq!(cache.get(&1), None);
}

async fn a_lease_keeps_nobody_from_loading<R: Runtime>(rt: R) {
    let cache = cache(&rt);
    let (first, second) = (cache.lease(&7), cache.lease(&7));
    let load = || async { Ok::<_, Infallible>(70) };
    assert_eq!(cache.get_or_load(&7, load).await.expect("it can't fail"), 70);
    // What was loaded is as new as it gets.
    assert!(!first.fill(71) && !second.fill(72));
    assert_eq!(cache.get(&7), Some(70));
    drop(cache.lease(&7));
    cache.invalidate(&7);

    // And who loads does not overwrite what was filled.
    let (gate, loads) = held_load(&rt, &cache, || Ok::<_, Infallible>(73)).await;
    assert!(cache.lease(&7).fill(74));
    gate.open();
    assert_eq!(loads.await.expect("it ends").expect("it can't fail"), 73);
    assert_eq!(cache.get(&7), Some(74));
}

on_every_runtime!(
    seeds = 10;
    typed_and_named_events_take_out,
    it_listens_until_off_or_the_guard_is_gone,
    a_cache_that_is_gone_listens_no_more,
    others_do_not_find_what_is_old,
    what_panics_costs_its_own_event,
    what_is_loaded_meanwhile_does_not_get_in,
    a_lease_is_void_after_any_change,
    a_lease_keeps_nobody_from_loading,
);
