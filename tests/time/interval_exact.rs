//! Intervals in virtual time, to the nanosecond, against a model of what is due when.

use std::time::Duration;

use futures_util::StreamExt;
use mtaio::time::{MissedTick, interval, timeout};
use mtaio::{DynRuntime, Instant, Runtime, RuntimeExt};
use mtaio_sim::{Diagnosis, Explore, Sim};

use crate::{HOUR, ms};

const PERIOD: Duration = Duration::from_nanos(1_000);

const fn ns(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

#[test]
fn the_nth_tick_comes_n_periods_after_the_start() {
    Sim::run(0, |rt| async move {
        rt.sleep(ns(123_456_789)).await;
        let start = rt.now();
        let period = ns(1_000_003);
        let mut ticks = interval(&rt, period).expect("a period");
        for n in 0..1_000 {
            assert_eq!(ticks.tick().await, start + n * period);
            assert_eq!(rt.now(), start + n * period);
        }
    });
}

/// What an interval must do, said otherwise than it is done.
struct Model {
    missed: MissedTick,
    due: Instant,
}

impl Model {
    /// Who asks at `now` gets a tick, and when: the instant it was due at, and that of its coming.
    fn take(&mut self, now: Instant) -> (Instant, Instant) {
        let (due, taken) = (self.due, self.due.max(now));
        let on_time = due + PERIOD;
        let late = taken >= on_time;
        self.due = match self.missed {
            MissedTick::Delay if late => taken + PERIOD,
            MissedTick::Skip if late => {
                let mut next = on_time;
                while next <= taken {
                    next += PERIOD;
                }
                next
            }
            _ => on_time,
        };
        (due, taken)
    }
}

#[test]
fn burst_is_as_late_as_its_model() {
    follows_its_model(MissedTick::Burst);
}

#[test]
fn skip_is_as_late_as_its_model() {
    follows_its_model(MissedTick::Skip);
}

#[test]
fn delay_is_as_late_as_its_model() {
    follows_its_model(MissedTick::Delay);
}

/// Takes ticks early, late, very late, to the nanosecond on time; gives up on some in the middle,
/// and puts the interval elsewhere now and then.
fn follows_its_model(missed: MissedTick) {
    Sim::explore(Explore::new().seeds(0..300), |rt| async move {
        let mut ticks = interval(&rt, PERIOD).expect("a period").missed(missed);
        let mut model = Model { missed, due: rt.now() };
        for _ in 0..60 {
            match rt.entropy() % 10 {
                0..=2 => {}
                3..=5 => rt.sleep(ns(rt.entropy() % 1_500)).await,
                6 => rt.sleep(PERIOD * (rt.entropy() % 4) as u32).await,
                7 => rt.sleep(ns(rt.entropy() % 20_000)).await,
                8 => {
                    let ahead = ns(rt.entropy() % 3_000);
                    let due =
                        if rt.entropy() % 2 == 0 { rt.now() + ahead } else { rt.now() - ahead };
                    ticks.reset_to(due);
                    model.due = due;
                }
                _ => {
                    let patience = ns(rt.entropy() % 1_500);
                    let asked = rt.now();
                    let tick = timeout(&rt, patience, ticks.tick()).await;
                    if model.due > asked + patience {
                        assert!(tick.is_err(), "early: {tick:?}");
                        assert_eq!(rt.now(), asked + patience);
                        continue;
                    }
                    let (due, taken) = model.take(asked);
                    assert_eq!((tick, rt.now()), (Ok(due), taken), "in time");
                    continue;
                }
            }
            let expected = model.take(rt.now());
            assert_eq!((ticks.tick().await, rt.now()), expected, "due, and taken at");
        }
    });
}

#[test]
fn burst_has_as_many_ticks_as_periods_on_the_long_run() {
    Sim::explore(Explore::new().seeds(0..20), |rt| async move {
        let mut ticks = interval(&rt, PERIOD).expect("a period");
        for n in 0..500 {
            assert_eq!(ticks.tick().await, Instant::ZERO + n * PERIOD);
            rt.sleep(ns(rt.entropy() % 1_900)).await;
        }
        // On average it was nearly as quick as the clock, and by the end it is as quick.
        rt.sleep(PERIOD * 7).await;
        while ticks.tick().await + PERIOD <= rt.now() {}
        let last = ticks.tick().await;
        assert_eq!(last, rt.now(), "it has caught up");
    });
}

#[test]
fn skip_stays_in_step_and_delay_does_not() {
    Sim::run(0, |rt| async move {
        for (missed, next) in [(MissedTick::Skip, 4_000), (MissedTick::Delay, 4_400)] {
            let start = rt.now();
            let mut ticks = interval(&rt, PERIOD).expect("a period").missed(missed);
            ticks.tick().await;
            rt.sleep(ns(3_400)).await;
            assert_eq!(ticks.tick().await, start + PERIOD, "the late one comes at once");
            assert_eq!(ticks.tick().await, start + ns(next), "{missed:?}");
            assert_eq!(rt.now(), start + ns(next));
        }
    });
}

#[test]
fn late_by_less_than_a_period_is_not_missed() {
    for missed in [MissedTick::Burst, MissedTick::Skip, MissedTick::Delay] {
        Sim::run(0, |rt| async move {
            let mut ticks = interval(&rt, PERIOD).expect("a period").missed(missed);
            for n in 0..50 {
                assert_eq!(ticks.tick().await, Instant::ZERO + n * PERIOD, "{missed:?}");
                rt.sleep(PERIOD + ns(19)).await;
            }
        });
    }
}

/// Drops the future of each tick after each of its polls.
#[test]
fn a_tick_dropped_at_any_poll_is_neither_lost_nor_doubled() {
    Sim::explore(Explore::new(), |rt| async move {
        let mut ticks = interval(&rt, ms(1)).expect("a period");
        for n in 0..50 {
            let due = Instant::ZERO + n * ms(1);
            while rt.now() < due {
                let left = due - rt.now();
                let patience = ns(rt.entropy() % 400_000).min(left - ns(1));
                timeout(&rt, patience, ticks.tick()).await.expect_err("it is not due yet");
                if patience.is_zero() {
                    rt.sleep(left.min(ns(50_000))).await;
                }
            }
            assert_eq!(ticks.tick().await, due);
        }
    });
}

#[test]
fn the_stream_and_the_erased_interval_are_as_exact() {
    Sim::run(0, |rt| async move {
        let rt = DynRuntime::new(&rt);
        let ticks = interval(&rt, HOUR).expect("a period").into_stream();
        let due: Vec<Instant> = ticks.take(10).collect().await;
        let expected: Vec<Instant> = (0..10).map(|n| Instant::ZERO + n * HOUR).collect();
        assert_eq!(due, expected);
        assert_eq!(rt.now(), Instant::ZERO + 9 * HOUR);
    });
}

#[test]
fn at_the_end_of_time_it_ticks_no_more() {
    let ended = Sim::try_run(0, |rt| async move {
        let mut ticks = interval(&rt, ns(3)).expect("a period");
        let last = Instant::MAX - ns(2);
        ticks.reset_to(last);
        assert_eq!(ticks.tick().await, last);
        ticks.tick().await
    });
    let failure = ended.expect_err("there is no time left");
    assert_eq!(failure.diagnosis(), Diagnosis::Deadlock);
}
