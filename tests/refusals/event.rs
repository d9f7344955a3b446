use mtaio::EventEmitter;
use mtaio::event::{Ev, Event, Pattern, Topics};
use mtaio::observable::{Observable, ObservableMap};
use mtaio::queue::{LifoQueue, Overflow, PriorityQueue, Queue};
use mtaio_sim::Sim;

use crate::table::{SOME, Table};

#[derive(Clone, Default)]
struct Login;

impl Event for Login {
    const NAME: &'static str = "user.login";
}

const NO_PATTERNS: [&str; 6] = ["", "user.", ".login", "user.log*", "#.login", "a..b"];
const PATTERN: &str = "words, `*` for a level and a last `#`, with dots between them";

const NO_ROOM: [Overflow; 4] =
    [Overflow::Block(0), Overflow::DropOldest(0), Overflow::DropNewest(0), Overflow::Error(0)];
const ROOM: &str = "a capacity of 1 or more";

pub(crate) fn refuse(rt: &Sim, table: &mut Table) {
    table.each("event::Pattern::new", "pattern", NO_PATTERNS, PATTERN, Pattern::new);
    table.each("event::Pattern::from_str", "pattern", NO_PATTERNS, PATTERN, |pattern| {
        pattern.parse::<Pattern>()
    });

    let emitter = EventEmitter::new();
    table.each("event::EventEmitter::on_pattern", "pattern", NO_PATTERNS, PATTERN, |pattern| {
        emitter.on_pattern(pattern, async |_: &_| {})
    });
    table.each("event::EventEmitter::matching", "pattern", NO_PATTERNS, PATTERN, |pattern| {
        emitter.matching(pattern)
    });
    table.each("event::EventEmitter::suppress", "pattern", NO_PATTERNS, PATTERN, |pattern| {
        emitter.suppress(pattern)
    });
    table.each("event::EventEmitter::keep_last", "pattern", NO_PATTERNS, PATTERN, |pattern| {
        emitter.keep_last(pattern, 1)
    });
    table.period("event::EventEmitter::emit_every", "period", |d| {
        emitter.emit_every(rt, d, Login::default)
    });

    let view = emitter.of::<Login>();
    table.each("event::View::stream", "overflow", NO_ROOM, ROOM, |room| view.stream(room));
    let batch = async |_: &[Ev<Login>]| {};
    table.each("event::View::batch", "size", [0_usize], SOME, |n| view.batch(n).on(rt, batch));
    table.each("event::Batched::on", "size", [0_usize], SOME, |n| view.batch(n).on(rt, batch));
    table.period("event::Batched::within", "within", |d| view.batch(9).within(d).on(rt, batch));
    table.each("event::Batched::buffer", "buffer", NO_ROOM, ROOM, |room| {
        view.batch(9).buffer(room).on(rt, batch)
    });

    let topics = Topics::<u32>::new();
    table.each("event::Topics::subscribe", "pattern", NO_PATTERNS, PATTERN, |pattern| {
        topics.subscribe(pattern, Overflow::Latest)
    });
    table.each("event::Topics::subscribe", "overflow", NO_ROOM, ROOM, |room| {
        topics.subscribe("#", room)
    });

    queues(table);
    observables(table);
}

fn queues(table: &mut Table) {
    table.each("queue::Queue::bounded", "capacity", [0_usize], SOME, Queue::<u32>::bounded);
    table.each("queue::Queue::new", "overflow", NO_ROOM, ROOM, Queue::<u32>::new);
    table.each("queue::LifoQueue::bounded", "capacity", [0_usize], SOME, LifoQueue::<u32>::bounded);
    table.each(
        "queue::PriorityQueue::bounded",
        "capacity",
        [0_usize],
        SOME,
        PriorityQueue::<u8, u32>::bounded,
    );
}

fn observables(table: &mut Table) {
    let (value, map) = (Observable::new(1_u32), ObservableMap::<u32, u32>::new());
    table.each("observable::Observable::changes", "changes", [0_usize], SOME, |n| value.changes(n));
    table.each("observable::Derived::changes", "changes", [0_usize], SOME, |n| {
        value.map(|value| value + 1).changes(n)
    });
    table
        .each("observable::ObservableMap::changes", "changes", [0_usize], SOME, |n| map.changes(n));
}
