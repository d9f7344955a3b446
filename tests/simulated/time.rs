//! Time: no tick is early or lost, a timeout is right about which was first, no timer stays.

use std::sync::{Arc, Mutex, PoisonError};

use mtaio::time::{Interval, MissedTick, interval, timeout};
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
