//! What goes wrong on purpose.

use std::cell::Cell;
use std::future::poll_fn;
use std::time::{Duration, SystemTime};

use mtaio_runtime::{Instant, Runtime, RuntimeExt};
use mtaio_sim::{Explore, Faults, Schedule, Sim};

use crate::common::{Log, ms};

#[test]
fn timers_are_late_by_up_to_the_most_and_never_early() {
    let (latest, earliest) = (Cell::new(Duration::ZERO), Cell::new(Duration::MAX));
    let explore = Explore::new().faults(Faults::new().late_timers(ms(5)));
    Sim::explore(explore, |rt| {
        let (latest, earliest) = (&latest, &earliest);
        async move {
            for _ in 0..10 {
                let deadline = rt.now() + ms(1);
                rt.sleep_until(deadline).await;
                let late = rt.now() - deadline;
                latest.set(latest.get().max(late));
                earliest.set(earliest.get().min(late));
            }
        }
    });
    assert!(latest.get() > ms(4) && latest.get() <= ms(5), "{latest:?}");
    assert!(earliest.get() < ms(1), "{earliest:?}");
}

#[test]
fn a_late_timer_at_the_end_of_time_comes() {
    let explore = Explore::new().faults(Faults::new().late_timers(ms(5)));
    let last = Instant::from_nanos(u64::MAX - 1);
    Sim::explore(explore, |rt| async move {
        rt.sleep_until(last).await;
        assert_eq!(rt.now(), last);
    });
}

#[test]
fn tasks_are_polled_without_a_wake() {
    let polls = Cell::new(0);
    let count = |explore: Explore| {
        polls.set(0);
        Sim::explore(explore, |rt| {
            let polls = &polls;
            async move {
                let others: Vec<_> = (0..4)
                    .map(|_| {
                        let rt = rt.clone();
                        rt.clone().spawn(async move {
                            for _ in 0..25 {
                                rt.yield_now().await;
                            }
                        })
                    })
                    .collect();
                let mut sleep = Box::pin(rt.sleep(ms(1)));
                poll_fn(|cx| {
                    polls.set(polls.get() + 1);
                    sleep.as_mut().poll(cx)
                })
                .await;
                for other in others {
                    other.await.unwrap();
                }
            }
        })
        .runs()
    };
    let runs = count(Explore::new());
    assert_eq!(polls.get(), 2 * runs);
    let runs = count(Explore::new().faults(Faults::new().spurious_polls(0.1)));
    // One in ten of about a hundred polls.
    assert!((8 * runs..18 * runs).contains(&polls.get()), "{polls:?} in {runs}");
}

#[test]
fn the_wall_clock_jumps_both_ways_and_the_other_clock_does_not() {
    let jumps = Cell::new((0, 0));
    let explore = Explore::new().faults(Faults::new().wall_clock_jumps(Duration::from_secs(60)));
    Sim::explore(explore, |rt| {
        let jumps = &jumps;
        async move {
            let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_735_689_600);
            for step in 1..=20_u32 {
                rt.sleep(ms(1)).await;
                let passed = rt.now() - Instant::ZERO;
                assert_eq!(passed, ms(1) * step);
                let (behind, ahead) = jumps.get();
                match rt.wall_clock().duration_since(begin + passed) {
                    Ok(Duration::ZERO) => {}
                    Ok(off) => {
                        assert!(off <= Duration::from_secs(60), "{off:?}");
                        jumps.set((behind, ahead + 1));
                    }
                    Err(_) => jumps.set((behind + 1, ahead)),
                }
            }
        }
    });
    let (behind, ahead) = jumps.get();
    assert!(behind > 100 && ahead > 100, "{jumps:?}");
}

#[test]
fn a_late_timer_is_late_for_who_asks_too() {
    let explore = Explore::new().faults(Faults::new().late_timers(ms(5)));
    // Polled out of turn, a sleep is not over before it fires: its wake was not lost.
    Sim::explore(explore.rescue_before_time(), |rt| async move {
        let sleepers: Vec<_> = (0..5).map(|_| rt.spawn(rt.sleep(ms(1)))).collect();
        for sleeper in sleepers {
            sleeper.await.unwrap();
        }
        rt.sleep_until(rt.now()).await;
    });
}

/// The order in which five tasks of two steps each run.
fn order(schedule: Schedule, seed: u64) -> Vec<u32> {
    Explore::new()
        .policy(schedule)
        .run_seed(seed, |rt| async move {
            let log = Log::default();
            let tasks: Vec<_> = (0..5)
                .map(|number| {
                    let (rt, log) = (rt.clone(), log.clone());
                    rt.clone().spawn(async move {
                        log.push(number);
                        rt.yield_now().await;
                        log.push(number + 10);
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            log.entries()
        })
        .unwrap()
}

#[test]
fn schedules_are_what_they_are_called() {
    assert_eq!(order(Schedule::Fifo, 1), [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]);
    assert_eq!(order(Schedule::Lifo, 1), [4, 14, 3, 13, 2, 12, 1, 11, 0, 10]);
    let different = |schedule| {
        let orders: std::collections::BTreeSet<_> =
            (0..50).map(|seed| order(schedule, seed)).collect();
        orders.len()
    };
    assert_eq!(different(Schedule::Fifo), 1);
    assert!(different(Schedule::Random) > 40);
    assert!(different(Schedule::Pct(2)) > 30);
}

/// A task that must wait for another at two places finds that the other was faster at neither.
#[test]
fn priorities_find_deep_orders_sooner_than_chance() {
    let failing = |schedule| {
        let explore = Explore::new().policy(schedule);
        let unlucky = |rt: Sim| async move {
            let log = Log::default();
            let (slow, waiting, written) = (rt.clone(), rt.clone(), log.clone());
            // Ten turns of the one before the first of the other: rare by chance.
            let many = rt.spawn(async move {
                for _ in 0..10 {
                    slow.yield_sometimes().await;
                }
                written.push(1);
            });
            let written = log.clone();
            let one = rt.spawn(async move {
                let _unused = waiting;
                written.push(2);
            });
            many.await.unwrap();
            one.await.unwrap();
            log.entries() == [1, 2]
        };
        (0..300).filter(|&seed| explore.run_seed(seed, unlucky).unwrap()).count()
    };
    let (random, priorities) = (failing(Schedule::Random), failing(Schedule::Pct(1)));
    assert!(priorities > 4 * random.max(1), "{priorities} and {random} of 300");
}

trait YieldSometimes {
    async fn yield_sometimes(&self);
}

impl YieldSometimes for Sim {
    /// Lets others run without giving way: by a wake from a helper, not of its own.
    async fn yield_sometimes(&self) {
        self.spawn(async {}).await.unwrap();
    }
}
