//! The rows that can't be used, as lines of JSON, for whoever mends them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::csv::Malformed;
use super::failure::Failure;
use super::json_lines::JsonLines;

/// A file of a line a malformed row.
pub struct DeadLetters {
    lines: JsonLines,
    /// What an earlier run wrote.
    written: BTreeSet<Letter<'static>>,
}

/// What a malformed row is in the file.
#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Letter<'a> {
    file: Cow<'a, str>,
    line: u64,
    reason: Cow<'a, str>,
    text: Cow<'a, str>,
}

impl DeadLetters {
    /// Begins a new file.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        Ok(Self { lines: JsonLines::create(path)?, written: BTreeSet::new() })
    }

    /// Goes on with a file, if there is one: what is in it is not written again.
    pub fn resume(path: &Path) -> Result<Self, Failure> {
        let mut written = BTreeSet::new();
        let lines = JsonLines::resume(path, |letter: Letter<'static>| {
            let line = letter.line;
            match written.insert(letter) {
                true => Ok(()),
                false => Err(format!("the row in line {line} is there twice")),
            }
        })?;
        Ok(Self { lines, written })
    }

    /// Writes a row, unless it is there; blocks as long as the file does.
    pub fn write(&mut self, row: &Malformed) -> Result<(), Failure> {
        let letter = Letter::of(row);
        let is_new = !self.written.contains(&letter);
        self.lines.write(is_new.then_some(letter).into_iter())
    }
}

impl<'a> Letter<'a> {
    fn of(row: &'a Malformed) -> Self {
        Self {
            file: row.path.to_string_lossy(),
            line: row.line,
            reason: Cow::Borrowed(&row.reason),
            text: Cow::Borrowed(&row.text),
        }
    }
}
