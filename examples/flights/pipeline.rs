//! The work: read, watch, enrich, write, summarise. It knows `Runtime` and no runtime.
//!
//! A flight whose lookup came to nothing goes back and is tried again with those that come after
//! it: none is dropped. What is worth telling is emitted; see `news.rs`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::stream;
use mtaio::event::EventEmitter;
use mtaio::monitor::RunTotals;
use mtaio::pipeline::{Batch, Letter, Parallel, PipelineError, Stage, pipeline};
use mtaio::{Runtime, RuntimeExt};

use super::airports::Airports;
use super::console::Told;
use super::csv::Malformed;
use super::dead_letters::DeadLetters;
use super::failure::Failure;
use super::flight::{Flight, Flights, Status};
use super::journal::Journal;
use super::lookups::{Lookups, Unanswered};
use super::news::{BatchWritten, FlightCancelled, RowMalformed};
use super::reader::{Again, Answers, Parsed, Row, rows};
use super::summary::Summary;
use super::tables::Aircraft;

/// Flights that are looked up at once.
const FLIGHTS: usize = 64;

/// What is written at once.
const BATCH: Batch = Batch::size(500).within(Duration::from_millis(100));

/// A flight and what the lookups told of it.
pub struct Enriched {
    pub row: u64,
    pub flight: Arc<Flight>,
    pub airline: Option<String>,
    /// Of a cancelled flight it is not asked for.
    pub aircraft: Option<Aircraft>,
    /// By a run before this one.
    pub is_written: bool,
}

/// What the work is done with, and what comes of it.
pub struct Desk<R> {
    pub lookups: Arc<Lookups<R>>,
    pub emitter: EventEmitter,
    /// Of what has come through so far.
    pub summary: Arc<Mutex<Summary>>,
    pub runs: RunTotals,
}

impl<R: Runtime> Desk<R> {
    pub fn new(lookups: Lookups<R>) -> Self {
        let (emitter, runs) = (EventEmitter::new(), RunTotals::new());
        Self { lookups: Arc::new(lookups), emitter, summary: Arc::default(), runs }
    }
}

/// Where rows are written, if that is asked for.
#[derive(Default)]
pub struct Outputs {
    pub journal: Option<Journal>,
    pub dead_letters: Option<DeadLetters>,
}

/// Takes all flights through the pipeline. A malformed row goes to the dead letters, and stops
/// nothing.
pub async fn work<R: Runtime>(
    rt: &R,
    flights: Flights,
    desk: &Desk<R>,
    Outputs { mut journal, dead_letters }: Outputs,
    tell: impl FnMut(Told) + Send,
) -> Result<(), Failure> {
    let Desk { lookups, emitter, summary, runs } = desk;
    let written = journal.as_mut().map(Journal::take_written).unwrap_or_default();
    let (again, lookups) = (Again::default(), Arc::clone(lookups));
    let post = Post::new(rt, dead_letters, emitter);
    let (to_again, or_end) = (Arc::clone(&again), Arc::clone(&again));

    let pipeline = pipeline::<Failure>()
        // A file that can't be read any more ends the run.
        .then(async |row: Result<Parsed, Failure>| row)
        .then(async |row: Parsed| row)
        .dead_letter(async move |letter: Letter<Parsed, Arc<Malformed>>| {
            let Some(row) = letter.error else { return };
            // So does a file that can't be written.
            if let Err(failure) = post.send(row).await {
                locked(&or_end).push_back(Err(failure));
            }
        })
        .then(Watch { airports: Mutex::default(), emitter: emitter.clone() })
        .map_async(Parallel::unordered(FLIGHTS), async move |row: Row| enrich(&lookups, row).await)
        .dead_letter(async move |letter: Letter<Row, Unanswered>| {
            let row = Row { is_back: true, ..letter.item };
            // One that panics would do so for ever.
            let again = letter.error.map_or(Err(Failure::LookupPanicked), |_| Ok(Ok(row)));
            locked(&to_again).push_back(again);
        })
        .batch(BATCH, Write::new(rt, journal, emitter.clone()))
        .build()?;

    let summary = Arc::clone(summary);
    let add = async move |batch: Vec<Enriched>| {
        let mut summary = locked(&summary);
        batch.into_iter().for_each(|enriched| summary.add(enriched));
    };
    let rows = rows(rt, flights, Arc::clone(&again), written, tell);
    let report = pipeline.run(rt, rows).for_each(add.clone()).await;
    runs.add(&report);
    report.into_result().map_err(failure)?;
    // What goes back while the last rows are on their way finds no more of them.
    loop {
        let left: Vec<_> = locked(&again).drain(..).collect();
        if left.is_empty() {
            return Ok(());
        }
        let report = pipeline.run(rt, stream::iter(left)).for_each(add.clone()).await;
        runs.add(&report);
        report.into_result().map_err(failure)?;
    }
}

