//! The work: read, watch, enrich, write, summarise. It knows `Runtime` and no runtime.
//!
//! A flight whose lookup came to nothing goes back and is tried again with those that come after
//! it: none is dropped.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::vec;

use futures::{Stream, stream};
use mtaio::pipeline::{Batch, Letter, Parallel, PipelineError, pipeline};
use mtaio::{Runtime, RuntimeExt, Task};

use super::airports::{Airports, Alert};
use super::console::Told;
use super::csv::{Chunk, InputError};
use super::failure::Failure;
use super::flight::{Flight, Flights, Status};
use super::journal::Journal;
use super::lookups::{Lookups, Unanswered};
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

/// What all flights come to.
#[derive(Default)]
pub struct Outcome {
    pub summary: Summary,
    /// In the order of the file, on every runtime.
    pub alerts: Vec<Alert>,
}

/// Flights that go back.
type Again = Arc<Mutex<VecDeque<Flight>>>;

/// Takes all flights through the pipeline. Malformed rows are told, and stop nothing.
pub async fn work<R: Runtime>(
    rt: &R,
    flights: Flights,
    lookups: Lookups<R>,
    journal: Option<Journal>,
    tell: impl FnMut(Told) + Send,
) -> Result<Outcome, Failure> {
    let (again, lookups) = (Again::default(), Arc::new(lookups));
    let journal = journal.map(|journal| Arc::new(Mutex::new(journal)));
    let (to_again, writer) = (Arc::clone(&again), rt.clone());

    let pipeline = pipeline::<Failure>()
        // A file that can't be read any more ends the run.
        .then(async |flight: Result<Flight, Failure>| flight)
        .map_async(Parallel::unordered(FLIGHTS), async move |flight| enrich(&lookups, flight).await)
        .dead_letter(async move |letter: Letter<Flight, Unanswered>| {
            locked(&to_again).push_back(letter.item);
        })
        .batch(BATCH, async move |batch| write(&writer, journal, batch).await)
        .build()?;

    let mut outcome = Outcome::default();
    let mut alerts = Vec::new();
    let rows = rows(rt, flights, Arc::clone(&again), &mut alerts, tell);
    let add = async |batch: Vec<Enriched>| {
        batch.into_iter().for_each(|enriched| outcome.summary.add(enriched));
    };
    let report = pipeline.run(rt, rows).for_each(add).await;
    report.into_result().map_err(failure)?;
    // What goes back while the last rows are on their way finds no more of them.
    loop {
        let left: Vec<_> = locked(&again).drain(..).map(Ok).collect();
        if left.is_empty() {
            break;
        }
        let add = async |batch: Vec<Enriched>| {
            batch.into_iter().for_each(|enriched| outcome.summary.add(enriched));
        };
        let report = pipeline.run(rt, stream::iter(left)).for_each(add).await;
        report.into_result().map_err(failure)?;
    }
    outcome.alerts = alerts;
    Ok(outcome)
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
    alerts: &mut Vec<Alert>,
    tell: impl FnMut(Told) + Send,
) -> impl Stream<Item = Result<Flight, Failure>> + Send {
    let reader = Reader {
        rt: rt.clone(),
        reading: Some(read(rt, flights)),
        chunk: Vec::new().into_iter(),
        again,
        airports: Airports::default(),
        departures: 0,
        rows: 0,
        alerts,
        tell,
    };
    stream::unfold(reader, async |mut reader| Some((reader.next().await?, reader)))
}

struct Reader<'a, R: Runtime, T> {
    rt: R,
    /// `None` at the end of the file.
    reading: Option<Task<Read>>,
    chunk: vec::IntoIter<Result<Flight, super::csv::Malformed>>,
    again: Again,
    airports: Airports,
    departures: u64,
    rows: u64,
    alerts: &'a mut Vec<Alert>,
    tell: T,
}

impl<R: Runtime, T: FnMut(Told)> Reader<'_, R, T> {
    async fn next(&mut self) -> Option<Result<Flight, Failure>> {
        loop {
            if let Some(flight) = locked(&self.again).pop_front() {
                return Some(Ok(flight));
            }
            match self.chunk.next() {
                Some(Ok(flight)) => {
                    self.watch(&flight);
                    return Some(Ok(flight));
                }
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

    /// Sees each flight once, in the order of the file.
    fn watch(&mut self, flight: &Flight) {
        if let (Some(origin), Status::Departed { delay, .. }) = (&flight.origin, &flight.status) {
            self.departures += 1;
            self.alerts.extend(self.airports.departed(origin, *delay, self.departures));
        }
    }
}

/// A chunk, and the rows that are left; `None` after the last.
type Read = Result<Option<(Chunk<Flight>, Flights)>, InputError>;

/// Begins to read a chunk, where blocking hurts nobody.
fn read<R: Runtime>(rt: &R, mut rows: Flights) -> Task<Read> {
    rt.unblock(move || Ok(rows.read_chunk(CHUNK)?.map(|chunk| (chunk, rows))))
}

/// Asks what is known of a flight.
async fn enrich<R: Runtime>(lookups: &Lookups<R>, flight: Flight) -> Result<Enriched, Unanswered> {
    let looked_up = look_up(lookups, &flight).await;
    if let Err(unanswered) = &looked_up {
        lookups.spare(unanswered).await;
    }
    let (airline, aircraft) = looked_up?;
    Ok(Enriched { flight, airline, aircraft })
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

/// Writes a batch down, where blocking hurts nobody, if that is asked for.
async fn write<R: Runtime>(
    rt: &R,
    journal: Option<Arc<Mutex<Journal>>>,
    batch: Vec<Enriched>,
) -> Result<Vec<Enriched>, Failure> {
    let Some(journal) = journal else { return Ok(batch) };
    rt.unblock(move || {
        locked(&journal).write(&batch)?;
        Ok(batch)
    })
    .await
    .map_err(Failure::Writing)?
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
            work(&rt, flights, lookups, None, |_| {}).await
        });
        assert!(matches!(outcome, Err(Failure::Reading(_))), "{:?}", outcome.err());
    }
}
