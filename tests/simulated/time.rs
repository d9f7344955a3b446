//! Time: no tick is early or lost, a timeout is right about which was first, no timer stays.

use std::sync::{Arc, Mutex, PoisonError};

use mtaio::time::{
    Deadline, Interval, MissedTick, Step, TimeoutGroup, cascade, interval, sleep, timeout,
};
use mtaio::{Instant, Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::common::{Census, WORKER, done_or_dropped, ms, survives};

#[test]
fn a_timeout_knows_which_was_first() {
    survives(|rt| async move {
        let census = Census::default();
        let workers: Vec<_> = (0..6_u64)
            .map(|time| {
                let (rt, census) = (rt.clone(), census.clone());
                rt.clone().spawn_named(WORKER, async move {
                    let begun = rt.now();
                    let work = async {
                        let _alive = census.enter();
                        rt.yield_now().await;
                        rt.sleep(ms(time)).await;
                        time
                    };
                    match timeout(&rt, ms(3), work).await {
                        Ok(slept) => {
                            assert_eq!(slept, time);
                            assert!(rt.now() >= begun + ms(time));
                        }
                        Err(elapsed) => {
                            assert_eq!(elapsed.limit(), ms(3));
                            assert!(rt.now() >= begun + ms(3));
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            done_or_dropped(worker.await);
        }
        assert_eq!(census.now(), 0);
    });
}

/// An interval that is handed on when who ticks with it is dropped.
struct Borrowed {
    ticks: Option<Interval<Sim>>,
    from: Arc<Mutex<Option<Interval<Sim>>>>,
}

impl Borrowed {
    fn new(from: &Arc<Mutex<Option<Interval<Sim>>>>) -> Self {
        let ticks = from.lock().unwrap_or_else(PoisonError::into_inner).take();
        Self { ticks, from: Arc::clone(from) }
    }

    async fn tick(&mut self) -> Instant {
        self.ticks.as_mut().expect("it is nobody else's").tick().await
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        *self.from.lock().unwrap_or_else(PoisonError::into_inner) = self.ticks.take();
    }
}

/// Five ticks, the third of them taken late, by one worker and, where it was dropped, by the next.
/// `check` sees each tick's instant and the one at which it was taken, and those before it.
async fn ticks(rt: Sim, missed: MissedTick, check: fn(Instant, Instant, &[(Instant, Instant)])) {
    let ticks = interval(&rt, ms(10)).expect("a period").missed(missed);
    let shared = Arc::new(Mutex::new(Some(ticks)));
    let taken = Arc::new(Mutex::new(Vec::new()));
    for name in [WORKER, "next worker"] {
        let (rt, shared, taken) = (rt.clone(), Arc::clone(&shared), Arc::clone(&taken));
        let worker = rt.clone().spawn_named(name, async move {
            let mut ticks = Borrowed::new(&shared);
            loop {
                let count = taken.lock().unwrap_or_else(PoisonError::into_inner).len();
                if count == 5 {
                    break;
                }
                let due = ticks.tick().await;
                taken.lock().unwrap_or_else(PoisonError::into_inner).push((due, rt.now()));
                if count == 2 {
                    rt.sleep(ms(25)).await;
                }
            }
        });
        done_or_dropped(worker.await);
    }
    let taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(taken.len(), 5);
    for (number, &(due, at)) in taken.iter().enumerate() {
        assert!(at >= due, "{due:?} was taken at {at:?}");
        check(due, at, &taken[..number]);
    }
}

#[test]
fn a_bursting_interval_loses_no_tick() {
    survives(|rt| {
        ticks(rt, MissedTick::Burst, |due, _, before| {
            assert_eq!(due, Instant::ZERO + ms(10) * u32::try_from(before.len()).expect("few"));
        })
    });
}

#[test]
fn a_skipping_interval_stays_in_step() {
    survives(|rt| {
        ticks(rt, MissedTick::Skip, |due, _, before| {
            assert_eq!((due - Instant::ZERO).as_nanos() % ms(10).as_nanos(), 0);
            if let Some(&(last, taken)) = before.last() {
                // None that was due already when the one before was taken, but for the next.
                assert!(due > last && due + ms(10) > taken, "{due:?} after {last:?} at {taken:?}");
            }
        })
    });
}

#[test]
fn a_delaying_interval_leaves_a_period_after_a_late_tick() {
    survives(|rt| {
        ticks(rt, MissedTick::Delay, |due, _, before| {
            if let Some(&(last, taken)) = before.last() {
                let next = last + ms(10);
                assert_eq!(due, if taken < next { next } else { taken + ms(10) });
            }
        })
    });
}

/// Scopes in each other, drawn by chance, with a wait inside, against what they must come to: the
/// wait is over at the earliest of all deadlines, and of the scopes those end that say so.
#[test]
fn scopes_in_each_other_end_at_the_earliest_deadline() {
    survives(|rt| async move {
        let begun = rt.now();
        let drawn = [(); 4].map(|()| ms(1 + rt.entropy() % 12));
        let worker = {
            let rt = rt.clone();
            rt.clone().spawn_named(WORKER, async move {
                let [a, b, c, needed] = drawn;
                let [a, b, c] = [a, b, c].map(|limit| Deadline::at(begun + limit));
                let wait = async {
                    rt.yield_now().await;
                    let slept = c.run(&rt, rt.sleep(needed)).await;
                    rt.yield_now().await;
                    slept
                };
                let all = a.run(&rt, b.run(&rt, wait)).await;
                (all, rt.now())
            })
        };
        let Some((all, ended)) = done_or_dropped(worker.await) else { return };
        let [a, b, c, needed] = drawn;
        let earliest = a.min(b).min(c);
        match all {
            Ok(Ok(Ok(()))) => assert!(ended >= begun + needed),
            // Whichever tells it, it is not before the earliest of those that it may be.
            Ok(Ok(Err(_))) => assert!(ended >= begun + earliest),
            Ok(Err(_)) => assert!(ended >= begun + a.min(b)),
            Err(_) => assert!(ended >= begun + a),
        }
        // Timers are at most 3 ms late, and nothing else takes time.
        assert!(ended <= begun + earliest.min(needed) + ms(3), "{ended:?} of {drawn:?}");
    });
}

#[test]
fn a_deadline_is_inherited_down_to_grandchildren() {
    survives(|rt| async move {
        let census = Census::default();
        let worker = {
            let (rt, census) = (rt.clone(), census.clone());
            rt.clone().spawn_named(WORKER, async move {
                let inner = rt.clone();
                let family = async {
                    let child = rt.spawn(async move {
                        let (rt, _alive) = (inner.clone(), census.enter());
                        let grandchild = inner.spawn(async move { sleep(&rt, ms(500)).await });
                        grandchild.await.expect("it ends")
                    });
                    child.await.expect("it ends")
                };
                let begun = rt.now();
                let late = Deadline::after(&rt, ms(8)).run(&rt, family).await;
                assert!(matches!(late, Ok(Err(_)) | Err(_)), "{late:?}");
                assert!(rt.now() >= begun + ms(8) && rt.now() <= begun + ms(8 + 3));
            })
        };
        done_or_dropped(worker.await);
        rt.run_until_stalled().await;
        assert_eq!(census.now(), 0);
    });
}

#[test]
fn a_group_leaves_nobody_behind() {
    survives(|rt| async move {
        let census = Census::default();
        let worker = {
            let (rt, census) = (rt.clone(), census.clone());
            rt.clone().spawn_named(WORKER, async move {
                let mut group = TimeoutGroup::with_runtime(&rt, ms(5)).expect("a limit");
                for time in [1, 4, 30, 60] {
                    let (rt, census) = (rt.clone(), census.clone());
                    group.spawn(async move {
                        let _alive = census.enter();
                        rt.sleep(ms(time)).await;
                        time
                    });
                }
                let results = group.join().await;
                assert_eq!(census.now(), 0, "nothing of it runs when it answers");
                assert!(results[2].is_err() && results[3].is_err());
            })
        };
        done_or_dropped(worker.await);
        rt.run_until_stalled().await;
        assert_eq!(census.now(), 0);
    });
}

#[test]
fn a_cascade_tries_one_after_the_other() {
    survives(|rt| async move {
        let census = Census::default();
        let worker = {
            let (rt, census) = (rt.clone(), census.clone());
            rt.clone().spawn_named(WORKER, async move {
                let attempt = {
                    let (rt, census) = (rt.clone(), census.clone());
                    async move |step: Step| {
                        let _alive = census.enter();
                        rt.sleep(ms(if step.index == 2 { 1 } else { 100 })).await;
                        Ok::<_, ()>(step.index)
                    }
                };
                let begun = rt.now();
                let tried = cascade(&rt, [ms(2), ms(4), ms(50)], attempt).expect("they make sense");
                assert_eq!(tried.await, Ok(2));
                assert!(rt.now() >= begun + ms(7));
            })
        };
        done_or_dropped(worker.await);
        assert!(census.most() <= 1 && census.now() == 0);
    });
}
