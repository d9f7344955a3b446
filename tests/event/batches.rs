//! Many events at once: how many, how late, what is waited for, and what is left at the end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mtaio::event::{AnyEvent, BatchListener, Ev, EventEmitter, Priority};
use mtaio::queue::Overflow;
use mtaio::{Runtime, RuntimeExt};

use crate::common::{Gate, block_on, eventually, ms, on_every_runtime};
use crate::journal::{Journal, Number, fails};

on_every_runtime!(
    seeds = 20;
    batches_are_full_but_the_last,
    a_batch_does_not_wait_longer_than_it_may,
    what_comes_while_another_is_handled_is_the_next_one,
    an_emit_waits_for_room_or_has_a_failure,
    a_failure_is_told_and_the_next_batch_comes,
    with_the_emitter_goes_the_last_batch,
    a_handler_may_emit_and_end_it,
    of_names_patterns_and_views,
    off_takes_what_was_taken_in_and_lets_go_of_who_waits,
);

/// The batches that were handled.
type Seen = Arc<Mutex<Vec<Vec<u32>>>>;

fn taking(seen: &Seen) -> impl for<'a> mtaio::event::Handler<'a, [Ev<Number>]> {
    let seen = Arc::clone(seen);
    async move |numbers: &[Ev<Number>]| {
        seen.lock().unwrap().push(numbers.iter().map(|number| number.0).collect());
    }
}

async fn batches_are_full_but_the_last<R: Runtime>(rt: R) {
    let (emitter, seen) = (EventEmitter::new(), Seen::default());
    let numbers = emitter.of::<Number>();
    for (wrong, field) in [
        (numbers.batch(0), "size"),
        (numbers.batch(1).within(ms(0)), "within"),
        (numbers.batch(1).within(Duration::MAX), "within"),
        (numbers.batch(1).buffer(Overflow::Block(0)), "buffer"),
    ] {
        assert_eq!(wrong.on(&rt, taking(&seen)).unwrap_err().field(), field);
    }
    assert_eq!(emitter.stats().listeners, 0);
    let batches = numbers.batch(3).on(&rt, taking(&seen)).unwrap();
    for number in 0..8 {
        let report = emitter.emit(Number(number)).await;
        assert_eq!((report.ran, report.failed()), (1, 0));
    }
    let stats = batches.shutdown().await;
    assert_eq!(*seen.lock().unwrap(), [vec![0, 1, 2], vec![3, 4, 5], vec![6, 7]]);
    assert_eq!((stats.batches, stats.events, stats.failed), (3, 8, 0));
    assert_eq!((stats.waiting, stats.dropped, batches.is_listening()), (0, 0, false));
    assert!(!batches.off().await);
    assert_eq!(emitter.emit(Number(9)).await.ran, 0);
}

async fn a_batch_does_not_wait_longer_than_it_may<R: Runtime>(rt: R) {
    let (emitter, seen) = (EventEmitter::new(), Arc::new(Mutex::new(Vec::new())));
    let (see, clock) = (Arc::clone(&seen), rt.clone());
    let handler = async move |numbers: &[Ev<Number>]| {
        see.lock().unwrap().push((numbers.len(), clock.now()));
    };
    let batches = emitter.of::<Number>().batch(10).within(ms(20)).on(&rt, handler).unwrap();
    for round in 1..=2 {
        let begun = rt.now();
        emitter.emit(Number(1)).await;
        rt.sleep(ms(5)).await;
        emitter.emit(Number(2)).await;
        eventually(&rt, "a batch", || seen.lock().unwrap().len() == round).await;
        let (count, at) = seen.lock().unwrap()[round - 1];
        assert!(count <= 2 && at - begun >= ms(20), "since its oldest came");
    }
    assert_eq!(batches.shutdown().await.events, 4);
}

async fn what_comes_while_another_is_handled_is_the_next_one<R: Runtime>(rt: R) {
    let (emitter, seen, gate) = (EventEmitter::new(), Seen::default(), Gate::default());
    let (see, passes) = (Arc::clone(&seen), gate.clone());
    let handler = async move |numbers: &[Ev<Number>]| {
        passes.passed().await;
        see.lock().unwrap().push(numbers.iter().map(|number| number.0).collect());
    };
    let batches = emitter.of::<Number>().batch(2).within(ms(10)).on(&rt, handler).unwrap();
    for number in 0..3 {
        emitter.emit(Number(number)).await;
    }
    rt.sleep(ms(30)).await;
    gate.open();
    eventually(&rt, "two batches", || batches.stats().batches == 2).await;
    assert_eq!(*seen.lock().unwrap(), [vec![0, 1], vec![2]]);
}

