//! The emitter: an emit that is dropped anywhere leaves it usable, and its report says what ran.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use mtaio::RuntimeExt;
use mtaio::event::{Event, EventEmitter, Priority, Topics};
use mtaio::queue::Overflow;
use mtaio_sim::Sim;

use crate::common::{WORKER, done_or_dropped, ms, survives};

struct Number(usize);

impl Event for Number {
    const NAME: &'static str = "number";
}

async fn emitting(rt: Sim, concurrent: bool) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&told);
    let builder = EventEmitter::builder().after(move |event, report| {
        let number = event.get::<Number>().expect("a number").0;
        hook.lock().expect("no panic").push((number, report.ran, report.dropped));
    });
    let emitter = if concurrent { builder.concurrent().build() } else { builder.build() };
    let ended = Arc::new(Mutex::new([0; 3]));
    for time in 0..3_u64 {
        let (rt, ended) = (rt.clone(), Arc::clone(&ended));
        emitter.on_with(Priority::new(-(time as i32)), async move |number: &Number| {
            match time {
                0 => {}
                1 => rt.yield_now().await,
                _ => rt.sleep(ms(time)).await,
            }
            ended.lock().expect("no panic")[number.0] += 1;
        });
    }
    let once = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&once);
    let yields = rt.clone();
    emitter.on_with(Priority::HIGH.once(), async move |_: &Number| {
        count.fetch_add(1, Ordering::SeqCst);
        yields.yield_now().await;
    });
    let worker = rt.spawn_named(WORKER, {
        let emitter = emitter.clone();
        async move { emitter.emit(Number(0)).await.ran }
    });
    let other = rt.spawn({
        let emitter = emitter.clone();
        async move { emitter.emit(Number(1)).await.ran }
    });
    let first = done_or_dropped(worker.await);
    let second = other.await.expect("it is not dropped");
    assert!(second == 3 || second == 4);
    assert!(once.load(Ordering::SeqCst) <= 1);
    assert_eq!(emitter.emit(Number(2)).await.failed(), 0);
    let ended = *ended.lock().expect("no panic");
    assert_eq!((ended[1], ended[2]), (3, 3), "it is as usable as before");
    // Of one that was polled at all the report says what ran.
    let told = told.lock().expect("no panic");
    match (first, told.iter().find(|(number, ..)| *number == 0)) {
        (Some(ran), found) => {
            assert_eq!(found, Some(&(0, ran, false)));
            assert_eq!(ended[0], 3);
        }
        (None, Some(&(_, ran, dropped))) => {
            assert!(dropped);
            assert!(ran == ended[0] || ran == ended[0] + 1, "{ran} and {}", ended[0]);
        }
        (None, None) => assert_eq!(ended[0], 0),
    }
}

#[test]
fn an_emit_is_dropped_anywhere() {
    survives(|rt| emitting(rt, false));
}

#[test]
fn a_concurrent_emit_is_dropped_anywhere() {
    survives(|rt| emitting(rt, true));
}

#[test]
fn off_is_dropped_anywhere_and_no_call_begins_after_one_that_is_not() {
    survives(|rt| async move {
        let emitter = EventEmitter::new();
        let (calls, sleeping) = (Arc::new(AtomicUsize::new(0)), rt.clone());
        let count = Arc::clone(&calls);
        let listener =
            emitter.all().filter(|_| true).on(async move |_: &mtaio::event::AnyEvent| {
                count.fetch_add(1, Ordering::SeqCst);
                sleeping.yield_now().await;
            });
        let emits = [0, 1].map(|number| {
            let emitter = emitter.clone();
            rt.spawn(async move {
                for _ in 0..3 {
                    emitter.emit(Number(number)).await;
                }
            })
        });
        let worker = rt.spawn_named(WORKER, {
            let listener = listener.clone();
            async move { listener.off().await }
        });
        done_or_dropped(worker.await);
        listener.off().await;
        let before = calls.load(Ordering::SeqCst);
        for emit in emits {
            emit.await.expect("it ends");
        }
        assert_eq!(calls.load(Ordering::SeqCst), before);
        assert_eq!(emitter.stats().listeners, 0);
    });
}

#[test]
fn a_publish_is_dropped_anywhere() {
    survives(|rt| async move {
        let topics = Topics::new();
        let readers = [1, 2].map(|room| {
            let mut reader = topics.subscribe("t.*", Overflow::Block(room)).expect("room");
            let rt = rt.clone();
            rt.clone().spawn(async move {
                let mut seen = Vec::new();
                while let Some(message) = reader.recv().await {
                    seen.push(*message);
                    rt.yield_now().await;
                }
                seen
            })
        });
        let publish = |name, numbers: std::ops::Range<u32>| {
            let topics = topics.clone();
            rt.spawn_named(name, async move {
                for number in numbers {
                    topics.publish("t.x", number).await.expect("it is open");
                }
            })
        };
        let (worker, other) = (publish(WORKER, 0..4), publish("other", 10..14));
        drop(worker.await);
        other.await.expect("it is not dropped");
        topics.close();
        let [one, two] = readers;
        let (one, two) = (one.await.expect("it ends"), two.await.expect("it ends"));
        assert_eq!(one, two, "all of them, in one order");
        let others: Vec<_> = one.iter().filter(|number| **number >= 10).collect();
        assert_eq!(others, [&10, &11, &12, &13]);
    });
}
