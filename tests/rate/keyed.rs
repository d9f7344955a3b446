//! Many keys: each has its rate, and memory follows those that are active.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use allocation_counter::measure;
use mtaio::limit::{AcquireError, KeyedRateLimiter, Rate, TryAcquireError, WeightError};
use mtaio::{Retryable, Runtime, RuntimeExt};
use mtaio_runtime::Ambient;
use mtaio_sim::Sim;

use crate::common::{WORKER, Wakes, done_or_dropped, on_every_runtime, poll_with, survives};
use crate::{at, limiter, ms, per_second};

fn keyed(rt: &Sim, rate: Rate, burst: u32) -> KeyedRateLimiter<u64, Sim> {
    KeyedRateLimiter::with_runtime(rt, rate, burst).expect("a burst")
}

/// Each key is held against a limiter of its own.
#[test]
fn a_key_is_as_good_as_a_limiter() {
    Sim::run(0, |rt| async move {
        for rate in [per_second(1_000_000_000), per_second(250), Rate::per_day(1).expect("a rate")]
        {
            let keyed = keyed(&rt, rate, 3);
            let mut single = HashMap::new();
            let mut now = rt.now();
            for step in 0..20_000_u64 {
                let bits = rt.entropy();
                let (key, weight) = (bits % 50, 1 + (bits >> 8) as u32 % 3);
                let own = single.entry(key).or_insert_with(|| limiter(&rt, rate, 3));
                let expected = own.try_acquire_many_at(weight, now);
                assert_eq!(
                    keyed.try_acquire_many_at(&key, weight, now),
                    expected,
                    "{rate}, {step}"
                );
                if expected.is_ok() && bits >> 60 == 0 {
                    keyed.refund(&key, weight);
                    own.refund(weight);
                }
                // Mostly a little, and now and then a long time.
                let most = if bits >> 54 == 1 { 1_000_000 } else { 1 };
                now += rate.period() * ((bits >> 16) as u32 % 4) * most / 8;
            }
            assert!(keyed.stats().keys <= 50);
        }
    });
}

#[test]
fn a_million_keys_take_forty_bytes_each_at_most() {
    const COUNT: u64 = 1_000_000;
    Sim::run(0, |rt| async move {
        let keyed = keyed(&rt, Rate::per_day(1).expect("a rate"), 1);
        let now = rt.now();
        let taken = measure(|| {
            for key in 0..COUNT {
                assert!(keyed.try_acquire_at(&key, now).is_ok());
            }
        });
        let beyond = taken.bytes_current as f64 / COUNT as f64 - size_of::<u64>() as f64;
        assert!(beyond <= 40.0, "{beyond} bytes a key");
        let stats = keyed.stats();
        assert_eq!(stats.keys as u64, COUNT);
        assert!(stats.bytes as i64 >= taken.bytes_current);

        // All but a hundredth of them are idle: what they took is given back, with nothing but
        // look-ups of those that are not.
        let later = now + Duration::from_secs(86_400);
        let live = COUNT / 100;
        let fresh =
            KeyedRateLimiter::<u64, _>::with_runtime(&rt, keyed.rate(), 1).expect("a burst");
        let needs = measure(|| {
            for key in 0..live {
                assert!(fresh.try_acquire_at(&key, later).is_ok());
            }
        });
        let given_back = measure(|| {
            for _ in 0..500 {
                for key in 0..live {
                    let _admitted_or_not = keyed.try_acquire_at(&key, later);
                }
            }
        });
        let left = taken.bytes_current + given_back.bytes_current;
        assert!(left <= 2 * needs.bytes_current, "{left} bytes where {} do", needs.bytes_current);
        assert_eq!(keyed.stats().keys as u64, live);
    });
}

/// New keys for ever, each of which is idle soon.
#[test]
fn keys_that_pass_by_leave_nothing() {
    Sim::run(0, |rt| async move {
        let keyed = keyed(&rt, per_second(1_000), 1);
        let mut now = rt.now();
        let mut most = 0;
        let grown = measure(|| {
            for key in 0..200_000_u64 {
                assert!(keyed.try_acquire_at(&key, now).is_ok());
                now += Duration::from_micros(10);
                most = most.max(keyed.stats().keys);
            }
        });
        // A hundred are active at any time, in sixteen parts with room for a few each.
        assert!(most <= 16 * 32, "{most} keys");
        assert!(grown.bytes_max <= 16 * 64 * 20, "{} bytes", grown.bytes_max);
    });
}

