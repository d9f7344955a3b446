//! Wakes that get lost, wakers that are stale, and what only ticks beside them.

use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use mtaio_runtime::{Runtime, RuntimeExt};
use mtaio_sim::{Diagnosis, Explore, Failure, Faults, Sim};

use crate::common::{ms, poll_once};
use crate::diagnoses::{failed, names};

/// A flag that can be waited for, wrongly in one way or another.
#[derive(Clone, Default)]
struct Flag(Arc<Mutex<(bool, Option<Waker>)>>);

#[derive(Clone, Copy, PartialEq)]
enum Wrong {
    /// It is right.
    Not,
    /// It wakes nobody.
    NoWake,
    /// It wakes who polled it first.
    FirstWaker,
}

impl Flag {
    fn set(&self, wrong: Wrong) {
        let waker = {
            let mut inside = self.0.lock().unwrap();
            inside.0 = true;
            inside.1.take()
        };
        if let Some(waker) = waker.filter(|_| wrong != Wrong::NoWake) {
            waker.wake();
        }
    }

    async fn wait(&self, wrong: Wrong) {
        poll_fn(|cx| {
            let mut inside = self.0.lock().unwrap();
            if inside.0 {
                return Poll::Ready(());
            }
            if wrong != Wrong::FirstWaker || inside.1.is_none() {
                inside.1 = Some(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

/// One task waits for a flag, polled a few times meanwhile; another sets it.
async fn scenario(rt: Sim, wrong: Wrong) {
    let (waited, set) = (Flag::default(), Flag::default());
    let (flag, woken) = (waited.clone(), set.clone());
    let waiter = rt.spawn_named("waiter", async move {
        let mut both = std::pin::pin!(async {
            // The second flag polls the task again before the first one is set.
            let (mut one, mut other) =
                (Box::pin(flag.wait(wrong)), Box::pin(woken.wait(Wrong::Not)));
            let mut done = (false, false);
            poll_fn(|cx| {
                done.0 = done.0 || one.as_mut().poll(cx).is_ready();
                done.1 = done.1 || other.as_mut().poll(cx).is_ready();
                if done == (true, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        });
        both.as_mut().await;
    });
    rt.sleep(ms(1)).await;
    set.set(Wrong::Not);
    rt.sleep(ms(1)).await;
    waited.set(wrong);
    waiter.await.unwrap();
}

/// The same beside a task that ticks for ever.
async fn beside_a_ticker(rt: Sim, wrong: Wrong) {
    let ticking = rt.clone();
    let ticker = rt.spawn_named("ticker", async move {
        loop {
            ticking.sleep(ms(10)).await;
        }
    });
    scenario(rt, wrong).await;
    ticker.abort();
    assert!(ticker.await.is_err());
}

#[test]
fn a_right_flag_is_no_failure() {
    for explore in [Explore::new(), Explore::new().rescue_before_time()] {
        Sim::explore(explore.clone(), |rt| scenario(rt, Wrong::Not));
        Sim::explore(explore, |rt| beside_a_ticker(rt, Wrong::Not));
    }
}

#[test]
fn a_wake_that_never_came_is_a_lost_wakeup() {
    let failure = failed(Sim::try_run(1, |rt| scenario(rt, Wrong::NoWake)), Diagnosis::LostWakeup);
    assert_eq!(names(failure.tasks()), ["waiter"]);
    assert!(failure.to_string().contains("lost wakeup with seed 1, at 2ms"), "{failure}");
    assert!(
        failure.to_string().contains("tasks that were not woken (1):\n    - waiter"),
        "{failure}"
    );
}

#[test]
fn who_goes_on_only_to_wait_for_a_timer_has_lost_a_wakeup_too() {
    let then_waits = |rt: Sim| async move {
        let flag = Flag::default();
        let (waited, inner) = (flag.clone(), rt.clone());
        let waiter = rt.spawn_named("waiter", async move {
            waited.wait(Wrong::Not).await;
            inner.sleep(ms(1)).await;
        });
        rt.run_until_stalled().await;
        flag.set(Wrong::NoWake);
        waiter.await.unwrap();
    };
    let failure = failed(Sim::try_run(1, then_waits), Diagnosis::LostWakeup);
    assert_eq!(names(failure.tasks()), ["waiter"]);
}

#[test]
fn who_asks_the_clock_before_a_late_timer_has_lost_nothing() {
    let faults = Faults::new().late_timers(ms(5));
    Sim::explore(Explore::new().faults(faults).rescue_before_time(), |rt| async move {
        let tasks = [1, 2, 3].map(|millis| {
            let (inner, deadline) = (rt.clone(), rt.now() + ms(millis));
            let mut sleep = Box::pin(rt.sleep_until(deadline));
            rt.spawn(poll_fn(move |cx| {
                if inner.now() >= deadline { Poll::Ready(()) } else { sleep.as_mut().poll(cx) }
            }))
        });
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// Who polls it last is the one who waits for it.
#[test]
fn a_late_timer_that_changed_hands_has_lost_nothing() {
    let faults = Faults::new().late_timers(ms(5));
    Sim::explore(Explore::new().faults(faults).rescue_before_time(), |rt| async move {
        let deadline = rt.now() + ms(1);
        let mut sleep = Box::pin(rt.sleep_until(deadline));
        assert!(poll_once(sleep.as_mut()).await.is_pending());
        let inner = rt.clone();
        let task = rt.spawn(poll_fn(move |cx| {
            if inner.now() >= deadline { Poll::Ready(()) } else { sleep.as_mut().poll(cx) }
        }));
        rt.sleep(ms(2)).await;
        task.await.unwrap();
    });
}

/// As a scope of time does whose inner one, which is tighter, has armed a timer: for as long as that
/// one is polled it needs none of its own.
#[test]
fn who_is_woken_earlier_than_by_the_timer_that_it_adds_has_lost_nothing() {
    Sim::explore(Explore::new().rescue_before_time(), |rt| async move {
        let inner = rt.clone();
        let task = rt.spawn_named("scope", async move {
            let mut tight = Box::pin(inner.sleep(ms(1)));
            let mut wide = Box::pin(inner.sleep(ms(2)));
            let mut polls = 0;
            poll_fn(move |cx| {
                polls += 1;
                if polls == 1 { tight.as_mut().poll(cx) } else { wide.as_mut().poll(cx) }
            })
            .await;
        });
        task.await.unwrap();
    });
}

/// But one who would have been woken earlier has.
#[test]
fn who_adds_a_timer_that_is_the_first_to_fire_has_lost_a_wakeup() {
    let failure = Explore::new().rescue_before_time().run_seed(1, |rt| async move {
        let flag = Flag::default();
        let (waited, inner) = (flag.clone(), rt.clone());
        let waiter = rt.spawn_named("waiter", async move {
            let mut guard = Box::pin(inner.sleep(ms(10)));
            let mut work = Box::pin(async move {
                waited.wait(Wrong::Not).await;
                inner.sleep(ms(1)).await;
            });
            poll_fn(|cx| match guard.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => work.as_mut().poll(cx),
            })
            .await;
        });
        rt.run_until_stalled().await;
        flag.set(Wrong::NoWake);
        waiter.await.unwrap();
    });
    assert_eq!(names(failed(failure, Diagnosis::LostWakeup).tasks()), ["waiter"]);
}

#[test]
fn a_wake_of_an_old_waker_is_a_stale_waker() {
    let scenario = |rt| scenario(rt, Wrong::FirstWaker);
    let failure = failed(Sim::try_run(1, scenario), Diagnosis::StaleWaker);
    assert_eq!(names(failure.tasks()), ["waiter"]);
    Sim::explore(Explore::new().allow_stale_wakers(), scenario);
}

/// However many of them are kept, and by whom.
#[test]
fn each_old_waker_is_stale() {
    for old in [0, 1] {
        let failure = Sim::try_run(1, |rt| async move {
            let (wakers, open) = (Arc::new(Mutex::new(Vec::<Waker>::new())), Flag::default());
            let (kept, opened) = (Arc::clone(&wakers), open.clone());
            let waiter = rt.spawn_named(
                "waiter",
                poll_fn(move |cx| {
                    let mut kept = kept.lock().unwrap();
                    kept.push(cx.waker().clone());
                    if opened.0.lock().unwrap().0 {
                        return Poll::Ready(());
                    }
                    if kept.len() < 3 {
                        cx.waker().wake_by_ref();
                    }
                    Poll::Pending
                }),
            );
            rt.run_until_stalled().await;
            open.set(Wrong::Not);
            let waker = wakers.lock().unwrap()[old].clone();
            waker.wake();
            waiter.await.unwrap();
        });
        assert_eq!(names(failed(failure, Diagnosis::StaleWaker).tasks()), ["waiter"]);
    }
}

#[test]
fn a_ticker_hides_neither() {
    let explore = Explore::new().max_polls(1_000);
    let run = |explore: &Explore, wrong| -> Failure {
        let result = Sim::try_explore(explore.clone(), |rt| beside_a_ticker(rt, wrong));
        result.expect_err("it is wrong")
    };
    for (wrong, diagnosis) in
        [(Wrong::NoWake, Diagnosis::LostWakeup), (Wrong::FirstWaker, Diagnosis::StaleWaker)]
    {
        let failure = run(&explore, wrong);
        assert_eq!(failure.diagnosis(), diagnosis, "{failure}");
        assert_eq!(names(failure.tasks()), ["waiter"]);
        assert!(failure.polls() >= 1_000, "{failure}");
        // Found at once, not when the polls are used up.
        let failure = run(&explore.clone().rescue_before_time(), wrong);
        assert_eq!(failure.diagnosis(), diagnosis, "{failure}");
        assert!(failure.polls() < 20, "{failure}");
    }
}

#[test]
fn a_deadlock_beside_a_ticker_is_a_deadlock() {
    let never = |rt: Sim| async move {
        let ticking = rt.clone();
        rt.spawn_named("ticker", async move {
            loop {
                ticking.sleep(ms(10)).await;
            }
        })
        .detach();
        rt.spawn_named("waiter", std::future::pending::<()>()).await.unwrap();
    };
    let failure = Explore::new().max_polls(500).run_seed(1, never);
    let failure = failed(failure, Diagnosis::Deadlock);
    assert_eq!(names(failure.tasks()).len(), 2);
    assert!(names(failure.tasks()).contains(&"waiter".to_owned()), "{failure}");
    assert!(failure.to_string().contains("other tasks only run by timers"), "{failure}");
    assert!(!failure.to_string().contains("no timer will fire"), "{failure}");
    // The limit of time is as good as the one of polls.
    let limited = Explore::new().max_time(ms(2_000));
    assert_eq!(
        failed(limited.run_seed(1, never), Diagnosis::Deadlock).at().as_nanos(),
        2_000_000_000
    );
}

#[test]
fn who_sleeps_for_long_beside_a_ticker_is_not_stuck() {
    let failure = Explore::new().max_polls(500).run_seed(1, |rt| async move {
        let ticking = rt.clone();
        rt.spawn_named("ticker", async move {
            loop {
                ticking.sleep(ms(10)).await;
            }
        })
        .detach();
        rt.spawn_named("sleeper", rt.sleep(ms(3_600_000))).await.unwrap();
    });
    assert_eq!(names(failed(failure, Diagnosis::Livelock).tasks()), ["ticker"]);
}

/// Who waits for who sleeps is no deadlock, however long the chain and the sleep.
#[test]
fn a_chain_that_waits_for_one_long_sleep_is_no_deadlock() {
    for explore in [Explore::new(), Explore::new().rescue_before_time()] {
        let failure = explore.max_time(ms(10)).run_seed(1, |rt| async move {
            let mut last = rt.spawn_named("sleeper", rt.sleep(ms(20)));
            for _ in 0..6 {
                last = rt.spawn_named("waiter", async move { last.await.unwrap() });
            }
            last.await.unwrap();
        });
        let failure = failed(failure, Diagnosis::Livelock);
        assert_eq!(names(failure.timers()), ["sleeper"]);
    }
}

#[test]
fn a_task_that_tries_again_for_ever_is_a_livelock() {
    let retries = |rt: Sim| async move {
        let retrying = rt.clone();
        let worker = rt.spawn_named("retrying", async move {
            while retrying.now().as_nanos() < u64::MAX {
                retrying.sleep(ms(1)).await;
            }
        });
        worker.await.unwrap();
    };
    let failure = Explore::new().max_time(ms(500)).run_seed(1, retries);
    let failure = failed(failure, Diagnosis::Livelock);
    assert_eq!(names(failure.tasks()), ["retrying"]);
    assert!(failure.to_string().contains("more than the limit of virtual time"), "{failure}");
    assert!(failure.to_string().contains("while these wait: root at"), "{failure}");
}

#[test]
fn a_poll_out_of_turn_that_panics_is_not_what_went_wrong() {
    let failure = Sim::try_run(1, |rt| async move {
        let mut polled = false;
        let once = poll_fn(move |_| {
            assert!(!std::mem::replace(&mut polled, true), "polled without a wake");
            Poll::<()>::Pending
        });
        let _never = rt.spawn_named("delicate", once).await;
    });
    // Its end, by the panic, is something that it could have done before.
    assert_eq!(failed(failure, Diagnosis::LostWakeup).panic_message(), None);
}

#[test]
fn a_wake_from_another_thread_is_nondeterminism() {
    let woken = |rt: Sim| async move {
        let task = rt.spawn_named("woken", async {
            let mut thread = None;
            poll_fn(|cx| {
                if thread.is_some() {
                    return Poll::Ready(());
                }
                let waker = cx.waker().clone();
                let waking = std::thread::Builder::new().name("outside".into());
                thread = Some(waking.spawn(move || waker.wake()).unwrap().join());
                Poll::Pending
            })
            .await;
        });
        task.await.unwrap();
    };
    let failure = failed(Sim::try_run(1, woken), Diagnosis::Nondeterminism);
    assert_eq!(names(failure.tasks()), ["woken"]);
    assert!(failure.to_string().contains("the thread `outside` woke it"), "{failure}");
    Sim::explore(Explore::new().allow_foreign_wakes(), woken);
}
