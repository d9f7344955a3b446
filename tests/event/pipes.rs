//! Pipes: through filters and maps, in chains, and in loops.

use mtaio::Runtime;
use mtaio::event::{AnyEvent, EventEmitter, Flow, Priority};

use crate::common::on_every_runtime;
use crate::journal::{Journal, Number, Text, fails};

on_every_runtime!(
    seeds = 10;
    the_guide_chains_views,
    a_filtered_one_goes_on_through_its_filter_and_a_mapped_one_through_its_map,
    loops_end,
    a_map_may_lead_back_to_its_emitter,
    who_stops_behind_a_pipe_stops_there,
    a_pipe_ends,
);

#[derive(Clone, Debug, PartialEq)]
struct Data {
    priority: &'static str,
    processed: bool,
}

fn data(priority: &'static str) -> Data {
    Data { priority, processed: false }
}

fn noting(view: &mtaio::event::View<AnyEvent>, journal: &Journal, who: &'static str) {
    let journal = journal.clone();
    view.on(async move |event: &AnyEvent| {
        let data = event.get::<Data>().expect("data");
        journal.note(format!("{who}: {} {}", data.priority, data.processed));
    });
}

/// As it stands in the guide.
async fn the_guide_chains_views<R: Runtime>(_rt: R) {
    let (emitter, journal) = (EventEmitter::new(), Journal::default());
    let filtered =
        emitter.filter(|event| event.get::<Data>().is_some_and(|data| data.priority == "high"));
    let transformed = emitter.map(|event| match event.get::<Data>() {
        Some(data) => event.with_payload(Data { processed: true, ..data.clone() }),
        None => event.clone(),
    });
    noting(&filtered, &journal, "filtered");
    noting(&transformed, &journal, "transformed");

    // Each is fed by its emitter.
    emitter.emit_named("user", data("low")).await;
    assert_eq!(journal.take(), ["transformed: low true"]);
    emitter.emit_named("user", data("high")).await;
    assert_eq!(journal.take(), ["filtered: high false", "transformed: high true"]);

    // And in a chain by what leads into it.
    let into_filtered = emitter.pipe(&filtered);
    let into_transformed = filtered.pipe(&transformed);
    emitter.emit_named("user", data("low")).await;
    assert_eq!(journal.take(), [""; 0]);
    let report = emitter.emit_named("user", data("high")).await;
    assert_eq!(journal.take(), ["filtered: high false", "transformed: high true"]);
    assert_eq!((report.ran, report.failed()), (2, 0));

    assert!(into_filtered.off().await && into_transformed.off().await);
    emitter.emit_named("user", data("low")).await;
    assert_eq!(journal.take(), ["transformed: low true"]);
}

async fn a_filtered_one_goes_on_through_its_filter_and_a_mapped_one_through_its_map<R: Runtime>(
    _rt: R,
) {
    let (from, to, journal) = (EventEmitter::new(), EventEmitter::new(), Journal::default());
    from.of::<Number>().filter(|number| number.0 > 1).pipe(&to);
    from.of::<Number>().map(|number| Text(number.0.to_string())).pipe(&to);
    let seen = journal.clone();
    to.on(async move |number: &Number| seen.note(number.0));
    let seen = journal.clone();
    to.on(async move |text: &Text| seen.note(format!("text {}", text.0)));
    for number in 1..=2 {
        from.emit(Number(number)).await;
    }
    assert_eq!(journal.take(), ["text 1", "2", "text 2"]);
    // Into a view of a type come those of the type.
    let numbers = EventEmitter::new();
    let seen = journal.clone();
    numbers.all().on(async move |event: &AnyEvent| seen.note(event.name()));
    to.pipe(&numbers.of::<Number>());
    from.emit(Number(5)).await;
    assert_eq!(journal.take(), ["5", "number", "text 5"]);
    assert_eq!(numbers.stats().emitted, 1);
}

async fn loops_end<R: Runtime>(_rt: R) {
    let (a, b) = (EventEmitter::new(), EventEmitter::new());
    let journal = Journal::default();
    for (emitter, name) in [(&a, "a"), (&b, "b")] {
        let journal = journal.clone();
        emitter.on(async move |number: &Number| journal.note(format!("{name}{}", number.0)));
    }
    let pipes = [a.pipe(&b), b.pipe(&a), a.pipe(&a)];
    a.emit(Number(1)).await;
    assert_eq!(journal.take(), ["a1", "b1"], "each is told once");
    assert_eq!((a.stats().looped, b.stats().looped), (2, 0));
    for pipe in pipes {
        pipe.off().await;
    }
    // What changes on the way comes back, and then passes no pipe twice.
    let up = |number: &Number| Number(number.0 + 1);
    let pipes = [a.of::<Number>().map(up).pipe(&b), b.of::<Number>().map(up).pipe(&a)];
    a.emit(Number(1)).await;
    assert_eq!(journal.take(), ["a1", "b2", "a3"]);
    for pipe in pipes {
        pipe.off().await;
    }
    // Among views.
    let (one, two) = (a.all().filter(|_| true), a.all().filter(|_| true));
    one.on(async |_: &AnyEvent| {});
    two.on(async |_: &AnyEvent| {});
    let pipes = [a.pipe(&one), one.pipe(&two), two.pipe(&one)];
    assert_eq!(a.emit(Number(1)).await.ran, 3);
    for pipe in pipes {
        pipe.off().await;
    }
}

async fn a_map_may_lead_back_to_its_emitter<R: Runtime>(_rt: R) {
    let (emitter, journal) = (EventEmitter::new(), Journal::default());
    emitter.of::<Number>().map(|number| Text(number.0.to_string())).pipe(&emitter);
    let seen = journal.clone();
    emitter.on(async move |text: &Text| seen.note(&text.0));
    let report = emitter.emit(Number(3)).await;
    assert_eq!((journal.take(), report.ran), (vec![String::from("3")], 1));
    let weak = emitter.downgrade();
    drop(emitter);
    assert!(weak.upgrade().is_none(), "it does not keep itself alive");
}

async fn who_stops_behind_a_pipe_stops_there<R: Runtime>(_rt: R) {
    let (from, to) = (EventEmitter::new(), EventEmitter::new());
    from.pipe(&to);
    from.on(async |_: &Number| {});
    to.on_with(Priority::HIGH, async |_: &Number| Flow::Stop);
    to.on(async |_: &Number| fails("it was stopped"));
    let report = from.emit(Number(1)).await;
    assert_eq!((report.ran, report.failed(), report.stopped), (2, 0, false));
    assert_eq!((from.stats().ran, to.stats().ran), (1, 1), "each counts its own");
    // Nobody is told there of what is suppressed there.
    let _suppressed = to.suppress("number").unwrap();
    let report = from.emit(Number(1)).await;
    assert_eq!((report.ran, report.suppressed, to.stats().suppressed), (1, false, 1));
}

async fn a_pipe_ends<R: Runtime>(_rt: R) {
    let (from, to) = (EventEmitter::new(), EventEmitter::new());
    to.on(async |_: &Number| {});
    let guard = from.pipe(&to).guarded();
    assert_eq!(from.emit(Number(1)).await.ran, 1);
    drop(guard);
    assert_eq!((from.emit(Number(1)).await.ran, from.stats().listeners), (0, 0));
}
