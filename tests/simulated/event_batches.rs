//! Batches: each event that was taken in is in one of them, in order, none is late, and none small
//! before its time.

use std::sync::{Arc, Mutex};

use mtaio::RuntimeExt;
use mtaio::event::{Ev, Event, EventEmitter};
use mtaio::queue::Overflow;
use mtaio_runtime::{Instant, Runtime};
use mtaio_sim::Sim;

use crate::common::{WORKER, ms, survives};

const SIZE: usize = 3;
const WITHIN: u64 = 10;
/// By which a timer may be late: that of the batch, and that of a handler.
const LATE: u64 = 3;

#[derive(Clone, Copy)]
struct Stamped {
    from: usize,
    number: usize,
    at: Instant,
}

impl Event for Stamped {
    const NAME: &'static str = "stamped";
}

struct Handled {
    events: Vec<Stamped>,
    begun: Instant,
    ended: Instant,
}

async fn batching(rt: Sim) {
    let (handled, taken) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let emitter = EventEmitter::new();
    let (clock, see) = (rt.clone(), Arc::clone(&handled));
    let handler = async move |events: &[Ev<Stamped>]| {
        let begun = clock.now();
        match clock.entropy() % 4 {
            0 => clock.sleep(ms(15)).await,
            1 => clock.yield_now().await,
            _ => {}
        }
        let events = events.iter().map(|event| **event).collect();
        see.lock().expect("no panic").push(Handled { events, begun, ended: clock.now() });
    };
    let batches = emitter.of::<Stamped>().batch(SIZE).within(ms(WITHIN));
    let batches = match rt.entropy() % 3 {
        0 => batches.buffer(Overflow::Error(1)),
        1 => batches.buffer(Overflow::Block(1)),
        _ => batches,
    };
    let batches = batches.on(&rt, handler).expect("a size and a time");
    let emits = [WORKER, "one", "two"].into_iter().enumerate().map(|(from, name)| {
        let (rt, emitter, taken) = (rt.clone(), emitter.clone(), Arc::clone(&taken));
        rt.clone().spawn_named(name, async move {
            for number in 0..6 {
                let report = emitter.emit(Stamped { from, number, at: rt.now() }).await;
                if report.ran == 1 && report.failed() == 0 {
                    taken.lock().expect("no panic").push((from, number));
                }
                match rt.entropy() % 4 {
                    0 => rt.sleep(ms(rt.entropy() % 20)).await,
                    1 => {}
                    _ => rt.yield_now().await,
                }
            }
        })
    });
    for emit in emits.collect::<Vec<_>>() {
        // The worker may have been dropped.
        drop(emit.await);
    }
    let off = rt.now();
    let stats = batches.shutdown().await;

    let handled = handled.lock().expect("no panic");
    let all: Vec<_> = handled.iter().flat_map(|batch| &batch.events).collect();
    assert_eq!((stats.events, stats.batches), (all.len() as u64, handled.len() as u64));
    assert_eq!((stats.failed, stats.waiting), (0, 0));
    for (from, number) in taken.lock().expect("no panic").iter() {
        let times = all.iter().filter(|event| (event.from, event.number) == (*from, *number));
        assert_eq!(times.count(), 1, "{number} of {from} was taken in");
    }
    for from in 0..3 {
        let numbers = all.iter().filter(|event| event.from == from).map(|event| event.number);
        assert!(numbers.is_sorted_by(|one, next| one < next), "in order, and each once");
    }
    let mut free = Instant::ZERO;
    for batch in handled.iter() {
        assert!((1..=SIZE).contains(&batch.events.len()));
        let oldest = batch.events[0].at;
        let due = oldest.saturating_add(ms(WITHIN));
        assert!(batch.begun <= due.max(free).saturating_add(ms(LATE)), "it is late");
        // A small one has had its time, or is the last.
        assert!(batch.events.len() == SIZE || batch.begun >= due || batch.begun >= off);
        free = batch.ended;
    }
}

#[test]
fn batches_survive() {
    survives(batching);
}
