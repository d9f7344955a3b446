use std::fmt;
use std::mem;

use super::frame::Frame;

/// Takes replies apart as they come, in whatever pieces they come. What has come is looked at once,
/// and no memory is set aside for what was only announced.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    bulk: Option<Bulk>,
    /// What is open around it, the outermost first.
    open: Vec<Aggregate>,
    /// The items of the frame that is being received, at any depth.
    items: usize,
    /// A bulk with more bytes is not kept.
    largest: usize,
}

/// What came is no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Garbage(pub(crate) String);

#[derive(Debug)]
struct Bulk {
    kind: u8,
    size: usize,
    /// What has not come yet.
    left: usize,
    data: Vec<u8>,
    /// How much of the line's end that follows has come.
    ended: usize,
}

#[derive(Debug)]
struct Aggregate {
    kind: u8,
    left: usize,
    items: Vec<Frame>,
}

const LINE_END: &[u8] = b"\r\n";
/// Errors are the longest lines, and shorter than this.
const LONGEST_LINE: usize = 1 << 16;
/// The protocol's own limit is 512 MB.
const LARGEST_BULK: usize = 1 << 40;
/// No reply that is asked for comes near these.
const MOST_ITEMS: usize = 1 << 20;
const DEEPEST: usize = 16;

impl Decoder {
    pub(crate) const fn new(largest: usize) -> Self {
        Self { line: Vec::new(), bulk: None, open: Vec::new(), items: 0, largest }
    }

    /// The next frame, of which the last byte is the first of `input` that is left; or none, and
    /// all of `input` is taken.
    pub(crate) fn decode(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, Garbage> {
        loop {
            let part = match &mut self.bulk {
                Some(bulk) => {
                    if !bulk.take(input, self.largest)? {
                        return Ok(None);
                    }
                    self.bulk.take().map(|bulk| bulk.frame(self.largest)).transpose()?
                }
                None => {
                    let Some(line) = self.take_line(input)? else { return Ok(None) };
                    self.begin(line.as_ref())?
                }
            };
            if let Some(frame) = part.and_then(|part| self.fold(part)) {
                self.items = 0;
                return Ok(Some(frame));
            }
        }
    }

    /// A line without its end, once it is there.
    fn take_line<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Line<'a>>, Garbage> {
        let Some(&first) = self.line.first().or(input.first()) else { return Ok(None) };
        if !b"+-:$*%~>|_,#(=!".contains(&first) {
            return Err(Garbage::begins(&self.line, input));
        }
        let Some(end) = input.iter().position(|&byte| byte == b'\n') else {
            if self.line.len() + input.len() > LONGEST_LINE {
                return Err(Garbage::begins(&self.line, input));
            }
            self.line.extend_from_slice(mem::take(input));
            return Ok(None);
        };
        let (head, rest) = input.split_at(end + 1);
        *input = rest;
        let mut line = if self.line.is_empty() {
            Line::Here(head)
        } else {
            self.line.extend_from_slice(head);
            Line::Gathered(mem::take(&mut self.line))
        };
        if !line.as_ref().ends_with(LINE_END) {
            return Err(Garbage::begins(line.as_ref(), b""));
        }
        match &mut line {
            Line::Here(line) => *line = &line[..line.len() - LINE_END.len()],
            Line::Gathered(line) => line.truncate(line.len() - LINE_END.len()),
        }
        Ok(Some(line))
    }

    /// What a line says: it is a frame by itself, or begins one.
    fn begin(&mut self, line: &[u8]) -> Result<Option<Frame>, Garbage> {
        let Some((&kind, text)) = line.split_first() else {
            return Err(Garbage::begins(line, b""));
        };
        Ok(Some(match kind {
            b'+' if text == b"OK" => Frame::Ok,
            b'+' | b',' | b'#' | b'(' => Frame::Line(text.to_vec()),
            b'-' => Frame::Error(text.to_vec()),
            b'_' if text.is_empty() => Frame::Null,
            b':' => Frame::Integer(number(text).ok_or_else(|| Garbage::begins(line, b""))?),
            // As the older protocol says that there is nothing.
            b'$' | b'*' if text == b"-1" => Frame::Null,
            b'$' | b'=' | b'!' => {
                let size = length(text, LARGEST_BULK).ok_or_else(|| Garbage::begins(line, b""))?;
                let data =
                    Vec::with_capacity(if size <= self.largest { size.min(1 << 12) } else { 0 });
                self.bulk = Some(Bulk { kind, size, left: size, data, ended: 0 });
                return Ok(None);
            }
            _ => return self.open(kind, text).ok_or_else(|| Garbage::begins(line, b"")),
        }))
    }