/// Keys that own something, looked up by what they lend.
#[test]
fn keys_are_cloned_once_and_dropped() {
    Sim::run(0, |rt| async move {
        let keyed = KeyedRateLimiter::<String>::new(&rt, per_second(10), 1).expect("a burst");
        let owned = measure(|| {
            assert!(keyed.try_acquire("ada").is_ok());
            assert!(keyed.try_acquire("ada").is_err());
            assert!(keyed.remove("ada") && !keyed.remove("ada"));
            assert!(keyed.try_acquire("ada").is_ok());
            keyed.clear();
            assert!(keyed.try_acquire("ada").is_ok());
            keyed.clear();
        });
        assert_eq!(owned.bytes_current, 0);
        for name in ["ada", "bob"] {
            assert!(keyed.try_acquire(name).is_ok());
        }
        for _ in 0..100 {
            rt.sleep(ms(100)).await;
            for number in 0..100 {
                assert!(keyed.try_acquire(&format!("passes by {number}")).is_ok());
            }
        }
        assert!(keyed.stats().keys < 1_000);
    });
}

#[test]
fn weights_and_settings_that_make_no_sense_are_refused() {
    Sim::run(0, |rt| async move {
        assert!(KeyedRateLimiter::<u8>::new(&rt, per_second(1), 0).is_err());
        let keyed = keyed(&rt, per_second(1), 3);
        for weight in [0, 4, u32::MAX] {
            let error = WeightError::new(weight, 3);
            assert_eq!(keyed.try_acquire_many(&1, weight), Err(TryAcquireError::Weight(error)));
        }
        assert_eq!(keyed.stats().keys, 0);
    });
}

/// Tasks on several threads share keys, and get no more than there is.
async fn no_token_is_made<R: Runtime>(rt: R) {
    let rate = Rate::per_day(1).expect("a rate");
    let keyed = KeyedRateLimiter::<u32>::new(&rt, rate, 5).expect("a burst");
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (rt, keyed) = (rt.clone(), keyed.clone());
            rt.clone().spawn(async move {
                let mut admitted = 0;
                for _ in 0..20 {
                    admitted += (0..30).filter(|key| keyed.try_acquire(key).is_ok()).count();
                    rt.yield_now().await;
                }
                admitted
            })
        })
        .collect();
    let mut admitted = 0;
    for task in tasks {
        admitted += task.await.expect("it does not panic");
    }
    assert_eq!(admitted, 5 * 30);
    let refused = keyed.try_acquire(&0).expect_err("it is used up");
    assert!(refused.retry_after().is_some_and(|after| after > ms(86_000_000)));
}

on_every_runtime!(seeds = 5; no_token_is_made, those_who_wait_get_no_more_than_comes);

async fn those_who_wait_get_no_more_than_comes<R: Runtime>(rt: R) {
    let keyed = KeyedRateLimiter::<String>::new(&rt, per_second(500), 2).expect("a burst");
    let start = rt.now();
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let keyed = keyed.clone();
            let key = if number % 2 == 0 { "ada" } else { "bob" };
            rt.spawn(async move { keyed.acquire(key).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("it does not panic"), Ok(()));
    }
    // Ten of each key, two of them at once.
    assert!(rt.now() - start >= ms(2) * 8, "{:?}", rt.now() - start);
    let refused = keyed.acquire_many("ada", 3).await;
    assert_eq!(refused, Err(WeightError::new(3, 2).into()));
}

#[test]
fn those_who_wait_for_a_key_are_admitted_one_after_the_other() {
    Sim::run(0, |rt| async move {
        let keyed = keyed(&rt, per_second(10), 2);
        let waits = (0..6).map(|_| async {
            keyed.acquire(&7).await.expect("there is no deadline");
            rt.now() - at(0)
        });
        let waited = futures_util::future::join_all(waits).await;
        assert_eq!(waited, [0, 0, 100, 200, 300, 400].map(ms));
        // Nothing is left over, and nothing is owed.
        assert_eq!(
            keyed.try_acquire(&7).map_err(|refused| refused.retry_after()),
            Err(Some(ms(100)))
        );
    });
}

