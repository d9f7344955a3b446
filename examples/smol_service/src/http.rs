//! As much of HTTP/1.1 as a server of small answers needs.

use std::io;

use futures_util::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest request, in bytes, and the most headers in it.
const MOST_REQUEST: usize = 8 * 1024;
const MOST_HEADERS: usize = 32;

/// What is answered.
pub struct Response {
    pub status: u16,
    /// In whole seconds.
    pub retry_after: Option<u64>,
    pub body: String,
}

impl Response {
    pub const fn new(status: u16, body: String) -> Self {
        Self { status, retry_after: None, body }
    }
}

/// The requests of one connection, one after the other.
pub struct Requests<Io> {
    io: Io,
    buffer: Vec<u8>,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Requests<Io> {
    pub const fn new(io: Io) -> Self {
        Self { io, buffer: Vec::new() }
    }

    /// The path of the next request that asks for one; `None` when the client hangs up.
    pub async fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some((path, len)) = parse(&self.buffer)? {
                self.buffer.drain(..len);
                return Ok(Some(path));
            }
            if self.buffer.len() >= MOST_REQUEST {
                return Err(io::Error::other("the request is too long"));
            }
            let mut piece = [0; 1024];
            match self.io.read(&mut piece).await? {
                0 if self.buffer.is_empty() => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => self.buffer.extend_from_slice(&piece[..n]),
            }
        }
    }

    pub async fn answer(&mut self, response: Response) -> io::Result<()> {
        let Response { status, retry_after, body } = response;
        let retry_after = retry_after.map(|after| format!("retry-after: {after}\r\n"));
        let retry_after = retry_after.unwrap_or_default();
        let length = body.len();
        let text =
            format!("HTTP/1.1 {status} \r\ncontent-length: {length}\r\n{retry_after}\r\n{body}");
        self.io.write_all(text.as_bytes()).await?;
        self.io.flush().await
    }
}

/// The path that is asked for, and the length of the request, once it is there as a whole.
fn parse(bytes: &[u8]) -> io::Result<Option<(String, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes).map_err(io::Error::other)? {
        httparse::Status::Partial => Ok(None),
        httparse::Status::Complete(len) => match (request.method, request.path) {
            (Some("GET"), Some(path)) => Ok(Some((path.to_owned(), len))),
            _ => Err(io::Error::other("only GET is served")),
        },
    }
}