    /// Begins an aggregate, or is all of an empty one.
    fn open(&mut self, kind: u8, text: &[u8]) -> Option<Option<Frame>> {
        let pairs = matches!(kind, b'%' | b'|');
        let left = length(text, MOST_ITEMS)? * if pairs { 2 } else { 1 };
        self.items += left;
        if self.items > MOST_ITEMS || self.open.len() == DEEPEST || kind == b'_' {
            return None;
        }
        let aggregate = Aggregate { kind, left, items: Vec::with_capacity(left.min(64)) };
        if left == 0 {
            return Some(aggregate.frame());
        }
        self.open.push(aggregate);
        Some(None)
    }

    /// Puts a part into what is open around it: the whole, if it was the last that was missing.
    fn fold(&mut self, mut part: Frame) -> Option<Frame> {
        loop {
            let Some(aggregate) = self.open.last_mut() else { return Some(part) };
            aggregate.items.push(part);
            aggregate.left -= 1;
            if aggregate.left > 0 {
                return None;
            }
            part = self.open.pop().and_then(Aggregate::frame)?;
        }
    }
}

impl Bulk {
    /// Whether all of it has come.
    fn take(&mut self, input: &mut &[u8], largest: usize) -> Result<bool, Garbage> {
        let (here, rest) = input.split_at(self.left.min(input.len()));
        self.left -= here.len();
        *input = rest;
        if self.size <= largest {
            self.data.extend_from_slice(here);
        }
        while self.left == 0 && self.ended < LINE_END.len() {
            let Some((&byte, rest)) = input.split_first() else { return Ok(false) };
            if byte != LINE_END[self.ended] {
                return Err(Garbage(format!("{} bytes were announced, and more came", self.size)));
            }
            self.ended += 1;
            *input = rest;
        }
        Ok(self.left == 0)
    }

    fn frame(self, largest: usize) -> Result<Frame, Garbage> {
        Ok(match self.kind {
            _ if self.size > largest => Frame::TooLarge(self.size),
            b'!' => Frame::Error(self.data),
            // The first four bytes say what kind of text it is.
            b'=' if self.data.get(3) == Some(&b':') => Frame::Bulk(self.data[4..].to_vec()),
            b'=' => return Err(Garbage::begins(b"=", &self.data)),
            _ => Frame::Bulk(self.data),
        })
    }
}

impl Aggregate {
    /// What it is once it is complete: of an attribute, which is about what follows, nothing.
    fn frame(self) -> Option<Frame> {
        match self.kind {
            b'%' => Some(Frame::Map(self.items)),
            b'>' => Some(Frame::Push(self.items)),
            b'|' => None,
            _ => Some(Frame::Array(self.items)),
        }
    }
}

/// A line that came in one piece, or not.
enum Line<'a> {
    Here(&'a [u8]),
    Gathered(Vec<u8>),
}

impl AsRef<[u8]> for Line<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Here(line) => line,
            Self::Gathered(line) => line,
        }
    }
}

impl Garbage {
    /// Shows the beginning of what came: enough to see who it is that answers.
    fn begins(one: &[u8], other: &[u8]) -> Self {
        let begin: Vec<u8> = one.iter().chain(other).copied().take(40).collect();
        Self(format!("it begins with \"{}\"", begin.escape_ascii()))
    }
}

impl fmt::Display for Garbage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn length(text: &[u8], most: usize) -> Option<usize> {
    // `parse` would take a sign.
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok().filter(|&length| length <= most)
}