fn failure(error: PipelineError<Failure>) -> Failure {
    match error {
        PipelineError::Failed { error, .. } => error,
        other => Failure::Stage(other.to_string()),
    }
}

/// Sees each flight once, in the order of the file, and tells what is worth telling.
struct Watch {
    airports: Mutex<Airports>,
    emitter: EventEmitter,
}

impl Stage<Row> for Watch {
    type Out = Row;
    type Err = Failure;

    async fn process(&self, row: Row) -> Result<Row, Failure> {
        if row.is_back {
            return Ok(row);
        }
        match &row.flight.status {
            Status::Cancelled => {
                self.emitter.emit(FlightCancelled).await;
            }
            Status::Departed { delay, .. } => {
                let alert = locked(&self.airports).departed(row.flight.origin.as_deref(), *delay);
                if let Some(alert) = alert {
                    self.emitter.emit(alert).await;
                }
            }
        }
        Ok(row)
    }
}

/// Asks what is known of a flight.
async fn enrich<R: Runtime>(lookups: &Lookups<R>, row: Row) -> Result<Enriched, Unanswered> {
    let Row { number: row, flight, answers, .. } = row;
    let is_written = answers.is_some();
    let (airline, aircraft) = match answers {
        Some(answers) => answers,
        None => look_up(lookups, &flight).await?,
    };
    Ok(Enriched { row, flight, airline, aircraft, is_written })
}

async fn look_up<R: Runtime>(lookups: &Lookups<R>, flight: &Flight) -> Result<Answers, Unanswered> {
    let answers = try_look_up(lookups, flight).await;
    if let Err(unanswered) = &answers {
        lookups.spare(unanswered).await;
    }
    answers
}

async fn try_look_up<R: Runtime>(
    lookups: &Lookups<R>,
    flight: &Flight,
) -> Result<Answers, Unanswered> {
    let airline = lookups.airline(&flight.carrier).await?;
    let aircraft = match flight.tailnum() {
        Some(tailnum) => lookups.aircraft(tailnum).await?,
        None => None,
    };
    Ok((airline, aircraft))
}

/// Writes malformed rows down, where blocking hurts nobody, if that is asked for.
#[derive(Clone)]
struct Post<R> {
    rt: R,
    dead_letters: Option<Arc<Mutex<DeadLetters>>>,
    emitter: EventEmitter,
}

impl<R: Runtime> Post<R> {
    fn new(rt: &R, dead_letters: Option<DeadLetters>, emitter: &EventEmitter) -> Self {
        let dead_letters = dead_letters.map(|letters| Arc::new(Mutex::new(letters)));
        Self { rt: rt.clone(), dead_letters, emitter: emitter.clone() }
    }

    async fn send(&self, row: Arc<Malformed>) -> Result<(), Failure> {
        if let Some(dead_letters) = self.dead_letters.clone() {
            let written = self.rt.unblock(move || locked(&dead_letters).write(&row));
            written.await.map_err(Failure::Writing)??;
        }
        self.emitter.emit(RowMalformed).await;
        Ok(())
    }
}

/// Writes batches down, where blocking hurts nobody, if that is asked for.
struct Write<R> {
    rt: R,
    journal: Option<Arc<Mutex<Journal>>>,
    emitter: EventEmitter,
}

impl<R> Write<R> {
    fn new(rt: &R, journal: Option<Journal>, emitter: EventEmitter) -> Self
    where
        R: Clone,
    {
        let journal = journal.map(|journal| Arc::new(Mutex::new(journal)));
        Self { rt: rt.clone(), journal, emitter }
    }

    async fn write(&self, batch: Vec<Enriched>) -> Result<Vec<Enriched>, Failure>
    where
        R: Runtime,
    {
        let Some(journal) = self.journal.clone() else { return Ok(batch) };
        let written = self.rt.unblock(move || {
            locked(&journal).write(&batch)?;
            Ok(batch)
        });
        written.await.map_err(Failure::Writing)?
    }
}

impl<R: Runtime> Stage<Vec<Enriched>> for Write<R> {
    type Out = Vec<Enriched>;
    type Err = Failure;

    async fn process(&self, batch: Vec<Enriched>) -> Result<Vec<Enriched>, Failure> {
        let batch = self.write(batch).await?;
        self.emitter.emit(BatchWritten { flights: batch.len() }).await;
        Ok(batch)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
