//! `for_each` of calls: they go on while its body runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt as _, stream};
use mtaio::queue::Queue;
use mtaio::{Instant, Runtime, RuntimeExt, StreamExt};
use mtaio_sim::Sim;

use crate::common::{ms, on_every_runtime};

#[test]
fn calls_go_on_while_a_body_takes_its_time() {
    Sim::run(0, |rt| async move {
        let steps = Arc::new(AtomicUsize::new(0));
        let (clock, counted) = (rt.clone(), Arc::clone(&steps));
        // The first is there at once; three others take a step each millisecond.
        let work = async move |n: u32| {
            for _ in 0..if n == 0 { 0 } else { 2_000 } {
                clock.sleep(ms(1)).await;
                counted.fetch_add(1, Ordering::SeqCst);
            }
            n
        };
        let mut during = Vec::new();
        let called = stream::iter(0..4).map_async(4, work).expect("a limit");
        called
            .for_each(async |n| {
                let before = steps.load(Ordering::SeqCst);
                rt.sleep(ms(500)).await;
                during.push((n.expect("no panic"), steps.load(Ordering::SeqCst) - before));
            })
            .await;
        let (first, steps) = during[0];
        assert_eq!(first, 0);
        // Free-running, three calls take 1,500 steps in that time.
        assert!((1_425..=1_500).contains(&steps), "{steps} steps");
    });
}

#[test]
fn forty_items_take_as_long_as_their_bodies() {
    Sim::run(0, |rt| async move {
        let clock = rt.clone();
        let work = async move |_: u32| clock.sleep(ms(50)).await;
        let called = stream::iter(0..40).map_async(10, work).expect("a limit");
        called.for_each(async |_| rt.sleep(ms(50)).await).await;
        let took = rt.now() - Instant::ZERO;
        assert!(took <= ms(2_060), "{took:?}");
        assert_eq!(took, ms(2_050), "the first call, and forty bodies");
    });
}

async fn a_body_gets_what_the_calls_hold<R: Runtime>(rt: R) {
    // Two permits, which the calls and the body want.
    let permits = Arc::new(Queue::bounded(2).expect("a capacity"));
    for permit in 0..2 {
        permits.try_put(permit).expect("there is room");
    }
    let (clock, taken) = (rt.clone(), Arc::clone(&permits));
    let work = async move |n: u32| {
        let permit = taken.get().await.expect("it is open");
        clock.sleep(ms(1)).await;
        taken.put(permit).await.expect("it is open");
        n
    };
    let mut done = 0;
    let called = stream::iter(0..12).map_async(4, work).expect("a limit");
    called
        .for_each(async |n| {
            n.expect("no panic");
            let permit = permits.get().await.expect("it is open");
            rt.yield_now().await;
            permits.put(permit).await.expect("it is open");
            done += 1;
        })
        .await;
    assert_eq!(done, 12);
}

async fn an_error_of_the_body_ends_it<R: Runtime>(rt: R) {
    let clock = rt.clone();
    let work = async move |n: u32| {
        clock.yield_now().await;
        n
    };
    let mut seen = Vec::new();
    let called = stream::iter(0..).map_async(4, work).expect("a limit");
    let ended = called
        .try_for_each(async |n| {
            let n = n.expect("no panic");
            rt.yield_now().await;
            seen.push(n);
            if n == 5 { Err("enough") } else { Ok(()) }
        })
        .await;
    assert_eq!((ended, seen), (Err("enough"), vec![0, 1, 2, 3, 4, 5]));
}

async fn it_can_be_spawned<R: Runtime>(rt: R) {
    let results = Arc::new(Queue::unbounded());
    let task = rt.spawn({
        let (rt, results) = (rt.clone(), Arc::clone(&results));
        async move {
            let clock = rt.clone();
            let work = async move |n: u32| {
                clock.yield_now().await;
                n
            };
            let called = stream::iter(0..9).map_async(3, work).expect("a limit").unordered();
            called
                .for_each(async move |n| {
                    rt.yield_now().await;
                    results.put(n.expect("no panic")).await.expect("it is open");
                })
                .await;
        }
    });
    task.await.expect("it ends");
    assert_eq!(results.len(), 9);
}

async fn a_loop_of_ones_own_may_borrow_and_be_spawned<R: Runtime>(rt: R) {
    let clock = rt.clone();
    let task = rt.spawn(async move {
        let work = async |n: u32| n;
        let mut called = std::pin::pin!(stream::iter(0..9).map_async(3, work).expect("a limit"));
        let mut results = Vec::new();
        while let Some(n) = called.next().await {
            let body = async {
                clock.yield_now().await;
                results.push(n.expect("no panic"));
            };
            called.as_mut().beside(body).await;
        }
        results
    });
    assert_eq!(task.await.expect("it ends"), Vec::from_iter(0..9));
}

on_every_runtime!(
    seeds = 20;
    a_body_gets_what_the_calls_hold,
    an_error_of_the_body_ends_it,
    it_can_be_spawned,
    a_loop_of_ones_own_may_borrow_and_be_spawned,
);
