//! Timeouts in virtual time, to the nanosecond.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use mtaio::time::timeout;
use mtaio::{DynRuntime, Instant, Runtime, RuntimeExt};
use mtaio_sim::{Diagnosis, Explore, Sim};

use crate::common::{Gate, poll_once};
use crate::{HOUR, ms};

/// The smallest time there is.
const TICK: Duration = Duration::from_nanos(1);

#[test]
fn it_elapses_at_its_deadline_and_not_a_nanosecond_later() {
    Sim::run(0, |rt| async move {
        for limit in [Duration::ZERO, TICK, ms(1), ms(1) + TICK, HOUR, HOUR * 24 * 365 * 100] {
            let made = timeout(&rt, limit, pending::<()>());
            rt.sleep(HOUR).await;
            let polled = rt.now();
            made.await.expect_err("it never ends");
            assert_eq!(rt.now() - polled, limit);
        }
    });
}

#[test]
fn polls_in_between_don_t_move_the_deadline() {
    Sim::run(0, |rt| async move {
        let mut late = pin!(timeout(&rt, ms(10), pending::<()>()));
        for _ in 0..9 {
            assert!(poll_once(&mut late).await.is_pending());
            rt.sleep(ms(1)).await;
        }
        late.await.expect_err("it never ends");
        assert_eq!(rt.now(), Instant::ZERO + ms(10));
    });
}

#[test]
fn who_is_ready_at_the_deadline_is_in_time() {
    Sim::explore(Explore::new(), |rt| async move {
        let bounded = async |limit: Duration, needed: Duration| {
            let start = rt.now();
            let in_time = timeout(&rt, limit, rt.sleep(needed)).await.is_ok();
            assert_eq!(rt.now() - start, limit.min(needed));
            in_time
        };
        assert!(bounded(ms(5), ms(5) - TICK).await);
        assert!(bounded(ms(5), ms(5)).await);
        assert!(!bounded(ms(5), ms(5) + TICK).await);
        for _ in 0..20 {
            let any = || Duration::from_nanos(rt.entropy() % 8);
            let (limit, needed) = (any(), any());
            assert_eq!(bounded(limit, needed).await, needed <= limit, "{needed:?} of {limit:?}");
        }
    });
}

#[test]
fn of_two_equal_timeouts_the_inner_one_is_told() {
    Sim::run(0, |rt| async move {
        let both = timeout(&rt, ms(5), timeout(&rt, ms(5), pending::<()>())).await;
        both.expect("the outer one looks inside first").expect_err("it never ends");
        assert_eq!(rt.now(), Instant::ZERO + ms(5));
    });
}

#[test]
fn whoever_opens_at_the_deadline_the_time_of_the_answer_is_the_same() {
    // Whether a task that acts at the very deadline is seen depends on who is polled first.
    let mut seen = [0, 0];
    for seed in 0..100 {
        let in_time = Sim::run(seed, |rt| async move {
            let gate = Gate::default();
            let (opening, sleeper) = (gate.clone(), rt.clone());
            let opener = rt.spawn(async move {
                sleeper.sleep(ms(5)).await;
                opening.open();
            });
            let in_time = timeout(&rt, ms(5), gate.passed()).await.is_ok();
            assert_eq!(rt.now(), Instant::ZERO + ms(5));
            if !in_time {
                assert!(!gate.is_open(), "what is ready wins");
            }
            assert!(opener.await.is_ok());
            in_time
        });
        seen[usize::from(in_time)] += 1;
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

#[test]
fn a_limit_beyond_all_time_never_elapses() {
    for limit in [Some(Duration::MAX), Some(Duration::from_nanos(u64::MAX)), None] {
        let waited = Sim::try_run(0, |rt| async move {
            let rt = DynRuntime::new(&rt);
            timeout(&rt, limit, pending::<()>()).await
        });
        let failure = waited.expect_err("nothing will ever happen");
        assert_eq!(failure.diagnosis(), Diagnosis::Deadlock);
        assert_eq!(failure.at(), Instant::ZERO);
    }
}

/// The other scenarios lean on it: a timer that a timeout leaves behind is seen.
#[test]
fn a_timer_left_behind_would_be_a_leak() {
    let left = Sim::try_run(0, |rt| async move {
        let mut late = Box::pin(timeout(&rt, HOUR, pending::<()>()).into_owned());
        assert!(poll_once(&mut late).await.is_pending());
        std::mem::forget(late);
    });
    let failure = left.expect_err("the timer is still there");
    assert_eq!(failure.diagnosis(), Diagnosis::Leak);
}
