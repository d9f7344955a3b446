//! The work: read, watch, enrich, write, summarise. It knows `Runtime` and no runtime.
//!
//! A row that is malformed goes to the dead letters. A flight whose lookup came to nothing goes
//! back and is tried again with those that come after it: none is dropped. What is worth telling is
//! emitted; see `news.rs`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{StreamExt, stream};
use mtaio::Runtime;
use mtaio::event::EventEmitter;
use mtaio::monitor::RunTotals;
use mtaio::pipeline::{Batch, Letter, Parallel, PipelineError, Stage, pipeline};

use super::airports::Airports;
use super::console::Told;
use super::csv::Malformed;
use super::dead_letters::DeadLetters;
use super::failure::Failure;
use super::flight::{Flight, Flights, Status};
use super::journal::Journal;
use super::lookups::{Lookups, Unanswered};
use super::news::FlightCancelled;
use super::reader::{Again, Answers, Parsed, Row, rows};
use super::summary::Summary;
use super::tables::Aircraft;
use super::writers::{BatchWriter, LetterWriter};

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

/// Takes all rows through the pipeline.
pub async fn work<R: Runtime>(
    rt: &R,
    flights: Flights,
    desk: &Desk<R>,
    Outputs { mut journal, dead_letters }: Outputs,
    tell: impl FnMut(Told) + Send,
) -> Result<(), Failure> {
    let Desk { lookups, emitter, summary, runs } = desk;
    let written = journal.as_mut().map(Journal::take_written).unwrap_or_default();
    let lookups = Arc::clone(lookups);
    let again = Again::default();
    let (goes_back, ends) = (Arc::clone(&again), Arc::clone(&again));
    let letters = LetterWriter::new(rt, dead_letters, emitter);
    let batches = BatchWriter::new(rt, journal, emitter);

    let pipeline = pipeline::<Failure>()
        // A file that can't be read any more ends the run.
        .then(async |row: Result<Parsed, Failure>| row)
        // A row that is malformed goes to the dead letters, and ends nothing;
        .then(async |row: Parsed| row)
        .dead_letter(async move |letter: Letter<Parsed, Arc<Malformed>>| {
            let Some(row) = letter.error else { return };
            // unless they can't be written.
            if let Err(failure) = letters.write(row).await {
                locked(&ends).push_back(Err(failure));
            }
        })
        .then(Watch { airports: Mutex::default(), emitter: emitter.clone() })
        .map_async(Parallel::unordered(FLIGHTS), async move |row: Row| enrich(&lookups, row).await)
        .dead_letter(async move |letter: Letter<Row, Unanswered>| {
            let row = Row { is_back: true, ..letter.item };
            // One that panics would do so for ever.
            let again = letter.error.map_or(Err(Failure::LookupPanicked), |_| Ok(Ok(row)));
            locked(&goes_back).push_back(again);
        })
        .batch(BATCH, batches)
        .build()?;

    let summary = Arc::clone(summary);
    let add = async move |batch: Vec<Enriched>| {
        let mut summary = locked(&summary);
        batch.into_iter().for_each(|enriched| summary.add(enriched));
    };
    let mut rows = rows(rt, flights, Arc::clone(&again), written, tell).boxed();
    loop {
        let report = pipeline.run(rt, rows).for_each(add.clone()).await;
        runs.add(&report);
        report.into_result().map_err(failure)?;
        // What goes back while the last rows are on their way finds no more of them.
        let left: Vec<_> = locked(&again).drain(..).collect();
        if left.is_empty() {
            return Ok(());
        }
        rows = stream::iter(left).boxed();
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

pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
