use std::io::{self, BufRead};

use super::lines::{Line, Lines, MAX_LINE};
use super::split::{Misquoted, Splitter};

/// A line, or several where a quoted field holds line breaks.
pub(super) struct Record {
    lines: Vec<Line>,
    /// Its fields, or what is wrong with it.
    pub(super) fields: Result<Vec<String>, String>,
}

/// Characters of a record that tell what it is.
const MAX_TEXT: usize = 1_000;

impl Record {
    /// The number of the line where it begins.
    pub(super) fn line(&self) -> u64 {
        self.lines.first().map_or(0, |line| line.number)
    }

    /// How it begins, for people.
    pub(super) fn text(&self) -> String {
        let lines: Vec<_> = self.lines.iter().map(|line| line.text.as_slice()).collect();
        String::from_utf8_lossy(&lines.join(&b'\n')).chars().take(MAX_TEXT).collect()
    }
}

/// The next record; blank lines are none.
///
/// A quote that is never closed, or closed in the midst of a field, spoils the line that opened it
/// and no other: the lines behind it are read again, as records of their own.
pub(super) fn next_record<R: BufRead>(lines: &mut Lines<R>) -> io::Result<Option<Record>> {
    let mut taken = Vec::new();
    let fields = match take_fields(lines, &mut taken)? {
        Ok(fields) => decode(fields),
        Err(reason) => {
            lines.give_back(taken.drain(1.min(taken.len())..));
            Err(reason)
        }
    };
    // Nothing was taken at the end of the file.
    Ok((!taken.is_empty()).then_some(Record { lines: taken, fields }))
}

/// Takes lines until they make a record, or can't.
fn take_fields<R: BufRead>(
    lines: &mut Lines<R>,
    taken: &mut Vec<Line>,
) -> io::Result<Result<Vec<Vec<u8>>, String>> {
    let mut splitter = Splitter::default();
    let mut length = 0;
    while let Some(line) = lines.next()? {
        if taken.is_empty() && line.text.is_empty() {
            continue;
        }
        length += line.text.len();
        let too_long = line.cut || length > MAX_LINE;
        let pushed = splitter.push(&line.text);
        taken.push(line);
        match pushed {
            _ if too_long && taken.len() == 1 => {
                return Ok(Err(format!("the line is longer than {MAX_LINE} bytes")));
            }
            _ if too_long => break,
            Ok(true) => return Ok(Ok(splitter.into_fields())),
            Ok(false) => {}
            Err(Misquoted) if taken.len() == 1 => {
                return Ok(Err("there is text behind a closing quote".to_owned()));
            }
            Err(Misquoted) => return Ok(Err("its quotes don't match".to_owned())),
        }
    }
    Ok(Err("a quote is not closed".to_owned()))
}

fn decode(fields: Vec<Vec<u8>>) -> Result<Vec<String>, String> {
    let decode = |(index, field)| {
        String::from_utf8(field).map_err(|_| format!("field {} is not UTF-8", index + 1))
    };
    fields.into_iter().enumerate().map(decode).collect()
}
