//! What is said before the first call, all at once.

use std::sync::Arc;

use futures_util::{AsyncReadExt, AsyncWriteExt};

use super::tracking::Tracking;
use crate::connector::Io;
use crate::endpoint::Endpoint;
use crate::error::ConnectionError;
use crate::reply::{Refusal, kind, refusal};
use crate::resp::{Decoder, Frame, encode};

/// As whom the server knows a connection. By both it is not taken for another one: a server that was
/// started anew counts from the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    id: Vec<u8>,
    address: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Hello,
    Kill,
    Select,
    Track,
    Info,
}

/// Introduces itself, and asks as whom it is known.
///
/// If there is an `orphan`, the server is made to forget what that connection asked and was not
/// answered: or it might still do it later, after what is asked on this one.
pub(super) async fn shake_hands(
    stream: &mut std::pin::Pin<Box<dyn Io>>,
    decoder: &mut Decoder,
    endpoint: &Endpoint,
    tracking: &Tracking,
    orphan: Option<&Identity>,
) -> Result<Option<Identity>, ConnectionError> {
    let (said, steps) = all_that_is_said(endpoint, tracking, orphan);
    stream.write_all(&said).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;

    let mut identity = None;
    let mut steps = steps.into_iter();
    let mut buffer = vec![0; 4096];
    while steps.len() > 0 {
        let count = stream.read(&mut buffer).await.map_err(broken)?;
        if count == 0 {
            return Err(ConnectionError::Closed);
        }
        let mut input = &buffer[..count];
        while let Some(frame) = decoder.decode(&mut input).map_err(garbage)? {
            if matches!(frame, Frame::Push(_)) {
                // Whatever has changed: it is known that nothing is known, once this is done.
                continue;
            }
            match steps.next() {
                Some(Step::Info) => identity = identity_of(&frame),
                // That it is gone already, or that we may not do this.
                Some(Step::Kill) => {}
                Some(step) => check(step, &frame)?,
                None => return Err(ConnectionError::Garbage("nobody asked for it".into())),
            }
        }
    }
    Ok(identity)
}

fn all_that_is_said(
    endpoint: &Endpoint,
    tracking: &Tracking,
    orphan: Option<&Identity>,
) -> (Vec<u8>, Vec<Step>) {
    let mut said = Vec::new();
    let mut steps = Vec::new();
    let mut say = |step: Step, parts: &[&[u8]]| {
        encode(&mut said, parts);
        steps.push(step);
    };
    match endpoint.login() {
        Some(login) => {
            let (user, password) = (login.user.as_bytes(), login.password.as_bytes());
            say(Step::Hello, &[b"HELLO", b"3", b"AUTH", user, password]);
        }
        None => say(Step::Hello, &[b"HELLO", b"3"]),
    }
    if let Some(Identity { id, address }) = orphan {
        say(Step::Kill, &[b"CLIENT", b"KILL", b"ID", id, b"ADDR", address]);
    }
    if endpoint.database() != 0 {
        say(Step::Select, &[b"SELECT", endpoint.database().to_string().as_bytes()]);
    }
    if tracking.is_on() {
        let mut parts: Vec<&[u8]> = vec![b"CLIENT", b"TRACKING", b"ON", b"BCAST", b"NOLOOP"];
        for prefix in tracking.prefixes() {
            parts.extend([&b"PREFIX"[..], prefix]);
        }
        say(Step::Track, &parts);
    }
    say(Step::Info, &[b"CLIENT", b"INFO"]);
    (said, steps)
}

fn check(step: Step, frame: &Frame) -> Result<(), ConnectionError> {
    match (step, frame) {
        (Step::Hello, Frame::Error(error)) => Err(refused(without_arguments(error))),
        (_, Frame::Error(error)) => Err(refused(error)),
        (Step::Hello, Frame::Map(_)) | (_, Frame::Ok) => Ok(()),
        (step, other) => {
            let text = format!("{step:?} was answered with {}", kind(other));
            Err(ConnectionError::Garbage(text.into()))
        }
    }
}

fn refused(error: &[u8]) -> ConnectionError {
    match refusal(error) {
        Refusal::NotReady(text) => ConnectionError::NotReady(text.into()),
        Refusal::Full(text) | Refusal::Refused(text) => ConnectionError::Refused(text.into()),
    }
}

/// A server that does not know `HELLO` repeats what came with it, and there the password is.
fn without_arguments(error: &[u8]) -> &[u8] {
    const ARGUMENTS: &[u8] = b", with args";

    let end = error.windows(ARGUMENTS.len()).position(|part| part == ARGUMENTS);
    &error[..end.unwrap_or(error.len())]
}

/// From a line as `id=3 addr=127.0.0.1:58082 laddr=.. ..`. An older server does not tell.
fn identity_of(frame: &Frame) -> Option<Identity> {
    let Frame::Bulk(line) = frame else { return None };
    let field = |name: &[u8]| {
        line.split(|&byte| byte == b' ')
            .find_map(|word| word.strip_prefix(name))
            .map(<[u8]>::to_vec)
    };
    Some(Identity { id: field(b"id=")?, address: field(b"addr=")? })
}

fn broken(error: std::io::Error) -> ConnectionError {
    ConnectionError::Broken(Arc::new(error))
}

fn garbage(garbage: crate::resp::Garbage) -> ConnectionError {
    ConnectionError::Garbage(garbage.0.into())
}
