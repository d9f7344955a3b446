//! What writes to files, where blocking hurts nobody; and tells that it is done.

use std::sync::{Arc, Mutex};

use mtaio::event::EventEmitter;
use mtaio::pipeline::Stage;
use mtaio::{Runtime, RuntimeExt};

use super::csv::Malformed;
use super::dead_letters::DeadLetters;
use super::failure::Failure;
use super::journal::Journal;
use super::news::{BatchWritten, RowMalformed};
use super::pipeline::{Enriched, locked};

/// Writes batches down, if that is asked for.
pub struct BatchWriter<R> {
    rt: R,
    journal: Option<Arc<Mutex<Journal>>>,
    emitter: EventEmitter,
}

impl<R: Runtime> BatchWriter<R> {
    pub fn new(rt: &R, journal: Option<Journal>, emitter: &EventEmitter) -> Self {
        let journal = journal.map(|journal| Arc::new(Mutex::new(journal)));
        Self { rt: rt.clone(), journal, emitter: emitter.clone() }
    }

    async fn write(&self, batch: Vec<Enriched>) -> Result<Vec<Enriched>, Failure> {
        let Some(journal) = self.journal.clone() else { return Ok(batch) };
        let written = self.rt.unblock(move || {
            locked(&journal).write(&batch)?;
            Ok(batch)
        });
        written.await.map_err(Failure::Writing)?
    }
}

impl<R: Runtime> Stage<Vec<Enriched>> for BatchWriter<R> {
    type Out = Vec<Enriched>;
    type Err = Failure;

    async fn process(&self, batch: Vec<Enriched>) -> Result<Vec<Enriched>, Failure> {
        let batch = self.write(batch).await?;
        self.emitter.emit(BatchWritten { flights: batch.len() }).await;
        Ok(batch)
    }
}

/// Writes malformed rows down, if that is asked for.
#[derive(Clone)]
pub struct LetterWriter<R> {
    rt: R,
    dead_letters: Option<Arc<Mutex<DeadLetters>>>,
    emitter: EventEmitter,
}

impl<R: Runtime> LetterWriter<R> {
    pub fn new(rt: &R, dead_letters: Option<DeadLetters>, emitter: &EventEmitter) -> Self {
        let dead_letters = dead_letters.map(|letters| Arc::new(Mutex::new(letters)));
        Self { rt: rt.clone(), dead_letters, emitter: emitter.clone() }
    }

    pub async fn write(&self, row: Arc<Malformed>) -> Result<(), Failure> {
        if let Some(dead_letters) = self.dead_letters.clone() {
            let written = self.rt.unblock(move || locked(&dead_letters).write(&row));
            written.await.map_err(Failure::Writing)??;
        }
        self.emitter.emit(RowMalformed).await;
        Ok(())
    }
}
