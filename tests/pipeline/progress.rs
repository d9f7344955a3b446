//! What is on its way goes on while a stage, or who takes what comes out, waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::stream;
use mtaio::limit::ConcurrencyLimiter;
use mtaio::pipeline::{Parallel, pipeline};
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::{Explore, Sim};

use crate::common::ms;

#[test]
fn forty_items_of_50_ms_with_a_body_of_50_ms() {
    Sim::explore(Explore::new().seeds(0..20), |rt| async move {
        let clock = rt.clone();
        let slow = async move |n: u32| {
            clock.sleep(ms(50)).await;
            Ok::<_, String>(n)
        };
        let pipeline = pipeline::<String>()
            .map_async(Parallel::ordered(10), slow)
            .build()
            .expect("it is fine");
        let begun = rt.now();
        let body = async |_: u32| rt.sleep(ms(50)).await;
        let report = pipeline.run(&rt, stream::iter(0..40)).for_each(body).await;
        assert_eq!(report.delivered, 40);
        assert!(rt.now() - begun <= ms(2_060), "{:?}", rt.now() - begun);
    });
}

#[test]
fn a_later_stage_that_waits_does_not_hold_up_those_before_it() {
    Sim::explore(Explore::new().seeds(0..20), |rt| async move {
        let steps = Arc::new(AtomicU64::new(0));
        let (clock, counted) = (rt.clone(), Arc::clone(&steps));
        let ticking = async move |n: u32| {
            for _ in 0..1_000 {
                clock.sleep(ms(1)).await;
                counted.fetch_add(1, Ordering::SeqCst);
            }
            Ok::<_, String>(n)
        };
        let clock = rt.clone();
        let waiting = async move |n: u32| {
            clock.sleep(ms(500)).await;
            Ok::<_, String>(n)
        };
        let pipeline = pipeline::<String>()
            .filter_map(|n: u32| Some(n))
            .map_async(Parallel::unordered(5), async move |n: u32| {
                // The first is quick, so that the stage behind has something to wait with.
                if n == 0 { Ok(n) } else { ticking(n).await }
            })
            .then(waiting)
            .build()
            .expect("it is fine");
        let run = pipeline.run(&rt, stream::iter(0..5)).within(ms(10_000));
        let watcher = rt.spawn({
            let (rt, steps) = (rt.clone(), Arc::clone(&steps));
            async move {
                rt.sleep(ms(490)).await;
                steps.load(Ordering::SeqCst)
            }
        });
        let report = run.await;
        assert_eq!(report.delivered, 5);
        let seen = watcher.await.expect("it ends");
        assert!(seen >= 4 * 490 * 95 / 100, "{seen} steps in 490 ms");
    });
}

#[test]
fn a_body_that_needs_what_a_stage_holds_gets_it() {
    Sim::explore(Explore::new().seeds(0..50), |rt| async move {
        let one = ConcurrencyLimiter::new(&rt, 1).expect("one");
        let (clock, held) = (rt.clone(), one.clone());
        let stage = async move |n: u32| {
            let _permit = held.acquire().await.expect("it waits");
            clock.sleep(ms(5)).await;
            Ok::<_, String>(n)
        };
        let pipeline = pipeline::<String>()
            .map_async(Parallel::unordered(4), stage.clone())
            .then(stage)
            .build()
            .expect("it is fine");
        let body = async |_: u32| drop(one.acquire().await.expect("it gets it"));
        let report = pipeline.run(&rt, stream::iter(0..20)).for_each(body).await;
        assert_eq!(report.delivered, 20);
    });
}

/// Steps that calls take, and how many there were when the first item had waited.
#[derive(Default)]
struct Steps {
    taken: AtomicU64,
    seen: AtomicU64,
}

impl Steps {
    /// One a millisecond, for a second.
    async fn take<R: Runtime>(&self, rt: &R) {
        for _ in 0..1_000 {
            rt.sleep(ms(1)).await;
            self.taken.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Waits for half a second with an item, and looks when it is the first.
    async fn wait<R: Runtime>(&self, rt: &R, n: u32) -> Result<u32, String> {
        rt.sleep(ms(500)).await;
        if n == 0 {
            self.seen.store(self.taken.load(Ordering::SeqCst), Ordering::SeqCst);
        }
        Ok(n)
    }

    /// Four calls went on nearly all the time.
    fn check(&self) {
        let seen = self.seen.load(Ordering::SeqCst);
        assert!(seen >= 4 * 500 * 95 / 100, "{seen} steps in 500 ms");
    }
}

/// A stage with as many calls as it may have takes nothing, and those before it go on all the same.
#[test]
fn a_full_stage_does_not_hold_up_those_before_it() {
    Sim::explore(Explore::new().seeds(0..20), |rt| async move {
        let steps = Arc::new(Steps::default());
        let (clock, counted) = (rt.clone(), Arc::clone(&steps));
        let ticking = async move |n: u32| {
            if n > 0 {
                counted.take(&clock).await;
            }
            Ok::<_, String>(n)
        };
        let (clock, counted) = (rt.clone(), Arc::clone(&steps));
        let pipeline = pipeline::<String>()
            .map_async(Parallel::unordered(5), ticking)
            .map_async(Parallel::ordered(1), async move |n: u32| counted.wait(&clock, n).await)
            .build()
            .expect("it is fine");
        let report = pipeline.run(&rt, stream::iter(0..5)).await;
        assert_eq!(report.delivered, 5);
        steps.check();
    });
}

/// One that is full, and whose result nobody takes yet, does not do so either.
#[test]
fn a_full_stage_before_one_that_waits_does_not_hold_up_those_before_it() {
    Sim::explore(Explore::new().seeds(0..20), |rt| async move {
        let steps = Arc::new(Steps::default());
        let (clock, counted) = (rt.clone(), Arc::clone(&steps));
        let ticking = async move |n: u32| {
            if n > 2 {
                counted.take(&clock).await;
            }
            Ok::<_, String>(n)
        };
        let (clock, counted) = (rt.clone(), Arc::clone(&steps));
        let pipeline = pipeline::<String>()
            .map_async(Parallel::unordered(7), ticking)
            .map_async(Parallel::ordered(1), async |n: u32| Ok::<_, String>(n))
            .then(async move |n: u32| counted.wait(&clock, n).await)
            .build()
            .expect("it is fine");
        let report = pipeline.run(&rt, stream::iter(0..7)).await;
        assert_eq!(report.delivered, 7);
        steps.check();
    });
}
