//! Who is told of what left: in order, before the call returns, with nothing locked.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread;

use mtaio::Runtime;
use mtaio::cache::{Cause, TtlCache};

use crate::common::{Bomb, on_every_runtime, watched};

type Told = Arc<Mutex<Vec<(u32, u32, Cause)>>>;
type Cache<R> = TtlCache<u32, u32, R>;

fn told(told: &Told) -> Vec<(u32, u32, Cause)> {
    std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner))
}

fn push(told: &Told, key: u32, value: u32, cause: Cause) {
    told.lock().unwrap_or_else(PoisonError::into_inner).push((key, value, cause));
}

async fn all_is_told_before_the_call_returns<R: Runtime>(rt: R) {
    let list = Told::default();
    let cache = TtlCache::builder(2)
        .on_evicted({
            let list = Arc::clone(&list);
            move |key, value, cause| push(&list, *key, *value, cause)
        })
        .build_with_runtime(&rt)
        .expect("it makes sense");
    cache.insert(1, 10);
    cache.insert(1, 11);
    assert_eq!(told(&list), [(1, 10, Cause::Replaced)]);
    cache.insert(2, 20);
    cache.insert(3, 30);
    let left = told(&list);
    assert!(left.len() == 1 && left[0].2 == Cause::Capacity, "{left:?}");
    let held = if left[0].0 == 1 { 2 } else { 1 };
    let value = cache.remove(&held);
    assert_eq!(told(&list), [(held, value.expect("it was there"), Cause::Removed)]);
    cache.insert_with_ttl(4, 40, std::time::Duration::ZERO);
    assert_eq!(told(&list), [(4, 40, Cause::Expired)]);
    cache.clear();
    assert_eq!(told(&list), [(3, 30, Cause::Removed)]);
}

async fn what_leaves_for_a_load_or_a_lease_is_told<R: Runtime>(rt: R) {
    let list = Told::default();
    let cache = TtlCache::builder(1)
        .on_evicted({
            let list = Arc::clone(&list);
            move |key, value, cause| push(&list, *key, *value, cause)
        })
        .build_with_runtime(&rt)
        .expect("it makes sense");
    cache.insert(1, 10);
    let loaded = cache.get_or_load(&2, async || Ok::<_, String>(20)).await;
    assert_eq!((loaded.expect("it loads"), told(&list)), (20, vec![(1, 10, Cause::Capacity)]));
    assert!(cache.lease(&3).fill(30));
    assert_eq!(told(&list), [(2, 20, Cause::Capacity)]);
    // What does not get in has not been there.
    let lease = cache.lease(&4);
    cache.invalidate(&4);
    assert!(!lease.fill(40));
    assert_eq!(told(&list), []);
}

async fn a_listener_may_use_the_cache<R: Runtime>(rt: R) {
    let list = Told::default();
    let own: Arc<OnceLock<Weak<Cache<R>>>> = Arc::default();
    let cache = TtlCache::builder(100)
        .on_evicted({
            let (list, own) = (Arc::clone(&list), Arc::clone(&own));
            move |key: &u32, value: &u32, cause| {
                push(&list, *key, *value, cause);
                let cache = own.get().and_then(Weak::upgrade).expect("it is alive");
                // What left is gone for the listener, too, and what it removes is told in turn.
                assert_eq!(cache.get(key), None);
                if *key > 0 {
                    cache.insert(key - 1, *value);
                    assert_eq!(cache.remove(&(key - 1)), Some(*value));
                }
            }
        })
        .build_with_runtime(&rt)
        .expect("it makes sense");
    let cache = Arc::new(cache);
    own.set(Arc::downgrade(&cache)).expect("once");
    cache.insert(3, 7);
    assert_eq!(cache.remove(&3), Some(7));
    let expected: Vec<_> = (0..=3).rev().map(|key| (key, 7, Cause::Removed)).collect();
    assert_eq!(told(&list), expected);
    assert_eq!(cache.stats().listener_panics, 0);
}

async fn a_panic_of_the_listener_is_counted<R: Runtime>(rt: R) {
    let cache: Cache<R> = TtlCache::builder(100)
        .on_evicted(|key: &u32, _: &u32, _| assert!(*key != 1, "on purpose"))
        .build_with_runtime(&rt)
        .expect("it makes sense");
    cache.insert_many([(1, 1), (2, 2)]);
    assert_eq!(cache.remove(&1), Some(1));
    assert_eq!(cache.remove(&2), Some(2));
    assert_eq!(cache.stats().listener_panics, 1);
}

async fn a_destructor_that_panics_costs_nobody_else<R: Runtime>(rt: R) {
    let cache: TtlCache<u32, Option<Bomb>, R> =
        TtlCache::builder(1).build_with_runtime(&rt).expect("it makes sense");
    cache.insert(1, Some(Bomb("in the cache")));
    cache.insert(2, None);
    assert_eq!((cache.len(), cache.contains(&2)), (1, true));
}

on_every_runtime!(
    seeds = 5;
    all_is_told_before_the_call_returns,
    what_leaves_for_a_load_or_a_lease_is_told,
    a_listener_may_use_the_cache,
    a_panic_of_the_listener_is_counted,
    a_destructor_that_panics_costs_nobody_else,
);

/// Each thread puts rising numbers under the same few keys: of each key they must leave as they
/// came, and all of them.
#[test]
fn a_keys_values_are_told_in_order_on_threads() {
    const THREADS: u32 = 4;
    const EACH: u32 = 5_000;
    watched("a_keys_values_are_told_in_order_on_threads", || {
        let list = Told::default();
        let cache = crate::common::block_on(async {
            TtlCache::builder(64)
                .on_evicted({
                    let list = Arc::clone(&list);
                    move |key, value, cause| push(&list, *key, *value, cause)
                })
                .build(&mtaio_smol::Smol::global())
                .expect("it makes sense")
        });
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (cache, list) = (&cache, &list);
                scope.spawn(move || {
                    for turn in 0..EACH {
                        // A key is one thread's, so that its values have an order.
                        cache.insert(thread * 8 + turn % 8, turn);
                        if turn % 7 == 0 {
                            let key = thread * 8 + turn % 8;
                            let value = cache.remove(&key);
                            let list = list.lock().unwrap_or_else(PoisonError::into_inner);
                            let last = list.iter().rev().find(|(it, ..)| *it == key);
                            // Before the call returned, whoever told it.
                            assert!(value.is_none() || last.map(|last| last.1) == value);
                        }
                    }
                });
            }
        });
        cache.clear();
        let told = told(&list);
        assert_eq!(told.len() as u32, THREADS * EACH);
        for key in 0..THREADS * 8 {
            let values: Vec<u32> =
                told.iter().filter(|(it, ..)| *it == key).map(|(_, value, _)| *value).collect();
            assert!(values.windows(2).all(|two| two[0] < two[1]), "{key}: {values:?}");
        }
    });
}
