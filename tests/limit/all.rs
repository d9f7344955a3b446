//! Several limiters at once: all or nothing, in any order, and everybody gets through.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mtaio::limit::{
    AcquireError, ConcurrencyLimiter, Limiter, Outcome, Permit, TryAcquireError, acquire_all,
};
use mtaio::time::timeout;
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::a_rate;
use crate::common::{
    WORKER, Wakes, block_on, done_or_dropped, ms, on_every_runtime, poll_with, survives, watched,
};

on_every_runtime!(seeds = 20; philosophers_in_any_order_all_eat);

fn forks<R: Runtime, const N: usize>(rt: &R) -> [ConcurrencyLimiter<R>; N] {
    [(); N].map(|()| ConcurrencyLimiter::with_runtime(rt, 1).expect("a limit"))
}

async fn philosophers_in_any_order_all_eat<R: Runtime>(rt: R) {
    let forks: [_; 5] = forks(&rt);
    let tasks: Vec<_> = (0..5)
        .map(|number| {
            let (rt, forks) = (rt.clone(), forks.clone());
            let spawner = rt.clone();
            spawner.spawn(async move {
                for round in 0..4 {
                    let (left, right) = (&forks[number], &forks[(number + 1) % 5]);
                    let both = acquire_all((left, right)).await.expect("its turn comes");
                    if round % 2 == 0 {
                        rt.yield_now().await;
                    }
                    drop(both);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it ends");
    }
    assert!(forks.iter().all(|fork| fork.stats().in_use == 0 && fork.stats().waiting == 0));
}

#[test]
fn all_or_nothing() {
    Sim::run(0, |rt| async move {
        let [one, other] = forks(&rt);
        let rate = a_rate(&rt, 10, 3);
        let wakes = Wakes::new();

        let held = other.try_acquire().expect("free");
        let mut waits = Box::pin(acquire_all((&one, (&rate, 3), &other)));
        assert!(poll_with(waits.as_mut(), &wakes).is_pending());
        // It waits for the one that is missing, and holds nothing of the others.
        drop(one.try_acquire().expect("free"));
        rate.try_acquire_many(3).expect("nothing is spent");
        rate.refund(3);
        drop(waits);

        let mut waits = Box::pin(acquire_all((&one, (&rate, 3), &other)));
        assert!(poll_with(waits.as_mut(), &wakes).is_pending());
        drop(held);
        assert!(poll_with(waits.as_mut(), &wakes).is_ready());
        assert_eq!([&one, &other].map(|fork| fork.stats().in_use), [0, 0]);
        assert!(rate.try_acquire().is_err(), "it was spent");

        let refused = acquire_all((&one, (&rate, 4))).await.map(drop);
        assert!(matches!(refused, Err(AcquireError::Weight(_))), "{refused:?}");
        assert_eq!(one.stats().in_use, 0);

        // What a rate had admitted before another refused goes back to it.
        rt.sleep(ms(300)).await;
        let refused = acquire_all(((&rate, 3), (&one, 2))).await.map(drop);
        assert!(matches!(refused, Err(AcquireError::Weight(_))), "{refused:?}");
        rate.try_acquire_many(3).expect("nothing is spent");
    });
}

/// Each limiter has a line that never ends, so that what is tried is always refused: the one who
/// wants both gets them by holding one while he waits for the other.
#[test]
fn who_wants_several_is_not_starved_by_those_who_want_one() {
    survives(|rt| async move {
        let limiters: [_; 3] = forks(&rt);
        let is_done = Arc::new(AtomicBool::new(false));
        let mut crowd = Vec::new();
        for limiter in limiters.iter().flat_map(|limiter| [limiter; 3]) {
            let (rt, limiter, is_done) = (rt.clone(), limiter.clone(), Arc::clone(&is_done));
            let spawner = rt.clone();
            crowd.push(spawner.spawn(async move {
                while !is_done.load(Ordering::SeqCst) {
                    let permit = limiter.acquire().await.expect("its turn comes");
                    rt.sleep(ms(1)).await;
                    drop(permit);
                }
            }));
        }
        rt.sleep(ms(2)).await;
        let through = Arc::new(AtomicUsize::new(0));
        let orders = [[0, 1, 2], [2, 0, 1], [1, 2, 0]];
        let workers = orders.map(|[a, b, c]| {
            let (limiters, through) = (limiters.clone(), Arc::clone(&through));
            rt.spawn_named(WORKER, async move {
                let all = acquire_all((&limiters[a], &limiters[b], &limiters[c])).await;
                through.fetch_add(1, Ordering::SeqCst);
                drop(all.expect("its turn comes"));
            })
        });
        for worker in workers {
            done_or_dropped(worker.await);
        }
        is_done.store(true, Ordering::SeqCst);
        for task in crowd {
            task.await.expect("it ends");
        }
        let stats = limiters.each_ref().map(|limiter| limiter.stats());
        assert!(stats.iter().all(|stats| (stats.in_use, stats.waiting) == (0, 0)));
        assert!(through.load(Ordering::SeqCst) <= 3);
    });
}

/// A limiter of a user's, without a rank.
struct Plain(ConcurrencyLimiter<Sim>);

impl Limiter for Plain {
    type Permit<'a> = Permit<'a, Sim>;

    fn try_acquire_many(&self, weight: u32) -> Result<Permit<'_, Sim>, TryAcquireError> {
        self.0.try_acquire_many(weight)
    }

    async fn acquire_many(&self, weight: u32) -> Result<Permit<'_, Sim>, AcquireError> {
        self.0.acquire_many(weight).await
    }

    fn refund(&self, permit: Permit<'_, Sim>, _weight: u32) {
        drop(permit);
    }

    fn complete(&self, permit: Permit<'_, Sim>, _outcome: Outcome) {
        drop(permit);
    }
}

#[test]
fn limiters_without_a_rank_are_never_held() {
    survives(|rt| async move {
        let plain = Arc::new(forks::<_, 3>(&rt).map(Plain));
        let workers: Vec<_> = (0..4)
            .map(|number| {
                let (rt, plain) = (rt.clone(), Arc::clone(&plain));
                let spawner = rt.clone();
                spawner.spawn_named(WORKER, async move {
                    let [a, b, c] = [0, 1, 2].map(|index| &plain[(index + number) % 3]);
                    let ranked = if number == 0 { &plain[0].0 } else { &plain[number - 1].0 };
                    let all = match number {
                        0 => acquire_all((a, b)).await.map(drop),
                        3 => acquire_all((ranked, b)).await.map(drop),
                        _ => {
                            let all = acquire_all((a, b, c)).await;
                            rt.sleep(ms(1)).await;
                            all.map(drop)
                        }
                    };
                    all.expect("its turn comes");
                })
            })
            .collect();
        for worker in workers {
            done_or_dropped(worker.await);
        }
        assert!(plain.iter().all(|plain| plain.0.stats().in_use == 0));
    });
}

/// Threads that meet in the middle of each other's tries, in all orders.
#[test]
fn threads_in_any_order_all_get_through() {
    watched("threads", || {
        let limiters: [_; 3] = forks(&mtaio_smol::Smol::global());
        let out = AtomicUsize::new(0);
        let orders = [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1]];
        std::thread::scope(|scope| {
            for [a, b, c] in orders {
                let (limiters, out) = (&limiters, &out);
                scope.spawn(move || {
                    for _ in 0..1_000 {
                        let set = (&limiters[a], &limiters[b], &limiters[c]);
                        let all = block_on(acquire_all(set)).expect("its turn comes");
                        assert_eq!(out.fetch_add(1, Ordering::SeqCst), 0);
                        out.fetch_sub(1, Ordering::SeqCst);
                        drop(all);
                    }
                });
            }
        });
    });
}

/// Also where one that comes before it would have to be waited for.
#[test]
fn what_one_of_them_never_admits_is_refused_at_once() {
    Sim::run(0, |rt| async move {
        let [fork] = forks(&rt);
        let rate = a_rate(&rt, 10, 5);
        let taken = fork.acquire().await.expect("nobody else is there");
        let refused = timeout(&rt, ms(50), acquire_all((&fork, (&rate, 6)))).await;
        assert!(matches!(refused, Ok(Err(AcquireError::Weight(_)))), "{:?}", refused.err());
        assert_eq!(rate.stats().available, 5, "what was tried is given back");

        // What can be admitted is waited for, with nothing in hand.
        let mut waits = Box::pin(acquire_all((&fork, (&rate, 5))));
        assert!(poll_with(waits.as_mut(), &Wakes::new()).is_pending());
        assert_eq!(rate.stats().available, 5);
        drop(taken);
        assert!(waits.await.is_ok());
    });
}

/// Who names one limiter twice, and it has never enough for both, would wait for himself.
#[test]
fn one_limiter_named_twice_is_refused_where_it_has_too_little() {
    Sim::run(0, |rt| async move {
        let [one, other] = forks(&rt);
        let few = ConcurrencyLimiter::with_runtime(&rt, 3).expect("a limit");
        let clone = one.clone();
        let refused = acquire_all((&one, &other, &clone)).await.map(drop);
        assert_eq!(refused, Err(mtaio::limit::WeightError::new(2, 1).into()));
        let refused = acquire_all(((&few, 2), &one, (&few, 2))).await.map(drop);
        assert_eq!(refused, Err(mtaio::limit::WeightError::new(4, 3).into()));
        assert_eq!([&one, &other, &few].map(|limiter| limiter.stats().in_use), [0, 0, 0]);

        // Enough for both, though not at the moment.
        let held = few.try_acquire().expect("free");
        let mut waits = Box::pin(acquire_all(((&few, 2), &one, &few)));
        let wakes = Wakes::new();
        assert!(poll_with(waits.as_mut(), &wakes).is_pending());
        drop(held);
        assert!(poll_with(waits.as_mut(), &wakes).is_ready());
    });
}
