//! The example's work without this library: with futures' streams where calls overlap, and as a
//! plain loop. Both read the same files by the same reader, and write the same lines.

use std::future::Future;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{StreamExt as _, stream};
use lru::LruCache;
use mtaio::Runtime;

use super::faults::Faults;
use super::program::{Aircraft, Airports, Alert, Enriched, Flight, Journal, Summary, Tables};
use crate::harness::Outcome;

const FLIGHTS: usize = 64;
const BATCH: usize = 500;
const CHUNK: usize = 1_000;

/// As many answers as the example keeps.
const ANSWERS: NonZeroUsize = NonZeroUsize::new(512).unwrap();

/// What is asked before the service is.
type Known<T> = Mutex<LruCache<String, Option<T>>>;

/// Calls overlap, each with a cache in front. Nothing fails, and nobody minds what would.
pub(super) async fn streams<R: Runtime>(
    rt: &R,
    flights: &Path,
    tables: Tables,
    faults: Faults,
    mut journal: Journal,
) -> Outcome<(Summary, Vec<Alert>)> {
    let mut rows = super::program::open(flights)?;
    let (mut airports, mut alerts) = (Airports::default(), Vec::new());
    let known_airlines = Known::new(LruCache::new(ANSWERS));
    let known_aircraft = Known::new(LruCache::new(ANSWERS));
    let (tables, faults) = (&tables, &faults);
    let (known_airlines, known_aircraft) = (&known_airlines, &known_aircraft);
    let mut summary = Summary::default();
    let flights = stream::iter(std::iter::from_fn(|| rows.read_chunk(CHUNK).transpose()))
        .flat_map(|chunk| stream::iter(chunk.unwrap_or_default()))
        .filter_map(async |row| row.ok())
        .inspect(|flight: &Flight| alerts.extend(watch(&mut airports, flight)));
    let enriched = flights.enumerate().map(async |(row, flight)| {
        let airline = known(known_airlines, &flight.carrier, async || {
            faults.call(rt).await.ok();
            tables.airline(&flight.carrier)
        })
        .await;
        let aircraft = match flight.tailnum() {
            Some(tailnum) => {
                known(known_aircraft, tailnum, async || {
                    faults.call(rt).await.ok();
                    tables.aircraft(tailnum)
                })
                .await
            }
            None => None,
        };
        Enriched {
            row: row as u64 + 1,
            flight: Arc::new(flight),
            airline,
            aircraft,
            is_written: false,
        }
    });
    let mut batches = Box::pin(enriched.buffer_unordered(FLIGHTS).chunks(BATCH));
    while let Some(batch) = batches.next().await {
        journal.write(&batch)?;
        batch.into_iter().for_each(|enriched| summary.add(enriched));
    }
    drop(batches);
    Ok((summary, alerts))
}

async fn known<T: Clone, F: Future<Output = Option<T>>>(
    known: &Known<T>,
    key: &str,
    ask: impl Fn() -> F,
) -> Option<T> {
    let locked = || known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = locked().get(key) {
        return found.clone();
    }
    let found = ask().await;
    locked().put(key.to_owned(), found.clone());
    found
}

/// One flight after the other, with the tables at hand: no service, no tasks, no errors.
pub(super) fn plain(
    flights: &Path,
    tables: &Tables,
    mut journal: Journal,
) -> Outcome<(Summary, Vec<Alert>)> {
    let mut rows = super::program::open(flights)?;
    let (mut airports, mut alerts) = (Airports::default(), Vec::new());
    let mut summary = Summary::default();
    let (mut batch, mut row) = (Vec::with_capacity(BATCH), 0);
    let mut write = |batch: &mut Vec<Enriched>| -> Outcome {
        journal.write(batch)?;
        batch.drain(..).for_each(|enriched| summary.add(enriched));
        Ok(())
    };
    while let Some(chunk) = rows.read_chunk(CHUNK)? {
        for flight in chunk.into_iter().flatten() {
            row += 1;
            alerts.extend(watch(&mut airports, &flight));
            let airline = tables.airline(&flight.carrier);
            let aircraft: Option<Aircraft> = flight.tailnum().and_then(|it| tables.aircraft(it));
            batch.push(Enriched {
                row,
                flight: Arc::new(flight),
                airline,
                aircraft,
                is_written: false,
            });
            if batch.len() == BATCH {
                write(&mut batch)?;
            }
        }
    }
    write(&mut batch)?;
    Ok((summary, alerts))
}

fn watch(airports: &mut Airports, flight: &Flight) -> Option<Alert> {
    airports.departed(flight.origin.as_deref(), flight.delay()?)
}
