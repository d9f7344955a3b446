//! The work: read, validate, enrich, summarise. It knows `Runtime` and no runtime.
//!
//! A flight whose lookup came to nothing goes back and is tried again with those that come after
//! it: none is dropped.

use std::sync::Arc;

use mtaio::{Runtime, RuntimeExt, Task, TaskExecutor};

use super::csv::{Chunk, InputError, Malformed};
use super::failure::Failure;
use super::flight::{Flight, Flights};
use super::lookups::{Lookups, Unanswered};
use super::summary::Summary;
use super::tables::Aircraft;

/// Rows in memory: one such chunk is being enriched while the next is read.
const CHUNK: usize = 1_000;

/// Flights that are looked up at once.
const FLIGHTS: usize = 64;

/// A flight and what the lookups told of it.
pub struct Enriched {
    pub flight: Flight,
    pub airline: Option<String>,
    /// Of a cancelled flight it is not asked for.
    pub aircraft: Option<Aircraft>,
}

/// What the flights are looked up in, and how.
pub struct Work<R: Runtime> {
    executor: TaskExecutor<R>,
    lookups: Arc<Lookups<R>>,
    summary: Summary,
}

/// Sums up all flights. Malformed rows are handed to `reject`, and stop nothing.
pub async fn summarise<R: Runtime>(
    rt: &R,
    flights: Flights,
    lookups: Lookups<R>,
    mut reject: impl FnMut(Malformed),
) -> Result<Summary, Failure> {
    let executor = TaskExecutor::with_runtime(rt).limit(FLIGHTS)?;
    let summary = Summary::default();
    let mut work = Work { executor, lookups: Arc::new(lookups), summary };
    let mut again = Vec::new();

    let mut reading = read(rt, flights);
    while let Some((chunk, rest)) = reading.await?? {
        reading = read(rt, rest);
        let valid = chunk.into_iter().filter_map(|row| row.map_err(&mut reject).ok());
        again = work.go_through(again.into_iter().chain(valid).collect()).await?;
    }
    while !again.is_empty() {
        again = work.go_through(again).await?;
    }
    Ok(work.summary)
}

impl<R: Runtime> Work<R> {
    /// Looks flights up and sums them up, and answers those whose lookup came to nothing: they are
    /// to be tried again.
    async fn go_through(&mut self, flights: Vec<Flight>) -> Result<Vec<Flight>, Failure> {
        let lookups = Arc::clone(&self.lookups);
        let enriched = self
            .executor
            .map(flights, async move |flight| enrich(&lookups, flight).await)
            .unordered() // A sum has no order.
            .values() // What came to nothing is a flight as well.
            .await?;

        let mut again = Vec::new();
        for flight in enriched {
            match flight {
                Ok(enriched) => self.summary.add(enriched),
                Err(flight) => again.push(flight),
            }
        }
        Ok(again)
    }
}

/// A chunk, and the rows that are left; `None` after the last.
type Read = Result<Option<(Chunk<Flight>, Flights)>, InputError>;

/// Begins to read a chunk, where blocking hurts nobody.
fn read<R: Runtime>(rt: &R, mut rows: Flights) -> Task<Read> {
    rt.unblock(move || Ok(rows.read_chunk(CHUNK)?.map(|chunk| (chunk, rows))))
}

/// Asks what is known of a flight; gives it back where there is no answer.
async fn enrich<R: Runtime>(lookups: &Lookups<R>, flight: Flight) -> Result<Enriched, Flight> {
    match look_up(lookups, &flight).await {
        Ok((airline, aircraft)) => Ok(Enriched { flight, airline, aircraft }),
        Err(unanswered) => {
            lookups.spare(&unanswered).await;
            Err(flight)
        }
    }
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
