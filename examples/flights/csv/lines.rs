use std::io::{self, BufRead, Read};

/// The longest line that is kept. What is beyond it is no row of data, and must not fill memory.
pub(super) const MAX_LINE: usize = 64 * 1024;

/// A line without its end.
pub(super) struct Line {
    /// From one.
    pub(super) number: u64,
    pub(super) text: Vec<u8>,
    /// Whether it went on beyond [`MAX_LINE`].
    pub(super) cut: bool,
}

/// The physical lines of a file.
pub(super) struct Lines<R> {
    input: R,
    count: u64,
    /// In bytes.
    read: u64,
    /// What was read in vain, the next one last.
    given_back: Vec<Line>,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(input: R) -> Self {
        Self { input, count: 0, read: 0, given_back: Vec::new() }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.given_back.pop() {
            return Ok(Some(line));
        }
        let mut text = Vec::new();
        let mut piece = self.input.by_ref().take(MAX_LINE as u64);
        let length = piece.read_until(b'\n', &mut text)?;
        if length == 0 {
            return Ok(None);
        }
        self.count += 1;
        self.read += length as u64;
        let ended = text.pop_if(|last| *last == b'\n').is_some();
        let mut cut = false;
        if !ended && text.len() == MAX_LINE {
            let skipped = self.input.skip_until(b'\n')?;
            self.read += skipped as u64;
            cut = skipped > 0;
        }
        text.pop_if(|last| *last == b'\r');
        if self.count == 1 && text.starts_with("\u{feff}".as_bytes()) {
            text.drain(.."\u{feff}".len());
        }
        Ok(Some(Line { number: self.count, text, cut }))
    }

    /// How many bytes were read.
    pub(super) const fn read(&self) -> u64 {
        self.read
    }

    /// Lets `lines`, which were the last to come, come again.
    pub(super) fn give_back(&mut self, lines: impl DoubleEndedIterator<Item = Line>) {
        self.given_back.extend(lines.rev());
    }
}
