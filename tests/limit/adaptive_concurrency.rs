//! The limit that is found, in front of a simulated server: so many at once, a line before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mtaio::ConfigError;
use mtaio::limit::{
    AcquireError, Adaptation, AdaptiveConcurrency, ConcurrencyLimiter, Limiter, LimiterExt, Outcome,
};
use mtaio::{Instant, Runtime, RuntimeExt};
use mtaio_sim::{Explore, Sim};

use crate::below;
use crate::common::{WORKER, done_or_dropped, ms, survives};

/// A server that works on `capacity` requests at once, for 20 ms each, more or less.
#[derive(Clone)]
struct Server {
    rt: Sim,
    slots: ConcurrencyLimiter<Sim>,
    /// How long one takes, in microseconds.
    work: Arc<std::sync::atomic::AtomicU64>,
}

impl Server {
    fn new(rt: &Sim, capacity: u32) -> Self {
        let slots = ConcurrencyLimiter::with_runtime(rt, capacity).expect("a capacity");
        Self { rt: rt.clone(), slots, work: Arc::new(20_000.into()) }
    }

    async fn call(&self) {
        let _slot = self.slots.acquire().await.expect("its turn comes");
        let work = self.work.load(Ordering::SeqCst);
        let varied = work * 8 / 10 + below(&self.rt, work as usize * 4 / 10) as u64;
        self.rt.sleep(Duration::from_micros(varied)).await;
    }
}

/// Requests that come three times as fast as the server can work, whatever becomes of them.
fn overload(
    rt: &Sim,
    limiter: &AdaptiveConcurrency<Sim>,
    server: &Server,
) -> (Arc<AtomicBool>, mtaio::Task<()>) {
    let is_over = Arc::new(AtomicBool::new(false));
    let interval = Duration::from_millis(20) / (3 * server.slots.limit());
    let arrivals = {
        let (rt, is_over) = (rt.clone(), Arc::clone(&is_over));
        let (limiter, server) = (limiter.clone().waiting_room(20), server.clone());
        async move {
            while !is_over.load(Ordering::SeqCst) {
                let (limiter, server) = (limiter.clone(), server.clone());
                rt.spawn(async move {
                    let answer = limiter.run(server.call()).await;
                    assert!(matches!(answer, Ok(()) | Err(AcquireError::Full { .. })));
                })
                .detach();
                rt.sleep(interval).await;
            }
        }
    };
    (is_over, rt.spawn(arrivals))
}

/// The mean of the limit, and its least and most, over a second.
async fn limits(rt: &Sim, limiter: &AdaptiveConcurrency<Sim>) -> (f64, u32, u32) {
    let (mut sum, mut least, mut most) = (0, u32::MAX, 0);
    for _ in 0..100 {
        rt.sleep(ms(10)).await;
        let limit = limiter.limit();
        sum += limit;
        (least, most) = (least.min(limit), most.max(limit));
    }
    (f64::from(sum) / 100.0, least, most)
}

#[track_caller]
fn is_near((mean, least, most): (f64, u32, u32), optimum: u32) {
    let near = |limit: f64| (0.8..=1.3).contains(&(limit / f64::from(optimum)));
    assert!(near(mean), "{mean} ({least} to {most}) of {optimum}");
}

/// At three times the load it has found the capacity after 5 seconds, from below and from above,
/// and again 5 seconds after the capacity was halved, and doubled again.
#[test]
fn it_finds_the_capacity_and_follows_it() {
    for (start, seeds) in [(4, 0..3), (200, 3..6)] {
        Sim::explore(
            Explore::new().seeds(seeds).max_polls(20_000_000).run_twice(1_000),
            move |rt| async move {
                let settings = Adaptation::new().start(start);
                let limiter = AdaptiveConcurrency::with_runtime(&rt, settings).expect("settings");
                let server = Server::new(&rt, 32);
                let (is_over, arrivals) = overload(&rt, &limiter, &server);
                for capacity in [32, 16, 32] {
                    server.slots.set_limit(capacity).expect("a capacity");
                    rt.sleep(ms(5_000)).await;
                    is_near(limits(&rt, &limiter).await, capacity);
                }
                is_over.store(true, Ordering::SeqCst);
                arrivals.await.expect("it ends");
                rt.sleep(ms(1_000)).await;
                assert_eq!(limiter.stats().concurrency.in_use, 0);
            },
        );
    }
}

