//! What an emit allocates, once it has been done before: nothing.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use allocation_counter::measure;
use mtaio::event::{AnyEvent, EventEmitter};

use crate::common::{Held, Wakes, poll_with};
use crate::journal::{Number, Text};

fn now<F: Future>(future: F, wakes: &Arc<Wakes>) {
    assert!(poll_with(pin!(future), wakes).is_ready());
}

#[test]
fn an_emit() {
    let (emitter, wakes) = (EventEmitter::new(), Wakes::new());
    let sum = Arc::new(AtomicUsize::new(0));
    for _ in 0..10 {
        let sum = Arc::clone(&sum);
        emitter.on(async move |number: &Number| {
            sum.fetch_add(number.0 as usize, Ordering::Relaxed);
        });
    }
    let emit = || now(emitter.emit(Number(1)), &wakes);
    (0..3).for_each(|_| emit());
    assert_eq!(measure(|| (0..100).for_each(|_| emit())).count_total, 0, "told to ten");
    let nobody = || now(emitter.emit(Text(String::new())), &wakes);
    assert_eq!(measure(|| (0..100).for_each(|_| nobody())).count_total, 0, "nobody listens");
    assert_eq!(sum.load(Ordering::Relaxed), 1030);
    // By names that are made for it.
    emitter.named::<u32>("number").on(async |_: &u32| {});
    let named = || now(emitter.emit_named("number", 1_u32), &wakes);
    (0..3).for_each(|_| named());
    assert_eq!(measure(|| (0..100).for_each(|_| named())).count_total, 0, "by name");
}

/// The memory of an event serves for the next one; the event itself does not stay.
#[test]
fn an_event_goes_with_its_emit_unless_it_is_kept() {
    let (emitter, wakes) = (EventEmitter::new(), Wakes::new());
    let kept = Arc::new(Mutex::new(Vec::new()));
    emitter.named::<Arc<Held>>("held").on(async |_: &Arc<Held>| {});
    let keep = Arc::clone(&kept);
    let keeping =
        emitter.all().on(async move |event: &AnyEvent| keep.lock().unwrap().push(event.clone()));
    let emit = || {
        let (held, was_dropped) = Held::new();
        now(emitter.emit_named("held", Arc::new(held)), &wakes);
        was_dropped
    };
    let one = emit();
    assert!(!one(), "it is kept");
    let other = emit();
    assert!(!one() && !other());
    kept.lock().unwrap().remove(0);
    assert!(one() && !other(), "each is its own");
    assert!(kept.lock().unwrap()[0].get::<Arc<Held>>().is_some());
    kept.lock().unwrap().clear();
    assert!(other());
    now(keeping.off(), &wakes);
    (0..3).for_each(|_| assert!(emit()(), "it goes at once"));
}
