//! The order in which tasks run, and what else the seed decides.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

use mtaio_runtime::{Ambient, Instant, JoinError, Runtime, RuntimeExt};
use mtaio_sim::{Diagnosis, Explore, Sim};

use crate::common::{Log, ms, poll_once};

scenarios!(
    many_wakes_are_one_poll,
    a_wake_within_a_poll_is_not_lost,
    the_waker_of_an_ended_task_wakes_no_other,
    a_blocking_job_runs_as_a_task_of_its_own,
    a_panic_in_a_blocking_job_ends_that_job_only,
);

/// The order of three steps each of five tasks, some of them at one instant.
fn order(seed: u64) -> Vec<u32> {
    Sim::run(seed, |rt| async move {
        let log = Log::default();
        let tasks: Vec<_> = (0..5)
            .map(|number| {
                let (rt, log) = (rt.clone(), log.clone());
                rt.clone().spawn(async move {
                    log.push(number);
                    rt.yield_now().await;
                    log.push(number);
                    rt.sleep(ms(1)).await;
                    log.push(number);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        log.entries()
    })
}

#[test]
fn the_same_seed_gives_the_same_order() {
    for seed in 0..20 {
        assert_eq!(order(seed), order(seed));
    }
}

#[test]
fn different_seeds_give_different_orders() {
    let orders: BTreeSet<_> = (0..20).map(order).collect();
    assert!(orders.len() >= 19, "{} orders of 20 seeds", orders.len());
}

#[test]
fn timers_of_one_instant_wake_their_tasks_in_any_order() {
    let order = |seed| {
        Sim::run(seed, |rt| async move {
            let log = Log::default();
            for number in 0..3 {
                // They enter the queue in this order, whichever task runs first.
                let mut sleep = Box::pin(rt.sleep(ms(1)));
                assert!(poll_once(sleep.as_mut()).await.is_pending());
                let log = log.clone();
                let task = async move {
                    sleep.await;
                    log.push(number);
                };
                rt.spawn(task).detach();
            }
            rt.sleep(ms(2)).await;
            log.entries()
        })
    };
    let orders: BTreeSet<_> = (0..100).map(order).collect();
    assert_eq!(orders.len(), 6);
}

#[test]
fn each_of_two_tasks_is_first_about_half_of_the_time() {
    let first = |seed| {
        Sim::run(seed, |rt| async move {
            let log = Log::default();
            let tasks = [1, 2].map(|number| {
                let log = log.clone();
                rt.spawn(async move { log.push(number) })
            });
            for task in tasks {
                task.await.unwrap();
            }
            log.entries()[0]
        })
    };
    let ones = (0..1_000).filter(|&seed| first(seed) == 1).count();
    assert!((430..570).contains(&ones), "{ones} of 1000");
}

#[test]
fn entropy_follows_from_the_seed_alone() {
    let drawn = |seed, tasks: usize| {
        Sim::run(seed, |rt| async move {
            for _ in 0..tasks {
                rt.spawn(async {}).await.unwrap();
            }
            [rt.entropy(), rt.entropy()]
        })
    };
    assert_eq!(drawn(1, 0), drawn(1, 9));
    assert_ne!(drawn(1, 0), drawn(2, 0));
    assert_ne!(drawn(1, 0)[0], drawn(1, 0)[1]);
}

#[test]
fn the_scenario_may_borrow_and_need_not_be_send() {
    let mut seen = std::rc::Rc::new(0);
    let text = String::from("borrowed");
    let length = Sim::run(1, |rt| {
        let (seen, text) = (&mut seen, &text);
        async move {
            rt.sleep(ms(1)).await;
            *seen = std::rc::Rc::new(1);
            text.len()
        }
    });
    assert_eq!((length, *seen), (8, 1));
}

#[test]
fn exploring_finds_the_order_that_breaks_a_scenario_and_replays_it() {
    let scenario = |rt: Sim| async move {
        let log = Log::default();
        let tasks: Vec<_> = (0..3)
            .map(|number| {
                let log = log.clone();
                rt.spawn(async move { log.push(number) })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_ne!(log.entries(), [2, 1, 0], "backwards");
    };
    let failure = Sim::try_explore(Explore::new(), scenario).expect_err("one in six seeds fails");
    assert_eq!(failure.diagnosis(), Diagnosis::Panicked);
    assert!(failure.panic_message().is_some_and(|message| message.contains("backwards")));
    for _ in 0..3 {
        let again =
            Sim::try_run(failure.seed().unwrap(), scenario).expect_err("the same seed fails again");
        assert_eq!((again.polls(), again.at()), (failure.polls(), failure.at()));
    }
}

#[test]
fn an_outer_deadline_does_not_reach_into_a_simulation() {
    let outer = Ambient::empty().with_deadline(Instant::from_nanos(1));
    let seen = outer.enter(|| Sim::run(1, |_rt| async { Ambient::current().deadline() }));
    assert_eq!(seen, None);
}

#[test]
#[should_panic(expected = "empty range")]
fn an_exploration_of_nothing_is_refused() {
    let _ = Explore::new().seeds(5..5);
}

async fn many_wakes_are_one_poll<R: Runtime>(rt: R) {
    let polls = Arc::new(AtomicUsize::new(0));
    let (counter, wakers) = (Arc::clone(&polls), Arc::new(std::sync::Mutex::new(None)));
    let slot = Arc::clone(&wakers);
    let task = rt.spawn(poll_fn(move |cx| {
        *slot.lock().unwrap() = Some(cx.waker().clone());
        let polls = counter.fetch_add(1, Ordering::Relaxed) + 1;
        if polls == 3 { Poll::Ready(()) } else { Poll::Pending }
    }));
    for round in 1..=2 {
        rt.sleep(ms(1)).await;
        assert_eq!(polls.load(Ordering::Relaxed), round);
        for _ in 0..5 {
            wakers.lock().unwrap().as_ref().unwrap().wake_by_ref();
        }
    }
    task.await.unwrap();
    assert_eq!(polls.load(Ordering::Relaxed), 3);
}

async fn a_wake_within_a_poll_is_not_lost<R: Runtime>(rt: R) {
    let mut left = 100;
    let task = rt.spawn(poll_fn(move |cx| {
        left -= 1;
        cx.waker().wake_by_ref();
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    }));
    task.await.unwrap();
}

async fn the_waker_of_an_ended_task_wakes_no_other<R: Runtime>(rt: R) {
    let waker = rt.spawn(poll_fn(|cx| Poll::Ready(cx.waker().clone()))).await.unwrap();
    // The next task takes the place of the ended one.
    let polls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&polls);
    let next = rt.spawn(poll_fn(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        Poll::<()>::Pending
    }));
    rt.sleep(ms(1)).await;
    waker.wake_by_ref();
    rt.sleep(ms(1)).await;
    assert_eq!(polls.load(Ordering::Relaxed), 1);
    next.abort();
    assert!(matches!(next.await, Err(JoinError::Cancelled)));
}

#[test]
fn a_thread_can_call_in_while_a_poll_waits_for_it() {
    Sim::explore(Explore::new().seeds(0..10).allow_foreign_wakes(), a_thread_calls_in);
}

async fn a_thread_calls_in<R: Runtime>(rt: R) {
    rt.sleep(ms(3)).await;
    let (outside, inner) = (rt.clone(), rt.clone());
    let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
    let call = move || {
        waker.wake();
        assert_eq!(outside.now(), Instant::ZERO + ms(3));
        outside.spawn(async move {
            inner.sleep(ms(1)).await;
            inner.now()
        })
    };
    let task = thread::spawn(call).join().unwrap();
    assert_eq!(task.await.unwrap(), Instant::ZERO + ms(4));
}

async fn a_blocking_job_runs_as_a_task_of_its_own<R: Runtime>(rt: R) {
    let log = Log::default();
    let written = log.clone();
    let job = rt.unblock(move || written.push(1));
    assert!(log.entries().is_empty(), "not within the call");
    job.await.unwrap();
    assert_eq!(log.entries(), [1]);
}

async fn a_panic_in_a_blocking_job_ends_that_job_only<R: Runtime>(rt: R) {
    rt.spawn_blocking(Box::new(|| panic!("on purpose: a raw job")));
    rt.sleep(ms(1)).await;
    let job = rt.unblock(|| panic!("on purpose: a job"));
    assert!(matches!(job.await, Err(JoinError::Panicked(_))));
}