async fn an_emit_waits_for_room_or_has_a_failure<R: Runtime>(rt: R) {
    for (overflow, dropped, failed, last) in [
        (Overflow::DropOldest(2), 2, 0, vec![3, 4]),
        (Overflow::DropNewest(2), 2, 0, vec![1, 2]),
        (Overflow::Error(2), 0, 2, vec![1, 2]),
    ] {
        let (emitter, seen, gate) = (EventEmitter::new(), Seen::default(), Gate::default());
        let batches = gated(&rt, &emitter, &seen, &gate, 1, Some(overflow)).await;
        let mut failures = 0;
        for number in 1..=4 {
            failures += emitter.emit(Number(number)).await.failed();
        }
        assert_eq!(
            (failures, batches.stats().dropped, batches.stats().waiting),
            (failed, dropped, 2)
        );
        gate.open();
        batches.shutdown().await;
        let seen = seen.lock().unwrap().concat();
        assert_eq!((seen[0], &seen[1..]), (0, &*last), "{overflow:?}");
    }
    // Unless said, it waits.
    let (emitter, seen, gate) = (EventEmitter::new(), Seen::default(), Gate::default());
    let batches = gated(&rt, &emitter, &seen, &gate, 1, None).await;
    assert_eq!(emitter.emit(Number(1)).await.ran, 1);
    let waiting = rt.spawn({
        let emitter = emitter.clone();
        async move { emitter.emit(Number(2)).await.ran }
    });
    for _ in 0..5 {
        rt.yield_now().await;
    }
    assert!(!waiting.is_finished(), "there is no room");
    gate.open();
    assert_eq!(waiting.await.expect("there is room"), 1);
    batches.shutdown().await;
    assert_eq!(seen.lock().unwrap().concat(), [0, 1, 2]);
}

/// With one batch, of 0, that is being handled until the gate is open.
async fn gated<R: Runtime>(
    rt: &R,
    emitter: &EventEmitter,
    seen: &Seen,
    gate: &Gate,
    size: usize,
    overflow: Option<Overflow>,
) -> BatchListener {
    let (see, passes, begun) = (Arc::clone(seen), gate.clone(), Gate::default());
    let begins = begun.clone();
    let handler = async move |numbers: &[Ev<Number>]| {
        begins.open();
        passes.passed().await;
        see.lock().unwrap().push(numbers.iter().map(|number| number.0).collect());
    };
    let batches = emitter.of::<Number>().batch(size);
    let batches = match overflow {
        Some(overflow) => batches.buffer(overflow),
        None => batches,
    };
    let batches = batches.on(rt, handler).unwrap();
    emitter.emit(Number(0)).await;
    begun.passed().await;
    batches
}

async fn a_failure_is_told_and_the_next_batch_comes<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let told = journal.clone();
    let emitter = EventEmitter::builder()
        .on_error(move |event, failure| {
            told.note(format!("{:?} {failure}", event.get::<Number>()));
            panic!("a hook's panic is nobody's");
        })
        .build();
    let handler = async |numbers: &[Ev<Number>]| {
        match numbers[0].0 {
            0 => return Err("no"),
            2 => fails("on purpose"),
            _ => {}
        }
        Ok(())
    };
    let view = emitter.of::<Number>().filter(|_| true);
    let batches = view.batch(2).priority(Priority::HIGH).on(&rt, handler).unwrap();
    for number in 0..6 {
        assert_eq!(emitter.emit(Number(number)).await.failed(), 0);
    }
    let stats = batches.shutdown().await;
    assert_eq!((stats.batches, stats.failed), (3, 2));
    let id = batches.id();
    assert_eq!(
        journal.take(),
        [
            format!("Some(Number(0)) handler {id} failed: no"),
            format!("Some(Number(2)) handler {id} panicked: on purpose"),
        ]
    );
}

