//! A cache that is full allocates next to nothing: slots are used again.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use allocation_counter::measure;
use mtaio::cache::{Eviction, TtlCache, cached};
use mtaio::policy::{Policy, Retry};
use mtaio_sim::Sim;

/// How many allocations a future makes that is done at once.
fn allocations<F: Future>(future: F) -> u64 {
    let mut future = pin!(future);
    let polled = measure(|| {
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    });
    polled.count_total
}

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
fn a_hit_allocates_nothing() {
    Sim::run(0, |rt| async move {
        let cache = TtlCache::<String, u64>::new(&rt, 1_000).expect("a capacity");
        let cache = Arc::new(cache);
        let load = async |_: u32| Ok::<_, String>(7);
        // The load itself: what tells those who might wait, and the key, twice.
        let miss = allocations(cache.get_or_load("a", || load(0)));
        assert!(miss < 12, "{miss}");
        assert_eq!(allocations(cache.get_or_load("a", || load(0))), 0);
        assert_eq!(allocations(cache.get_or_refresh("a", async || Ok::<_, String>(7))), 0);

        let retry = Retry::constant(std::time::Duration::from_secs(1)).build();
        let policy = Policy::new(&rt)
            .deadline(std::time::Duration::from_secs(9))
            .cache(&cache)
            .retry(retry.expect("it makes sense"))
            .timeout(std::time::Duration::from_secs(1))
            .build()
            .expect("it makes sense");
        assert_eq!(allocations(policy.run_for("a", async |_| Ok::<_, String>(7))), 0);

        let squares = Arc::new(TtlCache::<u32, u32>::new(&rt, 1_000).expect("a capacity"));
        let square = cached(&squares, |n: &u32| *n, async |n: u32| Ok::<_, String>(n * n));
        square.call(3).await.expect("it can't fail");
        assert_eq!(allocations(square.call(3)), 0);
    });
}
