//! The cache as a stage of a policy, which is run for a key.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::join_all;
use mtaio::cache::TtlCache;
use mtaio::policy::{
    Attempt, BreakerConfig, CircuitBreaker, Fallback, Hedge, Policy, PolicyError, Retry,
};
use mtaio::time::Deadline;
use mtaio::{Runtime, RuntimeExt};

use crate::common::{ms, on_every_runtime};

type Cache<R> = Arc<TtlCache<String, u32, R>>;

fn cache<R: Runtime>(rt: &R) -> Cache<R> {
    Arc::new(TtlCache::with_runtime(rt, 100).expect("a capacity"))
}

/// Counts the calls.
#[derive(Clone, Default)]
struct Calls(Arc<AtomicU32>);

impl Calls {
    fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn count(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

async fn what_is_kept_is_not_called<R: Runtime>(rt: R) {
    let (cache, calls) = (cache(&rt), Calls::default());
    let retry = Retry::constant(ms(1)).max_attempts(3).build().expect("it makes sense");
    let policy = Policy::with_runtime(&rt)
        .deadline(Duration::from_secs(60))
        .cache(&cache)
        .retry(retry)
        .timeout(Duration::from_secs(50))
        .build()
        .expect("it makes sense");
    for (key, expected) in [("a", 3), ("a", 3), ("b", 4), ("a", 3)] {
        let call = async |attempt: Attempt| match calls.next() {
            // The first two of all fail, and are tried again inside of the cache.
            call @ (1 | 2) => Err(format!("{call} at {attempt:?}")),
            call => Ok(call),
        };
        assert_eq!(policy.run_for(key, call).await, Ok(expected));
    }
    let stats = cache.stats();
    assert_eq!((calls.count(), stats.loads, stats.hits, stats.misses), (4, 2, 2, 2));
}

async fn an_error_is_for_all_who_wait_and_not_kept<R: Runtime>(rt: R) {
    let (cache, calls) = (cache(&rt), Calls::default());
    let policy = Policy::with_runtime(&rt).cache(&cache).build().expect("it makes sense");
    let run = || {
        let (rt, calls) = (rt.clone(), calls.clone());
        policy.run_for("a", async move |_: Attempt| {
            let call = calls.next();
            rt.sleep(ms(5)).await;
            if call == 1 { Err(call) } else { Ok(call) }
        })
    };
    let answers = join_all([run(), run(), run()]).await;
    assert_eq!(answers, [const { Err(PolicyError::Failed(1)) }; 3]);
    assert_eq!((run().await, calls.count()), (Ok(2), 2));
}

async fn what_is_outside_is_for_each_caller<R: Runtime>(rt: R) {
    let cache = cache(&rt);
    let policy = Policy::with_runtime(&rt)
        .fallback(Fallback::value(0))
        .deadline(ms(20))
        .cache(&cache)
        .build()
        .expect("it makes sense");
    let slow = rt.clone();
    let answer = policy.run_for("a", async move |_: Attempt| {
        slow.sleep(Duration::from_secs(500)).await;
        Ok::<_, String>(1)
    });
    assert_eq!(answer.await, Ok(0));
    // A fallback's answer is not kept, nor what was given up.
    assert_eq!((cache.len(), cache.stats().load_failures), (0, 1));
}

async fn who_waits_gives_up_at_its_deadline<R: Runtime>(rt: R) {
    let (cache, calls) = (cache(&rt), Calls::default());
    let policy = Policy::with_runtime(&rt).cache(&cache).build().expect("it makes sense");
    let hangs = rt.spawn({
        let (policy, calls) = (policy.clone(), calls.clone());
        async move {
            let hang = async move |_: Attempt| {
                calls.next();
                std::future::pending::<Result<u32, String>>().await
            };
            policy.run_for("a", hang).await
        }
    });
    while calls.count() == 0 {
        rt.sleep(ms(1)).await;
    }
    let waits = policy.run_for("a", async |_: Attempt| Ok::<_, String>(1));
    let late = Deadline::after(&rt, ms(10)).run(&rt, waits).await;
    match late {
        Ok(Err(PolicyError::Elapsed(_))) | Err(_) => {}
        other => panic!("{other:?}"),
    }
    drop(hangs);
}

async fn places_that_make_no_sense_are_refused<R: Runtime>(rt: R) {
    let cache = cache(&rt);
    let builder = || Policy::with_runtime(&rt);
    let breaker = CircuitBreaker::with_runtime(&rt, BreakerConfig::new()).expect("it makes sense");
    let hedge = Hedge::after(ms(5)).expect("it makes sense");
    let refused = [
        builder().breaker(&breaker).cache(&cache).build().map(drop),
        builder().hedge(hedge).cache(&cache).build().map(drop),
        builder().cache(&cache).fallback(Fallback::value(0)).build().map(drop),
        builder().cache(&cache).cache(&cache).build().map(drop),
    ];
    let fields = refused.map(|refused| refused.expect_err("no sense").field());
    assert_eq!(fields, ["breaker", "hedge", "fallback", "cache"]);
    assert!(builder().cache(&cache).breaker(&breaker).build().is_ok());
}

on_every_runtime!(
    seeds = 10;
    what_is_kept_is_not_called,
    an_error_is_for_all_who_wait_and_not_kept,
    what_is_outside_is_for_each_caller,
    who_waits_gives_up_at_its_deadline,
    places_that_make_no_sense_are_refused,
);
