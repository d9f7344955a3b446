//! The summary for programs.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::summary::Summary;

/// Where the JSON goes.
pub enum JsonOutput {
    Stdout,
    File { path: PathBuf, file: File },
}

impl JsonOutput {
    /// Makes sure that it can be written, and leaves what is there until there is something new.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let path = path.to_owned();
        let mut options = OpenOptions::new();
        match options.write(true).create(true).truncate(false).open(&path) {
            Ok(file) => Ok(Self::File { path, file }),
            Err(error) => Err(Failure::Unwritable { path, error }),
        }
    }

    pub fn write(self, summary: &Summary, stdout: &mut impl Write) -> Result<(), Failure> {
        match self {
            Self::Stdout => write_json(summary, stdout).map_err(Failure::Output),
            Self::File { path, file } => {
                overwrite(file, summary).map_err(|error| Failure::Unwritable { path, error })
            }
        }
    }
}

fn overwrite(mut file: File, summary: &Summary) -> io::Result<()> {
    // Pipes and devices have no length.
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    write_json(summary, &mut file)
}

fn write_json(summary: &Summary, out: &mut impl Write) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(summary)?;
    text.push('\n');
    out.write_all(text.as_bytes())
}
