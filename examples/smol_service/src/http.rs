//! As much of HTTP/1.1 as a server of small answers needs.

use std::io;

use futures_util::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use mtaio::monitor::Registry;
use seats::Reply;

/// The longest head of a request and the longest body, in bytes, and the most headers.
const MOST_HEAD: usize = 8 * 1024;
const MOST_BODY: usize = 1024;
const MOST_HEADERS: usize = 32;

/// What is asked.
pub struct Request {
    pub method: String,
    pub path: String,
    pub body: String,
    /// Whether the client wants the connection closed after the answer.
    pub is_last: bool,
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

    /// The next request; `None` when the client hangs up.
    pub async fn next(&mut self) -> io::Result<Option<Request>> {
        loop {
            if let Some((request, len)) = parse(&self.buffer)? {
                self.buffer.drain(..len);
                return Ok(Some(request));
            }
            if self.buffer.len() >= MOST_HEAD + MOST_BODY {
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

    pub async fn answer(&mut self, reply: Reply) -> io::Result<()> {
        let Reply { status, retry_after, body } = reply;
        let retry_after = retry_after.map(|after| format!("retry-after: {after}\r\n"));
        let retry_after = retry_after.unwrap_or_default();
        let (length, kind) = (body.len(), Registry::CONTENT_TYPE);
        let text = format!(
            "HTTP/1.1 {status} \r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n{retry_after}\r\n{body}"
        );
        self.io.write_all(text.as_bytes()).await?;
        self.io.flush().await
    }
}

/// The request, and its length, once it is there as a whole.
fn parse(bytes: &[u8]) -> io::Result<Option<(Request, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(bytes).map_err(io::Error::other)?;
    let (httparse::Status::Complete(head), Some(method), Some(path)) =
        (parsed, request.method, request.path)
    else {
        return Ok(None);
    };
    let header = |name: &str| {
        let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok()).map(str::trim)
    };
    let length: usize =
        header("content-length").map_or(Ok(0), str::parse).map_err(io::Error::other)?;
    if length > MOST_BODY {
        return Err(io::Error::other("its body is too long"));
    }
    let Some(body) = bytes.get(head..head + length) else { return Ok(None) };
    let (method, path) = (method.to_owned(), path.to_owned());
    let body = String::from_utf8_lossy(body).into_owned();
    let is_last = header("connection").is_some_and(|how| how.eq_ignore_ascii_case("close"));
    Ok(Some((Request { method, path, body, is_last }, head + length)))
}