/// The same number at once, each of which takes twice as long: that is no queue of ours.
#[test]
fn slower_work_is_not_taken_for_load() {
    Sim::explore(
        Explore::new().seeds(0..3).max_polls(20_000_000).run_twice(1_000),
        |rt| async move {
            let limiter =
                AdaptiveConcurrency::with_runtime(&rt, Adaptation::new()).expect("settings");
            let server = Server::new(&rt, 32);
            let (is_over, arrivals) = overload(&rt, &limiter, &server);
            rt.sleep(ms(5_000)).await;
            server.work.store(40_000, Ordering::SeqCst);
            rt.sleep(ms(5_000)).await;
            is_near(limits(&rt, &limiter).await, 32);
            let latency = limiter.stats().latency.expect("it is known");
            assert!((ms(32)..ms(50)).contains(&latency), "{latency:?}");
            is_over.store(true, Ordering::SeqCst);
            arrivals.await.expect("it ends");
            rt.sleep(ms(1_000)).await;
        },
    );
}

#[derive(Clone, Copy)]
enum Told {
    Overload,
    Ignored,
    Dropped,
}

/// Whatever it is told of work that is never done in time, the limit does not rise by it.
#[test]
fn constant_timeouts_never_raise_the_limit() {
    for told in [Told::Overload, Told::Ignored, Told::Dropped] {
        Sim::run(0, |rt| async move {
            let settings = Adaptation::new().range(2..=100).start(10);
            let limiter = AdaptiveConcurrency::with_runtime(&rt, settings).expect("settings");
            let tasks = [(); 40].map(|()| {
                let (rt, limiter) = (rt.clone(), limiter.clone());
                let spawner = rt.clone();
                spawner.spawn(async move {
                    for _ in 0..20 {
                        let permit = limiter.acquire().await.expect("its turn comes");
                        rt.sleep(ms(100)).await;
                        match told {
                            Told::Overload => limiter.complete(permit, Outcome::Overload),
                            Told::Ignored => limiter.complete(permit, Outcome::Ignore),
                            Told::Dropped => drop(permit),
                        }
                    }
                })
            });
            let mut last = limiter.limit();
            for _ in 0..500 {
                rt.sleep(ms(10)).await;
                let limit = limiter.limit();
                assert!(limit <= last, "{last} became {limit}");
                last = limit;
            }
            assert_eq!(last, if matches!(told, Told::Overload) { 2 } else { 10 });
            assert_eq!(limiter.stats().raised, 0);
            for task in tasks {
                task.await.expect("it ends");
            }
        });
    }
}

#[test]
fn a_limit_that_is_not_used_stays() {
    Sim::run(0, |rt| async move {
        let settings = Adaptation::new().start(20);
        let limiter = AdaptiveConcurrency::with_runtime(&rt, settings).expect("settings");
        for _ in 0..500 {
            limiter.run(rt.sleep(ms(1))).await.expect("it is free");
        }
        assert_eq!((limiter.limit(), limiter.stats().raised), (20, 0));
        assert_eq!(limiter.stats().latency, Some(ms(1)));
    });
}

#[test]
fn few_failures_don_t_count_and_many_do_at_once() {
    Sim::run(0, |rt| async move {
        let settings = Adaptation::new().start(100);
        let limiter = AdaptiveConcurrency::with_runtime(&rt, settings).expect("settings");
        for number in 1..=200 {
            let outcome = if number % 20 == 0 { Outcome::Overload } else { Outcome::Success };
            limiter.run_judged(|()| outcome, async {}).await.expect("it is free");
        }
        assert_eq!((limiter.limit(), limiter.stats().lowered), (100, 0));
        for number in 1..=6 {
            assert_eq!(limiter.limit(), 100, "after {number}");
            limiter.run_judged(|()| Outcome::Overload, async {}).await.expect("it is free");
        }
        assert_eq!((limiter.limit(), limiter.stats().lowered), (80, 1));
    });
}

