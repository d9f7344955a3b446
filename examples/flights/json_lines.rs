//! Files of a line of JSON each, that a later run can go on with.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failure::Failure;

/// Such a file. What is given to it at once is written at once, as whole lines.
pub struct JsonLines {
    path: PathBuf,
    file: File,
    text: Vec<u8>,
}

impl JsonLines {
    /// Begins a new file.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        Self::open(path, true)
    }

    /// Goes on with a file, if there is one, after each of its lines was taken by `take`, which
    /// answers why if it can't. A piece of a line at the end is cut off: whoever wrote it was
    /// killed before it was whole. A file that is refused is left as it is.
    pub fn resume<L: DeserializeOwned>(
        path: &Path,
        mut take: impl FnMut(L) -> Result<(), String>,
    ) -> Result<Self, Failure> {
        let mut lines = Self::open(path, false)?;
        let mut text = Vec::new();
        lines.file.read_to_end(&mut text).map_err(|error| lines.unusable(error))?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        for (number, text) in (1..).zip(text[..whole].split_inclusive(|byte| *byte == b'\n')) {
            let line = serde_json::from_slice(text).map_err(|error| error.to_string());
            line.and_then(&mut take).map_err(|reason| Failure::Resume {
                path: path.to_owned(),
                number,
                reason,
            })?;
        }
        lines.cut(whole as u64).map_err(|error| lines.unusable(error))?;
        Ok(lines)
    }

    fn open(path: &Path, truncate: bool) -> Result<Self, Failure> {
        let path = path.to_owned();
        let mut options = File::options();
        match options.read(true).write(true).create(true).truncate(truncate).open(&path) {
            Ok(file) => Ok(Self { path, file, text: Vec::new() }),
            Err(error) => Err(Failure::Unwritable { path, error }),
        }
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.seek(SeekFrom::Start(length)).map(drop)
    }

    /// Adds lines; blocks as long as the file does.
    pub fn write(&mut self, lines: impl Iterator<Item = impl Serialize>) -> Result<(), Failure> {
        self.try_write(lines).map_err(|error| self.unusable(error))
    }

    fn try_write(&mut self, lines: impl Iterator<Item = impl Serialize>) -> io::Result<()> {
        self.text.clear();
        for line in lines {
            serde_json::to_writer(&mut self.text, &line)?;
            self.text.push(b'\n');
        }
        self.file.write_all(&self.text)
    }

    fn unusable(&self, error: io::Error) -> Failure {
        Failure::Unwritable { path: self.path.clone(), error }
    }
}
