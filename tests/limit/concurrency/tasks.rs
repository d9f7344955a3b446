//! Tasks that wait for permits: on every runtime, and in the simulator under all that it can do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use mtaio::limit::{AcquireError, ConcurrencyLimiter};
use mtaio::{Ambient, Runtime, RuntimeExt};

use crate::below;
use crate::common::{
    Gate, LONG, WORKER, done_or_dropped, eventually, ms, on_every_runtime, survives,
};

on_every_runtime!(
    seeds = 30;
    a_heavy_one_is_not_overtaken,
    nobody_waits_longer_than_he_may,
    a_deadline_ends_the_wait,
    what_is_owned_goes_along
);

async fn a_heavy_one_is_not_overtaken<R: Runtime>(rt: R) {
    let limiter = ConcurrencyLimiter::with_runtime(&rt, 4).expect("a limit");
    let (one, two) = (limiter.acquire_many(1).await, limiter.acquire_many(2).await);
    let order = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for (place, weight) in [4, 1, 1].into_iter().enumerate() {
        let (waits, order) = (limiter.clone(), Arc::clone(&order));
        tasks.push(rt.spawn(async move {
            let permit = waits.acquire_many(weight).await.expect("its turn comes");
            (order.fetch_add(1, Ordering::SeqCst), permit.weight())
        }));
        eventually(&rt, "it waits", || limiter.stats().waiting == place + 1).await;
    }
    // One is free, and that is the heavy one's.
    assert!(limiter.try_acquire().is_err());
    drop(one);
    assert!(limiter.try_acquire().is_err());
    assert_eq!(limiter.stats().waiting, 3);
    drop(two);
    let mut told = Vec::new();
    for task in tasks {
        told.push(task.await.expect("it ends"));
    }
    assert_eq!(told[0], (0, 4));
    assert_eq!(limiter.stats().in_use, 0);
}

async fn nobody_waits_longer_than_he_may<R: Runtime>(rt: R) {
    let limiter = ConcurrencyLimiter::with_runtime(&rt, 1).expect("a limit");
    let held = limiter.acquire().await.expect("free");
    let patient = limiter.clone();
    let patient = rt.spawn(async move { patient.acquire().await.map(drop) });
    let impatient = limiter.clone().longest_wait(ms(20)).expect("a time");
    let start = rt.now();
    let late = impatient.acquire().await.map(drop);
    let Err(AcquireError::Elapsed(elapsed)) = late else { panic!("{late:?}") };
    assert_eq!(elapsed.limit(), ms(20));
    assert!(!elapsed.is_inherited() && rt.now() >= start + ms(20));
    drop(held);
    patient.await.expect("it ends").expect("its turn comes");
}

async fn a_deadline_ends_the_wait<R: Runtime>(rt: R) {
    let limiter = ConcurrencyLimiter::with_runtime(&rt, 3).expect("a limit");
    let held = limiter.acquire_many(2).await.expect("free");
    let heavy = rt.spawn({
        let (rt, limiter) = (rt.clone(), limiter.clone().longest_wait(LONG).expect("a time"));
        async move {
            // The task inherits the deadline, and ends by itself.
            let waits = async move { limiter.acquire_many(3).await.map(drop) };
            let ambient = Ambient::current().with_deadline(rt.now() + ms(20));
            ambient.enter(|| rt.spawn(waits)).await
        }
    });
    eventually(&rt, "it waits", || limiter.stats().waiting == 1).await;
    let light = rt.spawn({
        let limiter = limiter.clone();
        async move { limiter.acquire().await.map(drop) }
    });
    let told = heavy.await.expect("it ends").expect("it ends");
    let Err(AcquireError::Elapsed(elapsed)) = told else { panic!("{told:?}") };
    assert!(elapsed.is_inherited());
    // When the first has gone, the next is not in its way any more.
    light.await.expect("it ends").expect("one is free");
    drop(held);
}

async fn what_is_owned_goes_along<R: Runtime>(rt: R) {
    let limiter = ConcurrencyLimiter::with_runtime(&rt, 2).expect("a limit");
    let gate = Gate::default();
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let (limiter, gate, rt) = (limiter.clone(), gate.clone(), rt.clone());
            let spawner = rt.clone();
            spawner.spawn(async move {
                let permit = limiter.acquire_owned().await.expect("its turn comes");
                rt.spawn(async move {
                    gate.passed().await;
                    permit.weight()
                })
                .await
            })
        })
        .collect();
    eventually(&rt, "four wait", || limiter.stats().waiting == 4).await;
    gate.open();
    for task in tasks {
        assert_eq!(task.await.expect("it ends").expect("it ends"), 1);
    }
    assert_eq!((limiter.stats().in_use, limiter.stats().waiting), (0, 0));
}

/// Workers of all weights and patience, of which some are dropped, while the limit goes up and
/// down. More than the highest limit is never out, all that was out comes back, and whoever waits
/// is told.
#[test]
fn nothing_is_lost_or_made_wherever_they_are_dropped() {
    const MOST: u32 = 5;
    survives(|rt| async move {
        let limiter = ConcurrencyLimiter::with_runtime(&rt, 3).expect("a limit");
        let out = Arc::new(AtomicU64::new(0));
        let workers: Vec<_> = (0..6_u32)
            .map(|number| {
                let (rt, out) = (rt.clone(), Arc::clone(&out));
                let mut limiter = limiter.clone();
                if number % 3 == 1 {
                    limiter = limiter.longest_wait(ms(u64::from(number))).expect("a time");
                }
                let spawner = rt.clone();
                spawner.spawn_named(WORKER, async move {
                    for round in 0..2 {
                        let weight = 1 + (number + round) % 3;
                        match limiter.acquire_many(weight).await {
                            Ok(permit) => {
                                let used = Used::new(&out, weight);
                                rt.yield_now().await;
                                if number % 2 == 0 {
                                    rt.sleep(ms(u64::from(round + 1))).await;
                                }
                                drop((used, permit));
                            }
                            Err(AcquireError::Elapsed(_)) => assert_eq!(number % 3, 1),
                            Err(AcquireError::Weight(refused)) => assert!(weight > refused.most()),
                            Err(other) => panic!("{other}"),
                        }
                    }
                })
            })
            .collect();
        let sizer = rt.spawn({
            let (rt, limiter) = (rt.clone(), limiter.clone());
            async move {
                for _ in 0..4 {
                    let limit = 1 + u32::try_from(below(&rt, MOST as usize)).expect("small");
                    limiter.set_limit(limit).expect("a limit");
                    rt.sleep(ms(1)).await;
                }
                limiter.set_limit(MOST).expect("a limit");
            }
        });
        for worker in workers {
            done_or_dropped(worker.await);
        }
        sizer.await.expect("it ends");
        assert_eq!((limiter.stats().in_use, limiter.stats().waiting), (0, 0));
        drop(limiter.try_acquire_many(MOST).expect("all is free"));
    });

    struct Used(Arc<AtomicU64>, u32);

    impl Used {
        fn new(out: &Arc<AtomicU64>, weight: u32) -> Self {
            let now = out.fetch_add(weight.into(), Ordering::SeqCst) + u64::from(weight);
            assert!(now <= MOST.into(), "{now} are out");
            Self(Arc::clone(out), weight)
        }
    }

    impl Drop for Used {
        fn drop(&mut self) {
            self.0.fetch_sub(self.1.into(), Ordering::SeqCst);
        }
    }
}