#[test]
fn what_began_under_another_limit_tells_nothing_of_this_one() {
    Sim::run(0, |rt| async move {
        let settings = Adaptation::new().start(10);
        let limiter = AdaptiveConcurrency::with_runtime(&rt, settings).expect("settings");
        let mut permits: Vec<_> =
            (0..10).map(|_| limiter.try_acquire().expect("it is free")).collect();
        rt.sleep(ms(5)).await;
        for permit in permits.drain(..) {
            limiter.complete(permit, Outcome::Overload);
        }
        assert_eq!((limiter.limit(), limiter.stats().lowered), (8, 1), "once for all of them");
    });
}

#[test]
fn the_heavy_are_admitted_when_nobody_else_is() {
    Sim::run(0, |rt| async move {
        let settings = Adaptation::new().range(1..=8).start(3);
        let limiter = AdaptiveConcurrency::with_runtime(&rt, settings).expect("settings");
        assert!(limiter.try_acquire_many(9).is_err());
        let light = limiter.try_acquire().expect("it is free");
        assert!(limiter.try_acquire_many(5).is_err());
        drop(light);
        let heavy = limiter.acquire_many(5).await.expect("nobody else is there");
        assert_eq!(heavy.weight(), 5);
        assert!(limiter.try_acquire().is_err());
        limiter.refund(heavy, 5);
        assert_eq!(limiter.stats().concurrency.in_use, 0);
    });
}

#[test]
fn nothing_is_lost_wherever_they_are_dropped() {
    survives(|rt| async move {
        let settings = Adaptation::new().range(1..=6).start(2);
        let limiter = AdaptiveConcurrency::with_runtime(&rt, settings).expect("settings");
        let workers: Vec<_> = (0..4_u64)
            .map(|number| {
                let (rt, limiter) = (rt.clone(), limiter.clone());
                let spawner = rt.clone();
                spawner.spawn_named(WORKER, async move {
                    for round in 0..4 {
                        let outcome =
                            if round == number { Outcome::Overload } else { Outcome::Success };
                        let run = limiter.run_judged(|()| outcome, rt.sleep(ms(number)));
                        run.await.expect("its turn comes");
                    }
                })
            })
            .collect();
        for worker in workers {
            done_or_dropped(worker.await);
        }
        let stats = limiter.stats().concurrency;
        assert_eq!((stats.in_use, stats.waiting), (0, 0));
        assert_eq!(stats.limit, limiter.limit(), "what it found is what holds");
        assert!(Instant::ZERO <= rt.now());
    });
}

#[test]
fn mistakes_are_refused_by_name() {
    #[expect(clippy::reversed_empty_ranges, reason = "the mistake that is meant")]
    let mistakes = [
        (Adaptation::new().range(0..=5), "range", "0..=5"),
        (Adaptation::new().range(6..=5), "range", "6..=5"),
        (Adaptation::new().start(0), "start", "0"),
        (Adaptation::new().tolerance(1.0), "tolerance", "1"),
        (Adaptation::new().tolerance(-2.0), "tolerance", "-2"),
        (Adaptation::new().tolerance(f64::NAN), "tolerance", "NaN"),
        (Adaptation::new().tolerance(f64::INFINITY), "tolerance", "inf"),
    ];
    Sim::run(0, |rt| async move {
        for (settings, field, value) in mistakes {
            let built = AdaptiveConcurrency::new(&rt, settings).map(drop);
            let refused: ConfigError = built.expect_err("it is a mistake");
            assert_eq!((refused.field(), refused.value()), (field, value));
        }
    });
}
