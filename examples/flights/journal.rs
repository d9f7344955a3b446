//! The flights as lines of JSON, for programs that want more than the summary.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::failure::Failure;
use super::flight::Status;
use super::pipeline::Enriched;

/// A file of a line a flight. What is in it is whole lines, whenever somebody looks: each batch is
/// written at once.
pub struct Journal {
    path: PathBuf,
    file: File,
    text: Vec<u8>,
}

#[derive(Serialize)]
struct Line<'a> {
    carrier: &'a str,
    airline: Option<&'a str>,
    origin: Option<&'a str>,
    /// `null` of a cancelled flight.
    dep_delay: Option<i32>,
    tailnum: Option<&'a str>,
    seats: Option<u32>,
}

impl Journal {
    /// Begins a new file.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let path = path.to_owned();
        match File::create(&path) {
            Ok(file) => Ok(Self { path, file, text: Vec::new() }),
            Err(error) => Err(Failure::Json { path, error }),
        }
    }

    /// Writes a batch; blocks as long as the file does.
    pub fn write(&mut self, batch: &[Enriched]) -> Result<(), Failure> {
        self.try_write(batch).map_err(|error| Failure::Json { path: self.path.clone(), error })
    }

    fn try_write(&mut self, batch: &[Enriched]) -> io::Result<()> {
        self.text.clear();
        for enriched in batch {
            serde_json::to_writer(&mut self.text, &Line::of(enriched))?;
            self.text.push(b'\n');
        }
        self.file.write_all(&self.text)
    }
}

impl<'a> Line<'a> {
    fn of(Enriched { flight, airline, aircraft }: &'a Enriched) -> Self {
        let dep_delay = match flight.status {
            Status::Departed { delay, .. } => Some(delay),
            Status::Cancelled => None,
        };
        Self {
            carrier: &flight.carrier,
            airline: airline.as_deref(),
            origin: flight.origin.as_deref(),
            dep_delay,
            tailnum: flight.tailnum(),
            seats: aircraft.as_ref().map(|aircraft| aircraft.seats),
        }
    }
}
