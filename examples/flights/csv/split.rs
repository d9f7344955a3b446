/// Takes lines apart into fields, as RFC 4180 has it; a quote inside of an unquoted field is a
/// character like any other.
#[derive(Default)]
pub(super) struct Splitter {
    fields: Vec<Vec<u8>>,
    field: Vec<u8>,
    state: State,
}

#[derive(Default)]
enum State {
    #[default]
    Start,
    Plain,
    Quoted,
    /// After a quote inside of quotes: their end, or the first half of a quote that is meant.
    Closing,
}

/// Text stands behind a closing quote.
pub(super) struct Misquoted;

impl Splitter {
    /// Takes in a line; whether the record ends with it, as it does when no quote is left open.
    pub(super) fn push(&mut self, line: &[u8]) -> Result<bool, Misquoted> {
        for &byte in line {
            self.state = match (&self.state, byte) {
                (State::Start, b'"') => State::Quoted,
                (State::Quoted, b'"') => State::Closing,
                (State::Closing, b'"') => self.keep(byte, State::Quoted),
                (State::Quoted, _) => self.keep(byte, State::Quoted),
                (_, b',') => self.end_field(),
                (State::Closing, _) => return Err(Misquoted),
                (State::Start | State::Plain, _) => self.keep(byte, State::Plain),
            };
        }
        if let State::Quoted = self.state {
            self.field.push(b'\n');
            return Ok(false);
        }
        self.state = self.end_field();
        Ok(true)
    }

    pub(super) fn into_fields(self) -> Vec<Vec<u8>> {
        self.fields
    }

    fn keep(&mut self, byte: u8, next: State) -> State {
        self.field.push(byte);
        next
    }

    fn end_field(&mut self) -> State {
        self.fields.push(std::mem::take(&mut self.field));
        State::Start
    }
}
