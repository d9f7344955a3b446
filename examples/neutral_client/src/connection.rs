use std::io;
use std::time::Duration;

use futures_util::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::error::CallError;

/// The longest head of a response, in bytes, and the most headers in it.
const MOST_HEAD: usize = 8 * 1024;
const MOST_HEADERS: usize = 32;

/// The longest body that is read, in bytes.
const MOST_BODY: usize = 64 * 1024;

/// A connection on which one request follows the other.
///
/// Who calls owns it, and a call that is dropped midway drops it with it: nobody gets the answer
/// that was another's.
pub(crate) struct Connection<Io> {
    io: Io,
    /// What was read and belongs to no response yet.
    buffer: Vec<u8>,
}

/// What the service is asked.
pub(crate) struct Request<'a> {
    pub(crate) method: &'static str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a str,
}

/// What the service answered.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
    /// Whether another request may follow on the same connection.
    pub(crate) keeps_open: bool,
}

/// The head of a response.
struct Head {
    status: u16,
    retry_after: Option<Duration>,
    keeps_open: bool,
    /// The bytes of the head itself, and those of the body behind it.
    len: usize,
    body: usize,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Connection<Io> {
    pub(crate) const fn new(io: Io) -> Self {
        Self { io, buffer: Vec::new() }
    }

    /// Asks, and waits for the answer.
    pub(crate) async fn call(&mut self, request: &Request<'_>) -> Result<Response, CallError> {
        let Request { method, path, body } = request;
        let length = match *method {
            "GET" => String::new(),
            _ => format!("content-length: {}\r\n", body.len()),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: directory\r\naccept: text/plain\r\n{length}\r\n{body}"
        );
        self.io.write_all(request.as_bytes()).await?;
        self.io.flush().await?;

        let head = loop {
            if let Some(head) = parse(&self.buffer)? {
                break head;
            }
            if self.buffer.len() >= MOST_HEAD {
                return Err(CallError::Protocol("its head is too long"));
            }
            self.read_some().await?;
        };
        let end = head.len + head.body;
        while self.buffer.len() < end {
            self.read_some().await?;
        }
        let rest = self.buffer.split_off(end);
        let body = std::mem::replace(&mut self.buffer, rest).split_off(head.len);
        let Head { status, retry_after, keeps_open, .. } = head;
        // What follows an answer answers no question: such a connection is not used again.
        let keeps_open = keeps_open && self.buffer.is_empty();
        Ok(Response { status, retry_after, body, keeps_open })
    }

    /// Takes leave; whether the other side hears it is its own affair.
    pub(crate) async fn close(mut self) {
        let _ = self.io.close().await;
    }

    async fn read_some(&mut self) -> Result<(), CallError> {
        let mut piece = [0; 1024];
        match self.io.read(&mut piece).await? {
            0 if self.buffer.is_empty() => Err(CallError::Closed),
            0 => Err(CallError::Io(io::ErrorKind::UnexpectedEof.into())),
            n => {
                self.buffer.extend_from_slice(&piece[..n]);
                Ok(())
            }
        }
    }
}

/// The head of a response, once it is there as a whole.
fn parse(bytes: &[u8]) -> Result<Option<Head>, CallError> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let Ok(parsed) = response.parse(bytes) else {
        return Err(CallError::Protocol("it is not HTTP"));
    };
    let (httparse::Status::Complete(len), Some(status)) = (parsed, response.code) else {
        return Ok(None);
    };
    let header = |name: &str| {
        let found = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok()).map(str::trim)
    };
    let Some(body) = header("content-length").and_then(|length| length.parse().ok()) else {
        return Err(CallError::Protocol("it does not say how long it is"));
    };
    if body > MOST_BODY {
        return Err(CallError::Protocol("its body is too long"));
    }
    let seconds = header("retry-after").and_then(|after| after.parse().ok());
    let keeps_open = !header("connection").is_some_and(|how| how.eq_ignore_ascii_case("close"));
    Ok(Some(Head { status, retry_after: seconds.map(Duration::from_secs), keeps_open, len, body }))
}
