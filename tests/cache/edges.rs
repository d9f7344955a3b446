//! Where settings and values are at their ends.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::time::Duration;

use mtaio::cache::{Eviction, KeyedState, TtlCache};
use mtaio::{ConfigError, RuntimeExt};
use mtaio_sim::{Explore, Sim};

use crate::common::ms;

fn on_sim<F: Future<Output = ()>>(scenario: impl Fn(Sim) -> F) {
    Sim::explore(Explore::new().seeds(0..5), scenario);
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    on_sim(|rt| async move {
        let refused = |built: Result<TtlCache<u32, u32>, ConfigError>| {
            built.expect_err("it makes no sense").field()
        };
        let cache = |capacity| TtlCache::<u32, u32>::builder(capacity);
        assert_eq!(refused(TtlCache::new(&rt, 0)), "capacity");
        assert_eq!(refused(cache(usize::MAX).build(&rt)), "capacity");
        for shards in [0, 3, 16] {
            assert_eq!(refused(cache(8).shards(shards).build(&rt)), "shards");
        }
        assert_eq!(refused(cache(8).default_ttl(Duration::ZERO).build(&rt)), "default_ttl");
        assert_eq!(refused(cache(8).default_ttl(Duration::MAX).build(&rt)), "default_ttl");
        assert_eq!(refused(cache(8).time_to_idle(Duration::ZERO).build(&rt)), "time_to_idle");
        for fraction in [-0.1, 1.1, f64::NAN] {
            assert_eq!(refused(cache(8).ttl_jitter(fraction).build(&rt)), "ttl_jitter");
        }
        for fraction in [0.0, 1.0, f64::NAN] {
            assert_eq!(refused(cache(8).refresh_ahead(fraction).build(&rt)), "refresh_ahead");
        }
        for patience in [Duration::ZERO, Duration::MAX] {
            assert_eq!(refused(cache(8).load_patience(patience).build(&rt)), "load_patience");
        }
        assert_eq!(refused(cache(8).stale_on_error(Duration::MAX).build(&rt)), "stale_on_error");
        let stale = cache(8).stale_while_revalidate(Duration::MAX);
        assert_eq!(refused(stale.build(&rt)), "stale_while_revalidate");
    });
}

#[test]
fn times_at_their_ends() {
    on_sim(|rt| async move {
        let cache = TtlCache::new(&rt, 100).expect("a capacity");
        cache.insert_with_ttl("none", 1, Duration::ZERO);
        cache.insert_with_ttl("all", 2, Duration::MAX);
        cache.insert_with_ttl("tick", 3, Duration::from_nanos(1));
        cache.insert("default", 4);
        assert_eq!((cache.get("none"), cache.len()), (None, 3));
        assert_eq!(cache.get("tick"), Some(3));
        rt.sleep(Duration::from_nanos(1)).await;
        assert_eq!(cache.get("tick"), None);
        rt.sleep(Duration::from_secs(300) - Duration::from_nanos(2)).await;
        assert_eq!(cache.get("default"), Some(4));
        rt.sleep(Duration::from_nanos(1)).await;
        assert_eq!(cache.get("default"), None);
        rt.sleep(Duration::from_secs(1 << 33)).await;
        assert_eq!(cache.get("all"), Some(2));
        // What had no time to live takes what was there with it.
        cache.insert_with_ttl("all", 5, Duration::ZERO);
        assert_eq!((cache.get("all"), cache.len()), (None, 0));
    });
}

#[test]
fn what_is_too_heavy_never_gets_in() {
    on_sim(|rt| async move {
        let cache = TtlCache::<u32, u32>::builder(10)
            .weigher(|_, value| *value)
            .shards(1)
            .build(&rt)
            .expect("it makes sense");
        cache.insert(1, 10);
        cache.insert(2, 11);
        assert_eq!((cache.get(&1), cache.get(&2)), (Some(10), None));
        cache.insert(1, 11);
        assert_eq!((cache.get(&1), cache.weight(), cache.stats().rejections), (None, 0, 2));
        // What says that it weighs nothing weighs 1.
        cache.insert_many((0..20).map(|key| (key, 0)));
        assert_eq!((cache.len(), cache.weight()), (10, 10));
        let grown = cache.iter().next().expect("there are ten").0;
        cache.update(&grown, |value| *value = 8);
        assert!(cache.weight() <= 10, "{}", cache.weight());
        cache.insert(99, 1);
        let held = cache.iter().next().expect("there is one").0;
        cache.update(&held, |value| *value = 11);
        assert!(!cache.contains(&held));
    });
}

#[test]
fn a_capacity_of_one() {
    for eviction in [Eviction::S3Fifo, Eviction::Lru, Eviction::Lfu, Eviction::Fifo] {
        on_sim(move |rt| async move {
            let cache = TtlCache::<u32, u32>::builder(1).eviction(eviction).build(&rt);
            let cache = cache.expect("it makes sense");
            for key in 0..10 {
                cache.insert(key, key);
                assert_eq!((cache.get(&key), cache.len()), (Some(key), 1));
            }
        });
    }
}

