//! Events that are filtered, changed and led on: the views of an emitter, chained by pipes, as the
//! Python framework's guide does it.
//!
//! ```text
//! cargo run --example event_views -- --runtime smol
//! ```
//!
//! It prints what happened, and exits non-zero when that is not what must happen.

use std::process::ExitCode;

use mtaio::Runtime;
use mtaio::event::{AnyEvent, Event, EventEmitter, View};

mod common;

use self::common::Journal;

/// What the events carry.
#[derive(Clone, Debug)]
struct Data {
    priority: &'static str,
    processed: bool,
}

/// What becomes of an urgent event.
struct Urgent {
    about: String,
}

impl Event for Urgent {
    const NAME: &'static str = "urgent";
}

/// Notes every event that comes to `view`.
fn listen(journal: &Journal, view: &View<AnyEvent>, name: &'static str) {
    let journal = journal.clone();
    view.on(async move |event: &AnyEvent| {
        let data = event.get::<Data>().ok_or("it carries no data")?;
        let Data { priority, processed } = data;
        journal.note(format_args!("{name}: {} {priority} {processed}", event.name()));
        Ok::<_, &str>(())
    });
}

fn main() -> ExitCode {
    common::run(views)
}

async fn views<R: Runtime>(_rt: R, sabotage: bool) -> Result<(), String> {
    let (emitter, journal) = (EventEmitter::new(), Journal::default());

    // Filter the events.
    let filtered =
        emitter.filter(|event| event.get::<Data>().is_some_and(|data| data.priority == "high"));

    // Change the events.
    let transformed = emitter.map(|event| match event.get::<Data>() {
        Some(data) => event.with_payload(Data { processed: true, ..data.clone() }),
        None => event.clone(),
    });

    listen(&journal, &filtered, "filtered");
    listen(&journal, &transformed, "transformed");

    // Chain them.
    emitter.pipe(&filtered);
    let chained = filtered.pipe(&transformed);
    if sabotage {
        chained.off().await;
    }

    for priority in ["low", "high"] {
        emitter.emit_named("task.new", Data { priority, processed: false }).await;
    }
    journal.is(&["filtered: task.new high false", "transformed: task.new high true"])?;

    // Lead what comes of it on to another emitter, as an event of a type.
    let desk = EventEmitter::new();
    transformed.map(|event| Urgent { about: event.name().to_owned() }).pipe(&desk);
    let noting = journal.clone();
    desk.on(async move |urgent: &Urgent| noting.note(format_args!("urgent: {}", urgent.about)));

    let report = emitter.emit_named("task.due", Data { priority: "high", processed: false }).await;
    journal.is(&[
        "filtered: task.due high false",
        "transformed: task.due high true",
        "urgent: task.due",
    ])?;
    if (report.ran, report.failed()) != (3, 0) {
        return Err(format!("three handlers were to run, not {report:?}"));
    }
    Ok(())
}
