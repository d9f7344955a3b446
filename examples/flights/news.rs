//! What is worth telling of the work, as events: whoever wants to know listens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mtaio::event::{Event, EventEmitter};

use super::airports::Alert;

/// A flight never left.
pub struct FlightCancelled;

impl Event for FlightCancelled {
    const NAME: &'static str = "flight.cancelled";
}

impl Event for Alert {
    const NAME: &'static str = "delay.alert";
}

/// A row is no flight, and went to the dead letters.
pub struct RowMalformed;

impl Event for RowMalformed {
    const NAME: &'static str = "row.malformed";
}

/// A batch is done: in the file of lines, if there is one.
pub struct BatchWritten {
    pub flights: usize,
}

impl Event for BatchWritten {
    const NAME: &'static str = "batch.written";
}

/// What was told so far.
#[derive(Clone, Debug, Default)]
pub struct News {
    pub cancelled: u64,
    pub malformed: u64,
    /// In the order of the file, on every runtime.
    pub alerts: Vec<Alert>,
    /// Flights, in batches.
    pub written: u64,
}

/// Listens to all that is told, and notes it.
#[derive(Clone, Default)]
pub struct Newspaper(Arc<Mutex<News>>);

impl Newspaper {
    pub fn about(emitter: &EventEmitter) -> Self {
        let paper = Self::default();
        let news = paper.clone();
        emitter.on(async move |_: &FlightCancelled| news.open().cancelled += 1);
        let news = paper.clone();
        emitter.on(async move |_: &RowMalformed| news.open().malformed += 1);
        let news = paper.clone();
        emitter.on(async move |alert: &Alert| news.open().alerts.push(alert.clone()));
        let news = paper.clone();
        emitter.on(async move |batch: &BatchWritten| news.open().written += batch.flights as u64);
        paper
    }

    pub fn read(&self) -> News {
        self.open().clone()
    }

    fn open(&self) -> MutexGuard<'_, News> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
