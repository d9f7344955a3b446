use std::fs::File;
use std::io::{self, BufReader};
use std::iter;
use std::path::{Path, PathBuf};

use super::error::{InputError, Malformed};
use super::lines::Lines;
use super::records::next_record;

/// The rows of a file with a header, each made a `T` of `N` of its columns.
pub struct Rows<T, const N: usize> {
    path: PathBuf,
    lines: Lines<BufReader<File>>,
    /// How many fields the header has, and so every row.
    width: usize,
    /// Where the columns stand; one that the file may lack is empty.
    places: [Option<usize>; N],
    /// In bytes; 0 of what is no file.
    length: u64,
    parse: fn([&str; N]) -> Result<T, String>,
}

/// A number of rows, those that are malformed among them.
pub type Chunk<T> = Vec<Result<T, Malformed>>;

impl<T, const N: usize> Rows<T, N> {
    /// Opens the file at `path` and looks for `columns` in its header, in whatever order; those that
    /// are `optional` may be missing. `parse` is given their values, and answers why they are no `T`
    /// if they aren't.
    pub fn open(
        path: &Path,
        columns: [&'static str; N],
        optional: &[&str],
        parse: fn([&str; N]) -> Result<T, String>,
    ) -> Result<Self, InputError> {
        let path = path.to_owned();
        let unreadable = |error| InputError::Unreadable { path: path.clone(), error };
        let file = File::open(&path).map_err(unreadable)?;
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let mut lines = Lines::new(BufReader::new(file));

        let Some(header) = next_record(&mut lines).map_err(unreadable)? else {
            let wanted: Vec<_> =
                columns.into_iter().filter(|name| !optional.contains(name)).collect();
            return Err(InputError::NoHeader { path, wanted: wanted.join(", ") });
        };
        let header = match header.fields {
            Ok(fields) => fields,
            Err(reason) => return Err(InputError::Header { path, reason }),
        };
        let mut places = [None; N];
        for (place, column) in places.iter_mut().zip(columns) {
            *place = header.iter().position(|name| name == column);
            if place.is_none() && !optional.contains(&column) {
                let present = header.join(", ");
                return Err(InputError::NoColumn { path, missing: column, present });
            }
        }
        Ok(Self { path, lines, width: header.len(), places, length, parse })
    }

    /// Which part of the file is read, from 0 to 1.
    pub fn part_read(&self) -> f64 {
        // A bar can't show more digits than a float has.
        if self.length == 0 { 1.0 } else { self.lines.read() as f64 / self.length as f64 }
    }

    /// Reads `size` rows, at the end of the file fewer; `None` after the last.
    pub fn read_chunk(&mut self, size: usize) -> Result<Option<Chunk<T>>, InputError> {
        let rows = iter::from_fn(|| self.read_row().transpose()).take(size);
        let chunk: io::Result<Chunk<T>> = rows.collect();
        match chunk {
            Ok(chunk) if chunk.is_empty() => Ok(None),
            Ok(chunk) => Ok(Some(chunk)),
            Err(error) => Err(InputError::Unreadable { path: self.path.clone(), error }),
        }
    }

    fn read_row(&mut self) -> io::Result<Option<Result<T, Malformed>>> {
        let Some(record) = next_record(&mut self.lines)? else {
            return Ok(None);
        };
        let row = record.fields.as_deref().map_err(String::clone);
        let row = row.and_then(|fields| self.parse_row(fields));
        Ok(Some(row.map_err(|reason| Malformed {
            path: self.path.clone(),
            line: record.line(),
            reason,
            text: record.text(),
        })))
    }

    fn parse_row(&self, fields: &[String]) -> Result<T, String> {
        let (count, width) = (fields.len(), self.width);
        if count != width {
            return Err(format!("the number of fields is {count}, the header's is {width}"));
        }
        (self.parse)(self.places.map(|place| place.map_or("", |place| fields[place].as_str())))
    }
}
