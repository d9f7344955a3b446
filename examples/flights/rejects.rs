//! What is told of malformed rows.

use std::io::Write;

use super::csv::Malformed;

/// Reports malformed rows and counts them.
pub struct Rejects<W> {
    stderr: W,
    count: u64,
}

impl<W: Write> Rejects<W> {
    pub const fn new(stderr: W) -> Self {
        Self { stderr, count: 0 }
    }

    // Where standard error can't be written there is nowhere left to say so.

    pub fn report(&mut self, row: &Malformed) {
        self.count += 1;
        let _ = writeln!(self.stderr, "{row}");
    }

    pub fn report_count(&mut self) {
        let _ = match self.count {
            0 => Ok(()),
            1 => writeln!(self.stderr, "1 malformed row"),
            count => writeln!(self.stderr, "{count} malformed rows"),
        };
    }
}
