//! Rates that follow the load.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mtaio::limit::{AdaptiveRateLimiter, Rate, RateRule};
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::common::{WORKER, done_or_dropped, on_every_runtime, survives, watched};
use crate::{at, ms, per_second};

type Adaptive<R> = AdaptiveRateLimiter<String, R>;

fn adaptive<R: Runtime>(rt: &R) -> Adaptive<R> {
    let limiter = Adaptive::with_runtime(rt).initial(per_second(100)).expect("within the range");
    limiter.between(per_second(50), per_second(200)).expect("a range")
}

fn hertz<R: Runtime>(limiter: &Adaptive<R>, id: &str, load: f64) -> f64 {
    (limiter.adjust_rate(id, load).expect("a load").to_hertz() * 1e3).round() / 1e3
}

#[test]
fn the_guides_rule() {
    Sim::run(0, |rt| async move {
        let limiter = adaptive(&rt);
        assert_eq!(limiter.rate("database"), per_second(100));
        // The borders belong to the middle.
        let steps = [(0.5, 100.0), (0.9, 100.0), (0.91, 80.0), (0.49, 96.0), (2.0, 76.8)];
        for (load, rate) in steps {
            assert_eq!(hertz(&limiter, "database", load), rate);
            let part = if load > 0.8 { 0.5 } else { 1.0 };
            assert_eq!(limiter.stats().part, part);
            let granted = limiter.resource("database").rate().to_hertz();
            assert!((granted - rate * part).abs() < 1e-3, "{granted} at {load}");
        }
        // Within the range, however often.
        for _ in 0..20 {
            hertz(&limiter, "database", 1.0);
        }
        assert_eq!(limiter.rate("database"), per_second(50));
        for _ in 0..20 {
            hertz(&limiter, "database", 0.0);
        }
        assert_eq!(limiter.rate("database"), per_second(200));
        assert_eq!(limiter.rate("mail"), per_second(100), "each has its own");
        assert_eq!(AdaptiveRateLimiter::<String>::new(&rt).rate("x"), per_second(1));
    });
}

#[test]
fn a_load_counts_for_all_also_those_to_come() {
    Sim::run(0, |rt| async move {
        let limiter = adaptive(&rt);
        limiter.try_acquire("mail").expect("it is full");
        hertz(&limiter, "database", 0.85);
        for id in ["database", "mail", "new"] {
            assert_eq!(limiter.resource(id).rate(), per_second(50), "{id}");
        }
        // Who waits is let in sooner when the load is gone.
        let waits = rt.spawn({
            let limiter = limiter.clone();
            async move { limiter.acquire("mail").await }
        });
        rt.sleep(ms(10)).await;
        hertz(&limiter, "database", 0.6);
        assert!(matches!(waits.await, Ok(Ok(()))));
        assert_eq!(rt.now(), at(15));
    });
}

#[test]
fn aimd() {
    Sim::run(0, |rt| async move {
        let limiter = adaptive(&rt).rule(RateRule::aimd(per_second(5))).expect("a rule");
        let rates = [0.1, 0.8, 0.81, 0.5].map(|load| hertz(&limiter, "database", load));
        assert_eq!(rates, [105.0, 110.0, 55.0, 60.0]);
        assert_eq!(limiter.stats().part, 1.0);
    });
}

#[test]
fn what_makes_no_sense_is_refused() {
    Sim::run(0, |rt| async move {
        let limiter = || adaptive(&rt);
        for load in [f64::NAN, -0.1, f64::INFINITY] {
            let refused = limiter().adjust_rate("x", load).unwrap_err();
            assert_eq!((refused.field(), refused.value()), ("load", load.to_string().as_str()));
        }
        let field = |refused: Result<Adaptive<Sim>, mtaio::ConfigError>| {
            refused.map(drop).unwrap_err().field()
        };
        assert_eq!(field(limiter().initial(per_second(10))), "initial");
        assert_eq!(field(limiter().between(per_second(2), per_second(1))), "min");
        assert_eq!(field(limiter().between(per_second(1), per_second(2))), "initial");
        assert_eq!(field(limiter().burst(0)), "burst");
        assert_eq!(field(limiter().most_resources(0)), "most_resources");
        let increase = per_second(1);
        for (threshold, factor, name) in [
            (f64::NAN, 0.5, "threshold"),
            (0.0, 0.5, "threshold"),
            (0.8, f64::NAN, "factor"),
            (0.8, 1.0, "factor"),
        ] {
            let rule = RateRule::Aimd { threshold, increase, factor };
            assert_eq!(field(limiter().rule(rule)), name);
        }
        let slow = Rate::new(1, std::time::Duration::from_secs(1 << 31)).expect("a rate");
        let wide = limiter().between(slow, per_second(200)).expect("68 years each");
        // At half of that rate it would be more than 100 years.
        assert_eq!(field(wide.burst(1).and_then(|wide| wide.burst(2))), "burst");
    });
}

