//! The work: read, watch, enrich, write, summarise. It knows `Runtime` and no runtime.
//!
//! A flight whose lookup came to nothing goes back and is tried again with those that come after
//! it: none is dropped. What is worth telling is emitted; see `news.rs`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::vec;

use futures::{Stream, stream};
use mtaio::event::EventEmitter;
use mtaio::pipeline::{Batch, Letter, Parallel, PipelineError, Stage, pipeline};
use mtaio::{Runtime, RuntimeExt, Task};

use super::airports::Airports;
use super::console::Told;
use super::csv::{Chunk, InputError};
use super::failure::Failure;
use super::flight::{Flight, Flights, Status};
use super::journal::Journal;
use super::lookups::{Lookups, Unanswered};
use super::news::{BatchWritten, FlightCancelled};
use super::summary::Summary;
use super::tables::Aircraft;

/// Rows in memory: one such chunk is being enriched while the next is read.
const CHUNK: usize = 1_000;

/// Flights that are looked up at once.
const FLIGHTS: usize = 64;

/// What is written at once.
const BATCH: Batch = Batch::size(500).within(Duration::from_millis(100));

/// A flight and what the lookups told of it.
pub struct Enriched {
    pub flight: Flight,
    pub airline: Option<String>,
    /// Of a cancelled flight it is not asked for.
    pub aircraft: Option<Aircraft>,
}

/// A flight on its way.
#[derive(Clone)]
pub struct Row {
    flight: Flight,
    /// It was here before, and went back.
    is_back: bool,
}

/// Rows that go back; or why the run is to end.
type Again = Arc<Mutex<VecDeque<Result<Row, Failure>>>>;

/// Takes all flights through the pipeline. Malformed rows are told, and stop nothing.
pub async fn work<R: Runtime>(
    rt: &R,
    flights: Flights,
    lookups: Lookups<R>,
    journal: Option<Journal>,
    emitter: EventEmitter,
    tell: impl FnMut(Told) + Send,
) -> Result<Summary, Failure> {
    let (again, lookups) = (Again::default(), Arc::new(lookups));
    let to_again = Arc::clone(&again);

    let pipeline = pipeline::<Failure>()
        // A file that can't be read any more ends the run.
        .then(async |row: Result<Row, Failure>| row)
        .then(Watch { airports: Mutex::default(), emitter: emitter.clone() })
        .map_async(Parallel::unordered(FLIGHTS), async move |row: Row| enrich(&lookups, row).await)
        .dead_letter(async move |letter: Letter<Row, Unanswered>| {
            let row = Row { is_back: true, ..letter.item };
            // One that panics would do so for ever.
            let again = letter.error.map_or(Err(Failure::LookupPanicked), |_| Ok(row));
            locked(&to_again).push_back(again);
        })
        .batch(BATCH, Write::new(rt, journal, emitter))
        .build()?;

    let mut summary = Summary::default();
    let rows = rows(rt, flights, Arc::clone(&again), tell);
    let add = async |batch: Vec<Enriched>| {
        batch.into_iter().for_each(|enriched| summary.add(enriched));
    };
    let report = pipeline.run(rt, rows).for_each(add).await;
    report.into_result().map_err(failure)?;
    // What goes back while the last rows are on their way finds no more of them.
    loop {
        let left: Vec<_> = locked(&again).drain(..).collect();
        if left.is_empty() {
            return Ok(summary);
        }
        let add = async |batch: Vec<Enriched>| {
            batch.into_iter().for_each(|enriched| summary.add(enriched));
        };
        let report = pipeline.run(rt, stream::iter(left)).for_each(add).await;
        report.into_result().map_err(failure)?;
    }
}

fn failure(error: PipelineError<Failure>) -> Failure {
    match error {
        PipelineError::Failed { error, .. } => error,
        other => Failure::Stage(other.to_string()),
    }
}