async fn with_the_emitter_goes_the_last_batch<R: Runtime>(rt: R) {
    let (emitter, seen) = (EventEmitter::new(), Seen::default());
    let batches = emitter.of::<Number>().batch(10).on(&rt, taking(&seen)).unwrap();
    emitter.emit(Number(1)).await;
    emitter.emit(Number(2)).await;
    drop(emitter);
    assert_eq!(batches.shutdown().await.batches, 1);
    assert_eq!(*seen.lock().unwrap(), [[1, 2]]);
}

async fn a_handler_may_emit_and_end_it<R: Runtime>(rt: R) {
    let (emitter, own) = (EventEmitter::new(), Arc::new(Mutex::new(None::<BatchListener>)));
    let (weak, itself) = (emitter.downgrade(), Arc::clone(&own));
    let handler = async move |numbers: &[Ev<Number>]| {
        let emitter = weak.upgrade().expect("it emits");
        match numbers[0].0 {
            0 => {
                let report = emitter.emit(Number(1)).await;
                assert_eq!(report.failed(), 0);
            }
            _ => {
                let itself = itself.lock().unwrap().clone().expect("it is there");
                assert!(itself.off().await);
            }
        }
    };
    let batches = emitter.of::<Number>().batch(1).on(&rt, handler).unwrap();
    *own.lock().unwrap() = Some(batches.clone());
    emitter.emit(Number(0)).await;
    eventually(&rt, "it ends itself", || !batches.is_listening()).await;
    let stats = batches.shutdown().await;
    assert_eq!((stats.batches, stats.failed), (2, 0));
    own.lock().unwrap().take();
}

async fn of_names_patterns_and_views<R: Runtime>(rt: R) {
    let (emitter, journal) = (EventEmitter::new(), Journal::default());
    let noting = journal.clone();
    let named = emitter.named::<u32>("sum").batch(2);
    let named = named.on(&rt, async move |sums: &[Ev<u32>]| {
        noting.note(sums.iter().map(|sum| **sum).sum::<u32>());
    });
    let noting = journal.clone();
    let matching = emitter.matching("user.*").unwrap().batch(2);
    let matching = matching.on(&rt, async move |users: &[Ev<AnyEvent>]| {
        let names: Vec<_> = users.iter().map(|user| user.name()).collect();
        noting.note(names.join(" "));
    });
    for event in ["user.login", "user.logout", "user.login.failed"] {
        emitter.emit_named(event, ()).await;
    }
    matching.unwrap().shutdown().await;
    for number in 1..=3_u32 {
        emitter.emit_named("sum", number).await;
    }
    named.unwrap().shutdown().await;
    assert_eq!(journal.take(), ["user.login user.logout", "3", "3"]);
}

async fn off_takes_what_was_taken_in_and_lets_go_of_who_waits<R: Runtime>(rt: R) {
    let (emitter, seen, gate) = (EventEmitter::new(), Seen::default(), Gate::default());
    let batches = gated(&rt, &emitter, &seen, &gate, 1, None).await;
    emitter.emit(Number(1)).await;
    let waiting = rt.spawn({
        let emitter = emitter.clone();
        async move { emitter.emit(Number(2)).await }
    });
    eventually(&rt, "it emits", || emitter.stats().emitted == 3).await;
    rt.yield_now().await;
    assert!(batches.off().await);
    let report = waiting.await.expect("it is let go");
    // Or it was not told any more.
    assert_eq!((report.failed(), report.ran), (report.ran, report.failed()));
    gate.open();
    batches.shutdown().await;
    assert_eq!(seen.lock().unwrap().concat(), [0, 1]);
}

#[test]
fn without_its_runtime_it_has_ended() {
    let executor = Arc::new(smol::Executor::new());
    let rt = mtaio_smol::Smol::new(&executor);
    let (emitter, seen) = (EventEmitter::new(), Seen::default());
    let batches = emitter.of::<Number>().batch(2).on(&rt, taking(&seen)).unwrap();
    assert_eq!(block_on(emitter.emit(Number(1))).failed(), 0);
    drop(executor);
    let report = block_on(emitter.emit(Number(2)));
    let told = report.failures[0].error.to_string();
    assert_eq!((report.failed(), &*told), (1, "failed: no batches are made any more"));
    assert_eq!(block_on(batches.shutdown()).batches, 0);
}
