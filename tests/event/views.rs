//! Views: filters, maps, streams, and what is kept for those who come late.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use mtaio::event::{AnyEvent, EventEmitter, Priority};
use mtaio::queue::Overflow;
use mtaio::{Runtime, RuntimeExt};

use crate::common::on_every_runtime;
use crate::journal::{Journal, Number, Text, fails};

on_every_runtime!(
    seeds = 20;
    a_map_runs_once_an_event_however_many_listen,
    views_of_views,
    a_filter_that_panics_is_a_failure_of_its_view,
    a_stream_has_a_room_of_its_own,
    a_stream_that_is_dropped_lets_go_of_an_emit,
    a_stream_ends_with_its_emitter,
    what_is_kept_is_replayed,
);

async fn a_map_runs_once_an_event_however_many_listen<R: Runtime>(_rt: R) {
    let (emitter, made) = (EventEmitter::new(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&made);
    let texts = emitter.of::<Number>().map(move |number| {
        count.fetch_add(1, Ordering::SeqCst);
        Text(number.0.to_string())
    });
    for _ in 0..3 {
        texts.on(async |text: &Text| assert_eq!(text.0, "7"));
    }
    let report = emitter.emit(Number(7)).await;
    assert_eq!((report.ran, report.failed(), made.load(Ordering::SeqCst)), (3, 0, 1));
    // Mapped in the view: nobody else sees it.
    emitter.on(async |_: &Text| fails("it is not emitted"));
    assert_eq!(emitter.emit(Number(7)).await.failed(), 0);
}

async fn views_of_views<R: Runtime>(_rt: R) {
    let (emitter, journal) = (EventEmitter::new(), Journal::default());
    let even = emitter.of::<Number>().filter(|number| number.0 % 2 == 0);
    let halves = even.filter_map(|number| (number.0 > 2).then(|| Text((number.0 / 2).to_string())));
    let lengths = halves.map_value(|text| text.0.len());
    let whole = lengths.whole();
    let noting = journal.clone();
    lengths.on(async move |length: &usize| noting.note(length));
    let noting = journal.clone();
    whole.on(async move |event: &AnyEvent| noting.note(event.name()));
    for number in 1..=4 {
        emitter.emit(Number(number)).await;
    }
    emitter.emit(Number(200)).await;
    assert_eq!(journal.take(), ["1", "text", "3", "text"]);
    let renamed = emitter.all().map(|event| event.with_name("other").with_metadata("by", "map"));
    let noting = journal.clone();
    renamed.on_with(Priority::HIGH, async move |event: &AnyEvent| {
        noting.note(format!("{} {:?}", event.name(), event.metadata("by")));
    });
    emitter.emit(Number(1)).await;
    assert_eq!(journal.take(), ["other Some(\"map\")"]);
}

async fn a_filter_that_panics_is_a_failure_of_its_view<R: Runtime>(_rt: R) {
    let emitter = EventEmitter::new();
    let view = emitter.of::<Number>().filter(|number| {
        assert!(number.0 < 5, "too much");
        true
    });
    view.on(async |_: &Number| {});
    emitter.on(async |_: &Number| {});
    assert_eq!(emitter.emit(Number(9)).await.failed(), 1);
    let report = emitter.emit(Number(1)).await;
    assert_eq!((report.ran, report.failed()), (2, 0));
}

async fn a_stream_has_a_room_of_its_own<R: Runtime>(_rt: R) {
    let emitter = EventEmitter::new();
    let numbers = emitter.of::<Number>();
    let mut oldest = numbers.stream(Overflow::DropOldest(2)).unwrap();
    let mut refusing = numbers.filter(|number| number.0 > 1).stream(Overflow::Error(1)).unwrap();
    assert!(numbers.stream(Overflow::Block(0)).is_err());
    for number in 1..=3 {
        let report = emitter.emit(Number(number)).await;
        assert_eq!(report.failed(), usize::from(number == 3), "the second that it is for");
    }
    assert_eq!(oldest.next().await.as_deref(), Some(&Number(2)));
    assert_eq!(oldest.next().await.as_deref(), Some(&Number(3)));
    assert_eq!((oldest.dropped(), oldest.len()), (1, 0));
    let kept = refusing.next().await.expect("an event");
    assert_eq!((&*kept, kept.whole().name()), (&Number(2), "number"));
    drop((oldest, refusing));
    assert_eq!(emitter.stats().listeners, 0);
}

async fn a_stream_that_is_dropped_lets_go_of_an_emit<R: Runtime>(rt: R) {
    let emitter = EventEmitter::new();
    let stream = emitter.of::<Number>().stream(Overflow::Block(1)).unwrap();
    assert_eq!(emitter.emit(Number(1)).await.ran, 1);
    let waiting = rt.spawn({
        let emitter = emitter.clone();
        async move { emitter.emit(Number(2)).await.ran }
    });
    rt.yield_now().await;
    drop(stream);
    assert!(waiting.await.expect("it ends") < 2);
}

async fn a_stream_ends_with_its_emitter<R: Runtime>(_rt: R) {
    let emitter = EventEmitter::new();
    let mut stream = emitter.all().stream(Overflow::Block(4)).unwrap();
    let waiting = emitter.wait_for::<Text>(|_| true);
    emitter.emit(Number(1)).await;
    drop(emitter);
    assert_eq!(stream.next().await.expect("it is there").get::<Number>(), Some(&Number(1)));
    assert!(stream.next().await.is_none());
    assert!(waiting.await.is_none());
}

async fn what_is_kept_is_replayed<R: Runtime>(_rt: R) {
    let (emitter, journal) = (EventEmitter::new(), Journal::default());
    emitter.keep_last("number", 3).unwrap();
    emitter.keep_last("#", 1).unwrap();
    for number in 1..=5 {
        emitter.emit(Number(number)).await;
    }
    let noting = journal.clone();
    let replay = emitter.on_replayed(async move |number: &Number| {
        noting.note(number.0);
        if number.0 == 4 { Err("no") } else { Ok(()) }
    });
    let (listener, report) = replay.await;
    assert_eq!(
        (journal.take(), report.ran, report.failed()),
        (vec!["3".into(), "4".into(), "5".into()], 3, 1)
    );
    emitter.emit(Number(6)).await;
    assert_eq!(journal.take(), ["6"]);
    assert!(listener.off().await);
    let recent = emitter.of::<Number>().filter(|number| number.0 != 5).recent();
    assert_eq!(recent.iter().map(|number| number.0).collect::<Vec<_>>(), [4, 6]);
    emitter.keep_last("number", 1).unwrap();
    emitter.emit(Text("last".into())).await;
    assert_eq!(emitter.all().recent().len(), 2);
    emitter.keep_last("number", 0).unwrap();
    assert_eq!(emitter.all().recent().len(), 1);
}