/// The flights of a file, with those in between that go back.
fn rows<R: Runtime>(
    rt: &R,
    flights: Flights,
    again: Again,
    tell: impl FnMut(Told) + Send,
) -> impl Stream<Item = Result<Row, Failure>> + Send {
    let reader = Reader {
        rt: rt.clone(),
        reading: Some(read(rt, flights)),
        chunk: Vec::new().into_iter(),
        again,
        rows: 0,
        tell,
    };
    stream::unfold(reader, async |mut reader| Some((reader.next().await?, reader)))
}

struct Reader<R: Runtime, T> {
    rt: R,
    /// `None` at the end of the file.
    reading: Option<Task<Read>>,
    chunk: vec::IntoIter<Result<Flight, super::csv::Malformed>>,
    again: Again,
    rows: u64,
    tell: T,
}

impl<R: Runtime, T: FnMut(Told)> Reader<R, T> {
    async fn next(&mut self) -> Option<Result<Row, Failure>> {
        loop {
            if let Some(row) = locked(&self.again).pop_front() {
                return Some(row);
            }
            match self.chunk.next() {
                Some(Ok(flight)) => return Some(Ok(Row { flight, is_back: false })),
                Some(Err(malformed)) => (self.tell)(Told::Malformed(malformed)),
                None => match self.reading.take()?.await {
                    Ok(Ok(Some((chunk, rest)))) => {
                        self.rows += chunk.len() as u64;
                        (self.tell)(Told::Read { rows: self.rows, part: rest.part_read() });
                        self.chunk = chunk.into_iter();
                        self.reading = Some(read(&self.rt, rest));
                    }
                    Ok(Ok(None)) => {}
                    Ok(Err(unreadable)) => return Some(Err(unreadable.into())),
                    // The rest of the file is not there: that is no end of it.
                    Err(error) => return Some(Err(Failure::Reading(error))),
                },
            }
        }
    }
}

/// A chunk, and the rows that are left; `None` after the last.
type Read = Result<Option<(Chunk<Flight>, Flights)>, InputError>;

/// Begins to read a chunk, where blocking hurts nobody.
fn read<R: Runtime>(rt: &R, mut rows: Flights) -> Task<Read> {
    rt.unblock(move || Ok(rows.read_chunk(CHUNK)?.map(|chunk| (chunk, rows))))
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
    let looked_up = look_up(lookups, &row.flight).await;
    if let Err(unanswered) = &looked_up {
        lookups.spare(unanswered).await;
    }
    let (airline, aircraft) = looked_up?;
    Ok(Enriched { flight: row.flight, airline, aircraft })
}

async fn look_up<R: Runtime>(
    lookups: &Lookups<R>,
    flight: &Flight,
) -> Result<(Option<String>, Option<Aircraft>), Unanswered> {
    let airline = lookups.airline(&flight.carrier).await?;
    let aircraft = match flight.tailnum() {
        Some(tailnum) => lookups.aircraft(tailnum).await?,
        None => None,
    };
    Ok((airline, aircraft))
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use mtaio_sim::Sim;

    use super::super::csv::Rows;
    use super::super::faults::Faults;
    use super::super::tables::Tables;
    use super::*;

    /// Or the rest of the file would be missing from a summary that looks whole.
    #[test]
    fn a_chunk_that_is_not_read_ends_the_run() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
        let file = |name| data.join(name);
        let tables = Tables::load(&file("planes.csv"), &file("airlines.csv"), |_| {}).unwrap();
        let columns = ["carrier", "dep_time", "dep_delay", "tailnum", "origin"];
        let panics = |_: [&str; 5]| panic!("on purpose");
        let flights = Rows::open(&file("flights-2013-01.csv"), columns, &[], panics).unwrap();
        let outcome = Sim::run(0, |rt| async move {
            let lookups = Lookups::new(&rt, tables, Faults::new(0.0, 0))?;
            work(&rt, flights, lookups, None, EventEmitter::new(), |_| {}).await
        });
        assert!(matches!(outcome, Err(Failure::Reading(_))), "{:?}", outcome.err());
    }
}