#[test]
fn a_place_that_is_given_up_is_given_back_unless_others_came_since() {
    Sim::run(0, |rt| async move {
        let keyed = keyed(&rt, per_second(10), 1);
        let next = || keyed.try_acquire(&7).expect_err("it is used up").retry_after();
        keyed.try_acquire(&7).expect("it is full");
        let wakes = Wakes::new();
        let mut first = Box::pin(keyed.acquire(&7));
        assert!(poll_with(first.as_mut(), &wakes).is_pending());
        let mut second = Box::pin(keyed.acquire(&7));
        assert!(poll_with(second.as_mut(), &wakes).is_pending());
        assert_eq!(next(), Some(ms(300)));

        drop(second);
        assert_eq!(next(), Some(ms(200)));
        let mut second = Box::pin(keyed.acquire(&7));
        assert!(poll_with(second.as_mut(), &wakes).is_pending());
        drop(first);
        assert_eq!(next(), Some(ms(300)), "the second was told when it is due");
        second.await.expect("there is no deadline");
        assert_eq!(rt.now(), at(200));

        // What was admitted is not given back.
        assert_eq!(next(), Some(ms(100)));
    });
}

#[test]
fn a_wait_under_a_key_that_is_too_long_costs_nothing() {
    Sim::run(0, |rt| async move {
        let keyed = keyed(&rt, per_second(10), 1);
        keyed.try_acquire(&7).expect("it is full");
        let inherits = |millis| Ambient::empty().with_deadline(at(millis));
        let late = inherits(99).attach(keyed.acquire(&7)).await;
        assert!(matches!(late, Err(AcquireError::Elapsed(_))), "{late:?}");
        assert_eq!(rt.now(), at(0));
        assert_eq!(inherits(100).attach(keyed.acquire(&7)).await, Ok(()));
        assert_eq!(rt.now(), at(100));
    });
}

/// More than a burst is reserved when the time is counted from elsewhere: that is after a power of
/// two of nanoseconds, whichever it is.
#[test]
fn what_is_reserved_stays_so_when_the_base_moves() {
    for (rate, bits) in [per_second(1_000_000_000), per_second(1)]
        .into_iter()
        .flat_map(|rate| (30..56_u32).map(move |bits| (rate, bits)))
    {
        Sim::run(0, |rt| async move {
            let (keyed, period) = (keyed(&rt, rate, 1), rate.period());
            let Some(before) = Duration::from_nanos(1 << bits).checked_sub(period * 20) else {
                return;
            };
            rt.sleep(before).await;
            let start = rt.now();
            keyed.try_acquire(&7).expect("it is full");
            let waits = futures_util::future::join_all((1..=40).map(|_| keyed.acquire(&7)));
            let looks = async {
                for _ in 0..40 {
                    let refused = keyed.try_acquire(&7).expect_err("others wait");
                    let due = rt.now() + refused.retry_after().expect("it is known");
                    assert_eq!(due, start + period * 41, "{bits} bits");
                    rt.sleep(period).await;
                }
            };
            futures_util::future::join(waits, looks).await;
            assert_eq!(rt.now(), start + period * 40);
        });
    }
}

/// Whoever is dropped when, in no time is more admitted than may be.
#[test]
fn waits_that_are_given_up_make_no_token() {
    survives(|rt| async move {
        let keyed = keyed(&rt, per_second(100), 2);
        let admitted = Arc::new(Mutex::new(Vec::new()));
        let workers: Vec<_> = (0..4_u64)
            .map(|number| {
                let (rt, keyed) = (rt.clone(), keyed.clone());
                let admitted = Arc::clone(&admitted);
                rt.clone().spawn_named(WORKER, async move {
                    for turn in 0..4 {
                        if (turn + number) % 3 == 0 {
                            let wait = keyed.acquire(&7);
                            if mtaio::time::timeout(&rt, ms(15), wait).await.is_err() {
                                continue;
                            }
                        } else {
                            keyed.acquire_many(&7, 1).await.expect("there is no deadline");
                        }
                        admitted.lock().expect("nobody panics").push(rt.now());
                    }
                })
            })
            .collect();
        for worker in workers {
            done_or_dropped(worker.await);
        }
        let admitted = admitted.lock().expect("nobody panics");
        for (place, begin) in admitted.iter().enumerate() {
            for (more, end) in admitted[place..].iter().enumerate() {
                // A timer may fire late, and then what it admits comes nearer to the next.
                let most = 2 + (*end - *begin + ms(25)).as_millis() / 10;
                assert!(more as u128 <= most, "{more} in {:?}", *end - *begin);
            }
        }
    });
}
