//! Off, while calls begin and run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mtaio::event::EventEmitter;
use mtaio::{Runtime, RuntimeExt};

use crate::common::{Gate, on_every_runtime};
use crate::journal::Number;

on_every_runtime!(
    seeds = 100;
    no_call_begins_after_off,
    off_does_not_wait_for_a_call_that_runs,
);

async fn no_call_begins_after_off<R: Runtime>(rt: R) {
    for concurrent in [false, true] {
        let emitter = match concurrent {
            true => EventEmitter::builder().concurrent().build(),
            false => EventEmitter::new(),
        };
        let (is_off, begun) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let slow = rt.clone();
        emitter.on(async move |_: &Number| slow.yield_now().await);
        let (off, count) = (Arc::clone(&is_off), Arc::clone(&begun));
        let listener = emitter.on(async move |_: &Number| {
            assert!(!off.load(Ordering::SeqCst), "it began after off");
            count.fetch_add(1, Ordering::SeqCst);
        });
        let emits = [1, 2, 3].map(|number| {
            let (rt, emitter) = (rt.clone(), emitter.clone());
            rt.clone().spawn(async move {
                for _ in 0..20 {
                    assert_eq!(emitter.emit(Number(number)).await.failed(), 0);
                    rt.yield_now().await;
                }
            })
        });
        for _ in 0..rt.entropy() % 30 {
            rt.yield_now().await;
        }
        assert!(listener.off().await);
        is_off.store(true, Ordering::SeqCst);
        for emit in emits {
            emit.await.expect("nothing began after off");
        }
        assert!(begun.load(Ordering::SeqCst) <= 60);
    }
}

async fn off_does_not_wait_for_a_call_that_runs<R: Runtime>(rt: R) {
    let (emitter, gate) = (EventEmitter::new(), Gate::default());
    let waits = gate.clone();
    let listener = emitter.on(async move |_: &Number| waits.passed().await);
    let running = rt.spawn({
        let emitter = emitter.clone();
        async move { emitter.emit(Number(1)).await.ran }
    });
    rt.yield_now().await;
    listener.off().await;
    gate.open();
    assert!(running.await.expect("it ends") <= 1);
}
