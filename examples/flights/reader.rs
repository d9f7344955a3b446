//! The rows of the file, read while others are worked on, and among them those that go back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::vec;

use futures::{Stream, stream};
use mtaio::{Runtime, RuntimeExt, Task};

use super::console::Told;
use super::csv::{Chunk, InputError, Malformed};
use super::failure::Failure;
use super::flight::{Flight, Flights};
use super::journal::Line;
use super::pipeline::locked;
use super::tables::Aircraft;

/// Rows in memory: one such chunk is being enriched while the next is read.
const CHUNK: usize = 1_000;

/// A flight on its way.
#[derive(Clone)]
pub struct Row {
    /// Counted from 1, with those that are malformed.
    pub number: u64,
    /// Shared with the copy that goes back if it has to.
    pub flight: Arc<Flight>,
    /// From a run before this one.
    pub answers: Option<Answers>,
    /// It was here before, and went back.
    pub is_back: bool,
}

/// The airline and the aircraft.
pub type Answers = (Option<String>, Option<Aircraft>);

/// A row as it was read, if it could be.
pub type Parsed = Result<Row, Arc<Malformed>>;

/// Rows that go back; or why the run is to end.
pub type Again = Arc<Mutex<VecDeque<Result<Parsed, Failure>>>>;

/// The rows of a file, with those in between that go back. How far it is is told, and what is
/// malformed.
pub fn rows<R: Runtime>(
    rt: &R,
    flights: Flights,
    again: Again,
    written: BTreeMap<u64, Line<'static>>,
    tell: impl FnMut(Told) + Send,
) -> impl Stream<Item = Result<Parsed, Failure>> + Send {
    let reader = Reader {
        rt: rt.clone(),
        reading: Some(read(rt, flights)),
        chunk: Vec::new().into_iter(),
        again,
        written,
        rows: 0,
        row: 0,
        tell,
    };
    stream::unfold(reader, async |mut reader| Some((reader.next().await?, reader)))
}

struct Reader<R: Runtime, T> {
    rt: R,
    /// `None` at the end of the file.
    reading: Option<Task<Read>>,
    chunk: vec::IntoIter<Result<Flight, Malformed>>,
    again: Again,
    /// What a run before this one came to.
    written: BTreeMap<u64, Line<'static>>,
    /// Rows that are read.
    rows: u64,
    /// The last that was handed on.
    row: u64,
    tell: T,
}

impl<R: Runtime, T: FnMut(Told)> Reader<R, T> {
    async fn next(&mut self) -> Option<Result<Parsed, Failure>> {
        loop {
            if let Some(row) = locked(&self.again).pop_front() {
                return Some(row);
            }
            let next = self.chunk.next();
            self.row += u64::from(next.is_some());
            match next {
                Some(Ok(flight)) => return Some(self.known(flight).map(Ok)),
                Some(Err(malformed)) => {
                    (self.tell)(Told::Malformed(&malformed));
                    return Some(Ok(Err(Arc::new(malformed))));
                }
                None => match self.reading.take()?.await {
                    Ok(Ok(Some((chunk, rest)))) => {
                        self.rows += chunk.len() as u64;
                        (self.tell)(Told::Read { rows: self.rows, part: rest.part_read() });
                        self.chunk = chunk.into_iter();
                        self.reading = Some(read(&self.rt, rest));
                    }
                    Ok(Ok(None)) => {
                        if let Some((row, _)) = self.written.pop_first() {
                            return Some(Err(Failure::OtherFlights { row }));
                        }
                    }
                    Ok(Err(unreadable)) => return Some(Err(unreadable.into())),
                    // The rest of the file is not there: that is no end of it.
                    Err(error) => return Some(Err(Failure::Reading(error))),
                },
            }
        }
    }

    /// A flight of the file, with what a run before this one found out.
    fn known(&mut self, flight: Flight) -> Result<Row, Failure> {
        let number = self.row;
        let line = self.written.remove(&number);
        if line.as_ref().is_some_and(|line| !line.is_of(&flight)) {
            return Err(Failure::OtherFlights { row: number });
        }
        let answers = line.map(Line::into_answers);
        Ok(Row { number, flight: Arc::new(flight), answers, is_back: false })
    }
}

/// A chunk, and the rows that are left; `None` after the last.
type Read = Result<Option<(Chunk<Flight>, Flights)>, InputError>;

/// Begins to read a chunk, where blocking hurts nobody.
fn read<R: Runtime>(rt: &R, mut rows: Flights) -> Task<Read> {
    rt.unblock(move || Ok(rows.read_chunk(CHUNK)?.map(|chunk| (chunk, rows))))
}
