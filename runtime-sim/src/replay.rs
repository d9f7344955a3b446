use std::error::Error;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::str::FromStr;

use crate::choice::Stream;

/// One schedule, told by the choices in it that were not the ordinary ones.
///
/// The ordinary run polls the tasks in the order in which they could run and has no fault in it,
/// so a short replay is one that a human can follow. [`Failure::replay`](crate::Failure::replay)
/// has the shortest that was found; [`Explore::run_replay`](crate::Explore::run_replay) runs it,
/// as does the environment's `MTAIO_SIM_REPLAY`, written as here:
///
/// ```
/// use mtaio_sim::Replay;
///
/// // The 4th choice of a task to run took the 2nd in line, the 9th took the 3rd.
/// let replay: Replay = "s3=1,s8=2".parse()?;
/// assert_eq!(replay.len(), 2);
/// assert_eq!(replay.to_string(), "s3=1,s8=2");
/// # Ok::<(), mtaio_sim::ParseReplayError>(())
/// ```
///
/// The letters: `s` a task to run, `e` entropy, `p` a spurious poll, `l` a late timer, `w` a jump
/// of the wall clock, `b` [`buggify`](crate::Sim::buggify), `c` a cancellation. Behind the letter
/// is the number of the choice among those of its kind, from 0, and what was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Replay {
    /// In the order of streams and indices.
    choices: Vec<Choice>,
}

/// That the `index`-th choice of a stream was `value`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) stream: Stream,
    pub(crate) index: u64,
    pub(crate) value: u32,
    /// Which task that was, where it is known: when choices before this one are taken out, it is
    /// the task that is meant, wherever it stands in line then.
    pub(crate) slot: Option<u32>,
}

impl Replay {
    pub(crate) fn new(mut choices: Vec<Choice>) -> Self {
        choices.sort_unstable_by_key(Choice::key);
        Self { choices }
    }

    /// How many choices are not the ordinary ones.
    pub const fn len(&self) -> usize {
        self.choices.len()
    }

    /// Whether it is the ordinary run.
    pub const fn is_empty(&self) -> bool {
        self.choices.is_empty()
    }

    pub(crate) fn get(&self, stream: Stream, index: u64) -> Option<Choice> {
        let found = self.choices.binary_search_by_key(&(stream, index), Choice::key);
        found.ok().map(|at| self.choices[at])
    }

    /// The same with the ordinary choices in place of those in `range`.
    pub(crate) fn without(&self, range: Range<usize>) -> Self {
        let mut choices = self.choices.clone();
        choices.drain(range);
        Self { choices }
    }

    /// The same without the polls, timers and so on that the choices in `range` are about: those
    /// of the same kind that come after are as many places earlier.
    pub(crate) fn cut(&self, range: Range<usize>) -> Self {
        let removed = &self.choices[range.clone()];
        let mut choices = self.without(range).choices;
        for choice in &mut choices {
            let before = |key| removed.partition_point(|gone| gone.key() < key) as u64;
            choice.index -= before(choice.key()) - before((choice.stream, 0));
        }
        Self { choices }
    }
}

impl Choice {
    const fn key(&self) -> (Stream, u64) {
        (self.stream, self.index)
    }
}

impl PartialEq for Choice {
    fn eq(&self, other: &Self) -> bool {
        (self.key(), self.value) == (other.key(), other.value)
    }
}

impl Eq for Choice {}

impl Hash for Choice {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.key(), self.value).hash(state);
    }
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Choice { stream, index, value, .. }) in self.choices.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            let letter = Stream::ALL[*stream as usize].1;
            write!(f, "{comma}{letter}{index}={value}")?;
        }
        Ok(())
    }
}

/// What is no [`Replay`], and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseReplayError {
    part: String,
}

impl FromStr for Replay {
    type Err = ParseReplayError;

    fn from_str(text: &str) -> Result<Self, ParseReplayError> {
        let parse = |part: &str| {
            let malformed = || ParseReplayError { part: part.to_owned() };
            Choice::parse(part.trim()).ok_or_else(malformed)
        };
        let parts = text.split(',').filter(|_| !text.trim().is_empty());
        let replay = Self::new(parts.map(parse).collect::<Result<_, _>>()?);
        match replay.choices.windows(2).find(|pair| pair[0].key() == pair[1].key()) {
            Some(twice) => {
                Err(ParseReplayError { part: Self { choices: twice.to_vec() }.to_string() })
            }
            None => Ok(replay),
        }
    }
}

impl Choice {
    fn parse(part: &str) -> Option<Self> {
        let letter = part.chars().next()?;
        let (stream, _) = *Stream::ALL.iter().find(|(_, known)| *known == letter)?;
        let (index, value) = part.strip_prefix(letter)?.split_once('=')?;
        let value = value.parse().ok().filter(|value| *value > 0)?;
        Some(Self { stream, index: index.parse().ok()?, value, slot: None })
    }
}

impl Error for ParseReplayError {}

impl fmt::Display for ParseReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no choice of a replay: each is a letter of `seplwbc`, a number from 0, `=` \
             and a number from 1 to {}, once, as in `s3=1,s8=2`",
            self.part,
            u32::MAX
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written() {
        for text in ["", "s0=1", "s3=1,s20=4294967295,e0=7,c2=1"] {
            let replay: Replay = text.parse().expect(text);
            assert_eq!(replay.to_string(), text);
        }
        let spaced: Replay = " e0=7, s3=1 ".parse().expect("spaces are no matter");
        assert_eq!(spaced.to_string(), "s3=1,e0=7");
    }

    #[test]
    fn what_is_malformed_is_told() {
        for text in ["x1=1", "s1", "s=1", "s1=0", "s1=4294967296", "s1=1,,", "s1=1,s1=2", "s-1=1"] {
            let error = text.parse::<Replay>().expect_err(text).to_string();
            assert!(error.contains("is no choice of a replay: each is a letter of"), "{error}");
        }
        let error = "s0=1,q3=1".parse::<Replay>().expect_err("no such letter").to_string();
        assert!(error.starts_with("\"q3=1\" is no choice"), "{error}");
    }

    #[test]
    fn what_it_does_not_tell_is_ordinary() {
        let replay: Replay = "s3=1,e0=7".parse().expect("well formed");
        assert_eq!(replay.get(Stream::Schedule, 3).map(|choice| choice.value), Some(1));
        assert_eq!(replay.get(Stream::Schedule, 0), None);
        assert_eq!(replay.without(0..1).to_string(), "e0=7");
    }

    #[test]
    fn what_is_cut_out_moves_the_rest_up() {
        let replay: Replay = "s0=1,s3=2,s4=3,s9=4,e7=5".parse().expect("well formed");
        assert_eq!(replay.cut(1..3).to_string(), "s0=1,s7=4,e7=5");
        assert_eq!(replay.cut(0..1).to_string(), "s2=2,s3=3,s8=4,e7=5");
    }
}
