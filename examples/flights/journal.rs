//! The flights as lines of JSON, for programs that want more than the summary, and for a run that
//! goes on where one before it ended.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::flight::Flight;
use super::json_lines::JsonLines;
use super::pipeline::Enriched;
use super::tables::Aircraft;

/// A file of a line a flight.
pub struct Journal {
    lines: JsonLines,
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
        Ok(Self { lines: JsonLines::create(path)?, written: BTreeMap::new() })
    }

    /// Goes on with a file, if there is one.
    pub fn resume(path: &Path) -> Result<Self, Failure> {
        let mut written = BTreeMap::new();
        let lines = JsonLines::resume(path, |line: Line<'static>| {
            let row = line.row;
            match written.insert(row, line) {
                None => Ok(()),
                Some(_) => Err(format!("row {row} is there twice")),
            }
        })?;
        Ok(Self { lines, written })
    }

    /// What an earlier run wrote, by rows.
    pub fn take_written(&mut self) -> BTreeMap<u64, Line<'static>> {
        std::mem::take(&mut self.written)
    }

    /// Writes what of a batch is not there yet; blocks as long as the file does.
    pub fn write(&mut self, batch: &[Enriched]) -> Result<(), Failure> {
        let new = batch.iter().filter(|enriched| !enriched.is_written);
        self.lines.write(new.map(Line::of))
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
