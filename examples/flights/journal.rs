//! The flights as lines of JSON, for programs that want more than the summary, and for a run that
//! goes on where one before it ended.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::flight::Flight;
use super::pipeline::Enriched;
use super::tables::Aircraft;

/// A file of a line a flight. What is in it is whole lines, whenever somebody looks: each batch is
/// written at once.
pub struct Journal {
    path: PathBuf,
    file: File,
    text: Vec<u8>,
    /// By their rows, what an earlier run wrote.
    written: BTreeMap<u64, Line<'static>>,
}

/// What a flight is in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line<'a> {
    /// Counted from 1, with those that are malformed.
    row: u64,
    carrier: Cow<'a, str>,
    airline: Option<Cow<'a, str>>,
    origin: Option<Cow<'a, str>>,
    /// `null` of a cancelled flight.
    dep_delay: Option<i32>,
    tailnum: Option<Cow<'a, str>>,
    seats: Option<u32>,
}

impl Journal {
    /// Begins a new file.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        Self::open(path, true)
    }

    /// Goes on with a file, if there is one. The piece of a line at its end is cut off: who wrote
    /// it did not come to its end.
    pub fn resume(path: &Path) -> Result<Self, Failure> {
        let mut journal = Self::open(path, false)?;
        let mut text = Vec::new();
        journal.file.read_to_end(&mut text).map_err(|error| journal.unusable(error))?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        journal.cut(whole as u64).map_err(|error| journal.unusable(error))?;
        for (number, text) in (1..).zip(text[..whole].split_inclusive(|byte| *byte == b'\n')) {
            let refuse = |reason| Failure::Resume { path: path.to_owned(), number, reason };
            let line: Line = serde_json::from_slice(text).map_err(|e| refuse(e.to_string()))?;
            let row = line.row;
            if journal.written.insert(row, line).is_some() {
                return Err(refuse(format!("row {row} is there twice")));
            }
        }
        Ok(journal)
    }

    fn open(path: &Path, truncate: bool) -> Result<Self, Failure> {
        let path = path.to_owned();
        let mut options = File::options();
        match options.read(true).write(true).create(true).truncate(truncate).open(&path) {
            Ok(file) => Ok(Self { path, file, text: Vec::new(), written: BTreeMap::new() }),
            Err(error) => Err(Failure::Json { path, error }),
        }
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.seek(SeekFrom::Start(length)).map(drop)
    }

    /// What an earlier run wrote, by rows.
    pub fn take_written(&mut self) -> BTreeMap<u64, Line<'static>> {
        std::mem::take(&mut self.written)
    }

    /// Writes what of a batch is not there yet; blocks as long as the file does.
    pub fn write(&mut self, batch: &[Enriched]) -> Result<(), Failure> {
        self.try_write(batch).map_err(|error| self.unusable(error))
    }

    fn try_write(&mut self, batch: &[Enriched]) -> io::Result<()> {
        self.text.clear();
        for enriched in batch.iter().filter(|enriched| !enriched.is_written) {
            serde_json::to_writer(&mut self.text, &Line::of(enriched))?;
            self.text.push(b'\n');
        }
        self.file.write_all(&self.text)
    }

    fn unusable(&self, error: io::Error) -> Failure {
        Failure::Json { path: self.path.clone(), error }
    }
}

impl<'a> Line<'a> {
    fn of(Enriched { row, flight, airline, aircraft, .. }: &'a Enriched) -> Self {
        Self {
            row: *row,
            carrier: Cow::Borrowed(&flight.carrier),
            airline: airline.as_deref().map(Cow::Borrowed),
            origin: flight.origin.as_deref().map(Cow::Borrowed),
            dep_delay: flight.delay(),
            tailnum: flight.tailnum().map(Cow::Borrowed),
            seats: aircraft.as_ref().map(|aircraft| aircraft.seats),
        }
    }

    /// Whether it is this flight's.
    pub fn is_of(&self, flight: &Flight) -> bool {
        self.carrier == flight.carrier
            && self.origin.as_deref() == flight.origin.as_deref()
            && self.dep_delay == flight.delay()
            && self.tailnum.as_deref() == flight.tailnum()
    }

    /// What the lookups told of the flight.
    pub fn into_answers(self) -> (Option<String>, Option<Aircraft>) {
        (self.airline.map(Cow::into_owned), self.seats.map(|seats| Aircraft { seats }))
    }
}
