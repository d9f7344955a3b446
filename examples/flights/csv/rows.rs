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
    /// Where the columns stand.
    places: [usize; N],
    parse: fn([&str; N]) -> Result<T, String>,
}

/// A number of rows, those that are malformed among them.
pub type Chunk<T> = Vec<Result<T, Malformed>>;

impl<T, const N: usize> Rows<T, N> {
    /// Opens the file at `path` and looks for `columns` in its header, in whatever order. `parse`
    /// is given their values, and answers why they are no `T` if they aren't.
    pub fn open(
        path: &Path,
        columns: [&'static str; N],
        parse: fn([&str; N]) -> Result<T, String>,
    ) -> Result<Self, InputError> {
        let path = path.to_owned();
        let unreadable = |error| InputError::Unreadable { path: path.clone(), error };
        let mut lines = Lines::new(BufReader::new(File::open(&path).map_err(unreadable)?));

        let Some(header) = next_record(&mut lines).map_err(unreadable)? else {
            return Err(InputError::NoHeader { path, wanted: columns.join(", ") });
        };
        let header = match header.fields {
            Ok(fields) => fields,
            Err(reason) => return Err(InputError::Header { path, reason }),
        };
        let mut places = [0; N];
        for (place, missing) in places.iter_mut().zip(columns) {
            let Some(position) = header.iter().position(|name| name == missing) else {
                let present = header.join(", ");
                return Err(InputError::NoColumn { path, missing, present });
            };
            *place = position;
        }
        Ok(Self { path, lines, width: header.len(), places, parse })
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
        let row = record.fields.and_then(|fields| self.parse_row(&fields));
        let malformed = |reason| Malformed { path: self.path.clone(), line: record.line, reason };
        Ok(Some(row.map_err(malformed)))
    }

    fn parse_row(&self, fields: &[String]) -> Result<T, String> {
        let (count, width) = (fields.len(), self.width);
        if count != width {
            return Err(format!("the number of fields is {count}, the header's is {width}"));
        }
        (self.parse)(self.places.map(|place| fields[place].as_str()))
    }
}
