//! The work: read, validate, enrich, summarise. It knows `Runtime` and no runtime.

use std::sync::Arc;

use mtaio::{Runtime, RuntimeExt, Task, TaskExecutor};

use super::csv::{Chunk, InputError, Malformed};
use super::failure::Failure;
use super::flight::{Flight, Flights};
use super::summary::Summary;
use super::tables::{Aircraft, Tables};

/// Rows in memory: one such chunk is being enriched while the next is read.
const CHUNK: usize = 1_000;

/// Lookups under way at once.
const LOOKUPS: usize = 64;

/// A flight and what the lookups told of it.
pub struct Enriched {
    pub flight: Flight,
    pub airline: Option<String>,
    /// Of a cancelled flight it is not asked for.
    pub aircraft: Option<Aircraft>,
}

/// Sums up all flights. Malformed rows are handed to `reject`, and stop nothing.
pub async fn summarise<R: Runtime>(
    rt: &R,
    flights: Flights,
    tables: Tables,
    mut reject: impl FnMut(Malformed),
) -> Result<Summary, Failure> {
    let executor = TaskExecutor::new(rt).limit(LOOKUPS)?;
    let tables = Arc::new(tables);
    let mut summary = Summary::default();

    let mut reading = read(rt, flights);
    while let Some((chunk, rest)) = reading.await?? {
        reading = read(rt, rest);

        let rows = chunk.into_iter();
        let valid = rows.filter_map(|row| row.map_err(&mut reject).ok());
        let tables = Arc::clone(&tables);
        let enriched = executor
            .map(valid, async move |flight| enrich(&tables, flight).await)
            .unordered() // A sum has no order.
            .values() // A lookup has no errors so far.
            .await?;

        enriched.into_iter().for_each(|flight| summary.add(flight));
    }
    Ok(summary)
}

/// A chunk, and the rows that are left; `None` after the last.
type Read = Result<Option<(Chunk<Flight>, Flights)>, InputError>;

/// Begins to read a chunk, where blocking hurts nobody.
fn read<R: Runtime>(rt: &R, mut rows: Flights) -> Task<Read> {
    rt.unblock(move || Ok(rows.read_chunk(CHUNK)?.map(|chunk| (chunk, rows))))
}

/// Asks what is known of a flight.
async fn enrich(tables: &Tables, flight: Flight) -> Enriched {
    let airline = tables.airline(&flight.carrier).await;
    let aircraft = match flight.tailnum() {
        Some(tailnum) => tables.aircraft(tailnum).await,
        None => None,
    };
    Enriched { flight, airline, aircraft }
}
