//! What an emit allocates, once it has been done before: nothing for its handlers.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use allocation_counter::measure;
use mtaio::event::EventEmitter;

use crate::common::{Wakes, poll_with};
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
    assert_eq!(measure(|| (0..100).for_each(|_| emit())).count_total, 200, "the event and its way");
    let nobody = || now(emitter.emit(Text(String::new())), &wakes);
    assert_eq!(measure(|| (0..100).for_each(|_| nobody())).count_total, 0, "nobody listens");
    assert_eq!(sum.load(Ordering::Relaxed), 1030);
}
