//! What replies mean.

use mtaio::cache::NodeError;

use crate::error::ConnectionError;
use crate::resp::Frame;

/// What kind of error the server answered with; the text is all of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Full(String),
    /// Another time it may be different.
    NotReady(String),
    Refused(String),
}

pub(crate) fn refusal(error: &[u8]) -> Refusal {
    let text = String::from_utf8_lossy(error).into_owned();
    match code(&text) {
        "OOM" => Refusal::Full(text),
        "BUSY" | "CLUSTERDOWN" | "LOADING" | "MASTERDOWN" | "MISCONF" | "NOREPLICAS"
        | "READONLY" | "TRYAGAIN" => Refusal::NotReady(text),
        _ if text == "ERR max number of clients reached" => Refusal::NotReady(text),
        _ => Refusal::Refused(text),
    }
}

/// The first word. Redis 6 puts before it where in a script that was.
fn code(text: &str) -> &str {
    let in_script = text.strip_prefix("@user_script: ").and_then(|text| text.split_once(": -"));
    let text = in_script.map_or(text, |(_line, text)| text);
    text.split(' ').next().unwrap_or_default()
}

/// A reply that is no error.
pub(crate) fn accepted(frame: Frame) -> Result<Frame, NodeError> {
    match frame {
        Frame::Error(error) => Err(match refusal(&error) {
            Refusal::Full(text) => NodeError::full(text),
            Refusal::NotReady(text) => {
                NodeError::unavailable(ConnectionError::NotReady(text.into()))
            }
            Refusal::Refused(text) => NodeError::refused(text),
        }),
        frame => Ok(frame),
    }
}

/// A value, if there is one. `limit` is what it may have in bytes.
pub(crate) fn value(frame: Frame, limit: usize) -> Result<Option<Vec<u8>>, NodeError> {
    match frame {
        Frame::Bulk(value) if value.len() > limit => {
            Err(NodeError::TooLarge { size: value.len(), limit })
        }
        Frame::Bulk(value) => Ok(Some(value)),
        Frame::Null => Ok(None),
        Frame::TooLarge(size) => Err(NodeError::TooLarge { size, limit }),
        other => Err(senseless(&other)),
    }
}

pub(crate) fn values(
    frame: Frame,
    count: usize,
    limit: usize,
) -> Result<Vec<Option<Vec<u8>>>, NodeError> {
    match frame {
        Frame::Array(values) if values.len() == count => {
            values.into_iter().map(|frame| value(frame, limit)).collect()
        }
        other => Err(senseless(&other)),
    }
}

pub(crate) fn done(frame: &Frame) -> Result<(), NodeError> {
    if *frame == Frame::Ok { Ok(()) } else { Err(senseless(frame)) }
}

/// Of a write with a condition: whether it was met.
pub(crate) fn done_or_not(frame: &Frame) -> Result<bool, NodeError> {
    match frame {
        Frame::Ok => Ok(true),
        Frame::Null => Ok(false),
        other => Err(senseless(other)),
    }
}

pub(crate) fn pong(frame: &Frame) -> Result<(), NodeError> {
    match frame {
        Frame::Line(text) if text == b"PONG" => Ok(()),
        other => Err(senseless(other)),
    }
}

pub(crate) fn count(frame: &Frame) -> Result<i64, NodeError> {
    match frame {
        Frame::Integer(count) => Ok(*count),
        other => Err(senseless(other)),
    }
}

/// A step of a scan: where it goes on (at `0` it is over), and the keys that it found.
pub(crate) fn scanned(frame: Frame, limit: usize) -> Result<(Vec<u8>, Vec<Vec<u8>>), NodeError> {
    let Frame::Array(parts) = frame else { return Err(senseless(&frame)) };
    match <[Frame; 2]>::try_from(parts) {
        Ok([Frame::Bulk(cursor), Frame::Array(keys)]) => {
            let keys = keys.into_iter().map(|key| match key {
                Frame::Bulk(key) => Ok(key),
                Frame::TooLarge(size) => Err(NodeError::TooLarge { size, limit }),
                other => Err(senseless(&other)),
            });
            Ok((cursor, keys.collect::<Result<_, _>>()?))
        }
        Ok(other) => Err(senseless(&Frame::Array(other.into()))),
        Err(other) => Err(senseless(&Frame::Array(other))),
    }
}

/// An answer of a kind that the question does not have.
fn senseless(frame: &Frame) -> NodeError {
    NodeError::protocol(format!("{} is no answer to what was asked", kind(frame)))
}

/// What it is, for errors. What is in it stays out of them: it may be anybody's, a password even,
/// where somebody repeats what he was told.
pub(crate) const fn kind(frame: &Frame) -> &'static str {
    match frame {
        Frame::Ok | Frame::Line(_) => "a status",
        Frame::Error(_) => "an error",
        Frame::Integer(_) => "a number",
        Frame::Bulk(_) | Frame::TooLarge(_) => "a string",
        Frame::Null => "nothing",
        Frame::Array(_) => "an array",
        Frame::Map(_) => "a map",
        Frame::Push(_) => "a push",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_a_script_is_of_the_kind_that_it_is_outside() {
        let full = "@user_script: 4: -OOM command not allowed when used memory > 'maxmemory'.";
        assert_eq!(refusal(full.as_bytes()), Refusal::Full(full.into()));
        let reads_only = "@user_script: 4: -READONLY You can't write against a read only replica.";
        assert_eq!(refusal(reads_only.as_bytes()), Refusal::NotReady(reads_only.into()));
        assert_eq!(refusal(b"OOM no"), Refusal::Full("OOM no".into()));
        let other = "ERR it says: -OOM";
        assert_eq!(refusal(other.as_bytes()), Refusal::Refused(other.into()));
    }
}
