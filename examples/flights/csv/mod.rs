//! CSV files, read a chunk of rows at a time.
//!
//! A reader of our own, since a row that is reported must be found by the number of its line: in
//! files with CRLF, with blank lines, with line breaks inside of quotes, and behind a quote that
//! somebody forgot to close.

mod error;
mod lines;
mod records;
mod rows;
mod split;

pub use self::error::{InputError, Malformed};
pub use self::rows::{Chunk, Rows};
