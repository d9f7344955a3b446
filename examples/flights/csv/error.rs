use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A file that can't be used.
#[derive(Debug, Error)]
pub enum InputError {
    #[error("{path}: cannot be read: {error}", path = path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{path}: is empty, where a header with {wanted} is needed", path = path.display())]
    NoHeader { path: PathBuf, wanted: String },
    #[error("{path}: the header is malformed: {reason}", path = path.display())]
    Header { path: PathBuf, reason: String },
    #[error("{path}: has no column `{missing}`, its columns are {present}", path = path.display())]
    NoColumn { path: PathBuf, missing: &'static str, present: String },
}

/// A row that can't be used: where it begins, and why.
#[derive(Debug, Error)]
#[error("{path}: line {line}: {reason}", path = path.display())]
pub struct Malformed {
    pub path: PathBuf,
    /// From one, and the header's line counts.
    pub line: u64,
    pub reason: String,
    /// How it begins, at most its first 1,000 characters; what is no text is `\u{fffd}`.
    pub text: String,
}