#[test]
fn jitter_shortens_and_spreads() {
    on_sim(|rt| async move {
        let cache = TtlCache::<u32, u32>::builder(1_000)
            .default_ttl(ms(100))
            .ttl_jitter(0.5)
            .build(&rt)
            .expect("it makes sense");
        cache.insert_many((0..500).map(|key| (key, key)));
        rt.sleep(ms(50) - Duration::from_nanos(1)).await;
        assert_eq!(cache.iter().count(), 500);
        rt.sleep(ms(25)).await;
        let left = cache.iter().count();
        assert!((150..350).contains(&left), "{left} of 500");
        rt.sleep(ms(25) + Duration::from_nanos(1)).await;
        assert_eq!(cache.iter().count(), 0);
    });
}

#[test]
fn closures_that_see_entries_in_place_may_not_use_the_cache() {
    fn refused<T>(name: &str, use_it: impl FnOnce() -> T) {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            use_it();
        }));
        let panic = panic.expect_err("it is refused");
        let words = panic.downcast_ref::<&str>().copied().map(String::from);
        let words = words.or_else(|| panic.downcast_ref::<String>().cloned()).expect("words");
        assert!(words.contains("would wait for itself"), "{name}: {words}");
    }
    on_sim(|rt| async move {
        let cache = TtlCache::<u32, u32>::new(&rt, 10_000).expect("a capacity");
        let other = TtlCache::<u32, u32>::new(&rt, 10).expect("a capacity");
        cache.insert_many([(1, 1), (2, 2)]);
        // Whatever the shard of the key.
        for key in 1..40 {
            refused("with", || cache.with(&1, |_| cache.get(&key)));
            refused("update", || cache.update(&1, |_| cache.insert(key, 1)));
            refused("retain", || cache.retain(|_, _| cache.contains(&key)));
            let make = || cache.with(&key, |value| *value).unwrap_or(1);
            refused("get_or_insert_with", || cache.get_or_insert_with(1_000 + key, make));
            refused("lease", || cache.with(&1, |_| cache.lease(&key).is_valid()));
            refused("fill", || {
                let lease = cache.lease(&key);
                cache.with(&1, |_| lease.fill(1))
            });
            refused("len", || cache.with(&1, |_| cache.len()));
        }
        // Another one may, and afterwards this one too.
        assert_eq!(cache.with(&1, |one| other.get_or_insert_with(5, || *one)), Some(1));
        let nested = cache.with(&1, |_| other.with(&5, |five| *five));
        assert_eq!((nested, cache.get(&2)), (Some(Some(1)), Some(2)));
    });
}

#[test]
fn what_a_closure_did_before_its_panic_stays() {
    on_sim(|rt| async move {
        let cache = TtlCache::<u32, u32>::new(&rt, 10).expect("a capacity");
        cache.insert_many([(1, 1), (2, 2)]);
        let update = || {
            cache.update(&1, |value| {
                *value = 5;
                panic!("on purpose")
            })
        };
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(update)).is_err());
        assert_eq!((cache.get(&1), cache.get(&2)), (Some(5), Some(2)));
        let retain = || cache.retain(|_, _| panic!("on purpose"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(retain)).is_err());
        assert_eq!(cache.len(), 2);
    });
}

#[test]
fn a_hasher_of_choice_and_keys_that_fall_together() {
    struct Constant;

    impl BuildHasher for Constant {
        type Hasher = std::hash::DefaultHasher;

        fn build_hasher(&self) -> Self::Hasher {
            std::hash::DefaultHasher::new()
        }

        fn hash_one<T: Hash>(&self, _: T) -> u64 {
            7
        }
    }

    on_sim(|rt| async move {
        let cache = TtlCache::<u32, u32>::builder(100).hasher(Constant).build_with_hasher(&rt);
        let cache = cache.expect("it makes sense");
        cache.insert_many((0..1_000).map(|key| (key, key)));
        assert!(cache.len() <= 100);
        assert!(cache.iter().all(|(key, value)| key == value && cache.get(&key) == Some(value)));
    });
}

/// Keys that were chosen to fall together under known hash keys do not under others: each cache
/// draws its own, and the same seed draws the same.
#[test]
fn the_hasher_is_keyed() {
    let known = KeyedState::with_keys(1, 2, 3, 4);
    let place = |state: &KeyedState, key: u64| state.hash_one(key) % 1_024;
    let chosen: Vec<u64> =
        (0..2_000_000).filter(|key| place(&known, *key) == 7).take(1_000).collect();
    assert_eq!(chosen.len(), 1_000);
    on_sim(move |rt| {
        let chosen = chosen.clone();
        async move {
            let drawn = KeyedState::new(&rt);
            let mut together = [0_u32; 1_024];
            for key in &chosen {
                together[place(&drawn, *key) as usize] += 1;
            }
            let most = together.iter().max().expect("there are some");
            assert!(*most < 12, "{most} of 1000 fall together");
            let other = KeyedState::new(&rt);
            assert_ne!(drawn.hash_one(7_u64), other.hash_one(7_u64));
        }
    });
}

#[test]
fn many_are_treated_as_one_by_one() {
    on_sim(|rt| async move {
        let cache = Arc::new(TtlCache::new(&rt, 100).expect("a capacity"));
        cache.insert_many([("one".to_owned(), 1), ("two".to_owned(), 2)]);
        assert_eq!(cache.get_many(["two", "six", "one"]), [Some(2), None, Some(1)]);
        assert_eq!(cache.remove_many(["one", "one"]), [Some(1), None]);
        assert_eq!((cache.len(), cache.stats().hit_rate()), (1, 2.0 / 3.0));
        assert!(format!("{cache:?}").contains("capacity: 100"));
    });
}
