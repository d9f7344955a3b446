//! Emitting later, and again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mtaio::event::EventEmitter;
use mtaio::{Runtime, RuntimeExt};

use crate::common::{ms, on_every_runtime, poll_once};
use crate::journal::Number;

on_every_runtime!(seeds = 10; later, again_and_again);

async fn later<R: Runtime>(rt: R) {
    let emitter = EventEmitter::new();
    emitter.on(async |_: &Number| {});
    let begun = rt.now();
    let task = emitter.emit_after(&rt, ms(20), Number(1));
    let dropped = emitter.emit_after(&rt, ms(10), Number(2));
    drop(dropped);
    assert_eq!(task.await.expect("it emits").ran, 1);
    assert!(rt.now() - begun >= ms(20));
    assert_eq!(emitter.stats().emitted, 1);
    // At once, and never.
    assert_eq!(emitter.emit_after(&rt, Duration::ZERO, Number(3)).await.expect("it emits").ran, 1);
    let mut never = emitter.emit_after(&rt, Duration::MAX, Number(4));
    rt.sleep(ms(20)).await;
    assert!(poll_once(&mut never).await.is_pending());
    drop(never);
    rt.yield_now().await;
    assert_eq!(emitter.stats().emitted, 2);
}

async fn again_and_again<R: Runtime>(rt: R) {
    let (emitter, seen) = (EventEmitter::new(), Arc::new(AtomicU32::new(0)));
    let last = Arc::clone(&seen);
    emitter.on(async move |number: &Number| last.store(number.0, Ordering::SeqCst));
    assert!(emitter.emit_every(&rt, Duration::ZERO, || Number(0)).is_err());
    let mut next = 0;
    let begun = rt.now();
    let third = emitter.wait_for::<Number>(|number| number.0 == 3);
    let ticking = emitter.emit_every(&rt, ms(5), move || {
        next += 1;
        Number(next)
    });
    let ticking = ticking.expect("a period");
    assert_eq!(third.await.expect("it comes").0, 3);
    assert!(rt.now() - begun >= ms(15), "the first in a period");
    drop(ticking);
    rt.sleep(ms(20)).await;
    assert!(seen.load(Ordering::SeqCst) < 6, "it ended");
}
