//! A cache that is full allocates next to nothing: slots are used again.

use allocation_counter::measure;
use mtaio::cache::{Eviction, TtlCache};
use mtaio_sim::Sim;

#[test]
fn a_full_cache_allocates_next_to_nothing() {
    for eviction in [Eviction::S3Fifo, Eviction::Lru, Eviction::Lfu, Eviction::Fifo] {
        Sim::run(0, |rt| async move {
            let cache = TtlCache::<u64, u64>::builder(1_000).eviction(eviction).build(&rt);
            let cache = cache.expect("it makes sense");
            cache.insert_many((0..20_000).map(|key| (key % 3_000, key)));
            let gets = measure(|| {
                for key in 0..10_000 {
                    cache.get(&(key % 3_000));
                }
            });
            assert_eq!(gets.count_total, 0, "{eviction:?}");
            let churn = measure(|| {
                for key in 0..10_000 {
                    cache.insert(key, key);
                    cache.remove(&(key / 2));
                }
            });
            // Now and then the index is written anew.
            assert!(churn.count_total < 100, "{eviction:?}: {}", churn.count_total);
            assert!(churn.bytes_current.abs() < 4_096, "{eviction:?}: {}", churn.bytes_current);
        });
    }
}

#[test]
fn a_load_that_nobody_waits_for_allocates_little() {
    Sim::run(0, |rt| async move {
        let cache = TtlCache::<u64, u64>::new(&rt, 1_000).expect("a capacity");
        let load = |key| async move { Ok::<_, ()>(key) };
        cache.get_or_load(&0, || load(0)).await.expect("it loads");
        let mut future = Box::pin(cache.get_or_load(&0, || load(0)));
        let hit = measure(|| {
            let waker = std::task::Waker::noop();
            let polled = future.as_mut().poll(&mut std::task::Context::from_waker(waker));
            assert!(polled.is_ready());
        });
        assert_eq!(hit.count_total, 0);
    });
}
