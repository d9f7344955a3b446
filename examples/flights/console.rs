//! What is told while the work goes on: malformed rows, and how far it is.

use std::io::Write;
use std::net::SocketAddr;

use super::csv::Malformed;

/// What there is to tell.
#[derive(Debug)]
pub enum Told<'a> {
    Malformed(&'a Malformed),
    /// Metrics are to be had there.
    Serving(SocketAddr),
    /// So many rows are read, and this part of the file, from 0 to 1.
    Read {
        rows: u64,
        part: f64,
    },
}

/// Standard error: malformed rows, which are counted, and on a terminal a bar.
pub struct Console<W> {
    stderr: W,
    has_bar: bool,
    malformed: u64,
}

/// A bar's characters.
const WIDTH: usize = 40;

/// Erases what stands in a terminal's line.
const ERASE: &str = "\r\x1b[2K";

impl<W: Write> Console<W> {
    pub const fn new(stderr: W, has_bar: bool) -> Self {
        Self { stderr, has_bar, malformed: 0 }
    }

    // Where standard error can't be written there is nowhere left to say so.

    pub fn tell(&mut self, told: Told) {
        match told {
            Told::Malformed(row) => {
                self.erase();
                self.malformed += 1;
                let _ = writeln!(self.stderr, "{row}");
            }
            Told::Serving(address) => {
                let _ = writeln!(self.stderr, "metrics: http://{address}/metrics");
            }
            Told::Read { rows, part } if self.has_bar => {
                let done = (part.clamp(0.0, 1.0) * WIDTH as f64) as usize;
                let (done, left) = ("#".repeat(done), "-".repeat(WIDTH - done));
                let _ = write!(self.stderr, "{ERASE}[{done}{left}] {rows} rows");
                let _ = self.stderr.flush();
            }
            Told::Read { .. } => {}
        }
    }

    /// Leaves the terminal to what comes after the work.
    pub fn erase(&mut self) {
        if self.has_bar {
            let _ = write!(self.stderr, "{ERASE}");
        }
    }

    pub fn report_count(&mut self) {
        let _ = match self.malformed {
            0 => Ok(()),
            1 => writeln!(self.stderr, "1 malformed row"),
            count => writeln!(self.stderr, "{count} malformed rows"),
        };
    }
}