#[test]
fn resources_do_not_pile_up() {
    Sim::run(0, |rt| async move {
        let limiter = adaptive(&rt).most_resources(10).expect("some");
        for number in 0..1_000 {
            limiter.try_acquire("stays").ok();
            limiter.try_acquire(&format!("{number}")).expect("it is full");
            assert!(limiter.stats().resources <= 10);
        }
        hertz(&limiter, "stays", 0.0);
        assert!(limiter.try_acquire("999").is_err(), "it is known");
        assert!(limiter.try_acquire("1").is_ok(), "it is not");
        assert!(limiter.remove("stays") && !limiter.remove("stays"));
        assert_eq!(limiter.rate("stays"), per_second(100));
    });
}

/// All are the same. To clone one makes it known, and to drop one asks for its rate.
struct Sly {
    is_known: Arc<AtomicBool>,
    limiter: AdaptiveRateLimiter<Self, Sim>,
}

impl Clone for Sly {
    fn clone(&self) -> Self {
        if !self.is_known.swap(true, Ordering::SeqCst) {
            self.limiter.resource(self);
        }
        Self { is_known: Arc::clone(&self.is_known), limiter: self.limiter.clone() }
    }
}

impl PartialEq for Sly {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Sly {}

impl Hash for Sly {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

impl Drop for Sly {
    fn drop(&mut self) {
        self.limiter.rate(self);
    }
}

#[test]
fn a_key_that_is_not_needed_is_dropped_without_the_lock() {
    watched("a_key_that_is_not_needed", || {
        Sim::run(0, |rt| async move {
            let limiter = AdaptiveRateLimiter::<Sly, Sim>::with_runtime(&rt);
            let key = Sly { is_known: Arc::default(), limiter: limiter.clone() };
            limiter.try_acquire(&key).expect("it is full");
            assert_eq!(limiter.stats().resources, 1);
            assert!(limiter.remove(&key));
        });
    });
}

#[test]
fn no_one_is_left_waiting() {
    survives(|rt| async move {
        let limiter = adaptive(&rt);
        let workers: Vec<_> = (0..4_u64)
            .map(|number| {
                let (rt, limiter) = (rt.clone(), limiter.clone());
                rt.clone().spawn_named(WORKER, async move {
                    let id = if number % 2 == 0 { "even" } else { "odd" };
                    for load in [0.95, 0.1, 0.85] {
                        limiter.acquire(id).await.expect("there is no deadline");
                        limiter.adjust_rate(id, load).expect("a load");
                        rt.sleep(ms(number)).await;
                    }
                })
            })
            .collect();
        for worker in workers {
            done_or_dropped(worker.await);
        }
        let part = limiter.stats().part;
        for id in ["even", "odd"] {
            let (rate, granted) = (limiter.rate(id), limiter.resource(id).rate());
            assert!((rate.to_hertz() * part - granted.to_hertz()).abs() < 1e-3);
        }
        assert_eq!(limiter.stats().waiting, 0);
    });
}

async fn works_everywhere<R: Runtime>(rt: R) {
    let limiter = AdaptiveRateLimiter::<u32>::new(&rt).initial(per_second(2_000)).expect("a rate");
    for load in [0.95, 0.2, 0.85, 0.5] {
        for id in 0..3 {
            limiter.acquire(&id).await.expect("there is no deadline");
            limiter.adjust_rate(&id, load).expect("a load");
        }
    }
    assert_eq!(limiter.stats().resources, 3);
}

on_every_runtime!(seeds = 10; works_everywhere);
