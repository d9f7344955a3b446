//! A service that does with each request as it is told.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use mtaio::RuntimeExt;
use mtaio_sim::Sim;
use neutral_client::Connect;

use crate::duplex::{End, duplex};

/// What the service does with a request.
#[derive(Clone, Copy)]
pub enum Reaction {
    /// Answers with this status; a 200 has the number in the path as its body.
    Answer(u16),
    /// Answers so, and hangs up.
    AnswerAndHangUp,
    /// Asks to come again in so many seconds.
    Later(u32),
    HangUp,
    NoAnswer,
    NoHttp,
    NoLength,
}

/// A service that reacts to its n-th request, from zero, as it is told.
#[derive(Clone)]
pub struct Service {
    rt: Sim,
    reaction: fn(usize) -> Reaction,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    /// Those of the connections that are open.
    open: Arc<AtomicUsize>,
}

impl Service {
    pub fn new(rt: &Sim, reaction: fn(usize) -> Reaction) -> Self {
        let (requests, connections, open) = Default::default();
        Self { rt: rt.clone(), reaction, requests, connections, open }
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    async fn converse(self, mut line: End) {
        let mut request = Vec::new();
        loop {
            let mut piece = [0; 16];
            match line.read(&mut piece).await {
                Ok(0) | Err(_) => return,
                Ok(n) => request.extend_from_slice(&piece[..n]),
            }
            let Some((path, body)) = whole(&request) else { continue };
            request.clear();
            let number = self.requests.fetch_add(1, Ordering::SeqCst);
            self.rt.sleep(Duration::from_millis(3)).await;
            let answer = |status: u16, header: &str, body: &str| {
                let length = body.len();
                format!("HTTP/1.1 {status} \r\n{header}Content-Length: {length}\r\n\r\n{body}")
            };
            // What is changed is answered.
            let seats = body.as_deref().unwrap_or(path.trim_start_matches("/seats/N"));
            let (text, goes_on) = match (self.reaction)(number) {
                Reaction::Answer(200) => (answer(200, "", seats), true),
                Reaction::Answer(status) => (answer(status, "", "no"), true),
                Reaction::AnswerAndHangUp => (answer(200, "", seats), false),
                Reaction::Later(seconds) => {
                    (answer(429, &format!("Retry-After: {seconds}\r\n"), ""), true)
                }
                Reaction::HangUp => (String::new(), false),
                Reaction::NoAnswer => continue,
                Reaction::NoHttp => ("220 mail.example ESMTP\r\n\r\n".to_owned(), true),
                Reaction::NoLength => ("HTTP/1.1 200 OK\r\n\r\n55".to_owned(), true),
            };
            // In pieces, as the network may.
            for piece in text.as_bytes().chunks(7) {
                if line.write_all(piece).await.is_err() {
                    return;
                }
                self.rt.yield_now().await;
            }
            if !goes_on {
                return;
            }
        }
    }
}

impl Connect for Service {
    type Io = End;

    async fn connect(&self) -> io::Result<End> {
        self.rt.yield_now().await;
        self.connections.fetch_add(1, Ordering::SeqCst);
        let (here, there) = duplex();
        let service = self.clone();
        let conversation = async move {
            service.open.fetch_add(1, Ordering::SeqCst);
            let open = Arc::clone(&service.open);
            service.converse(there).await;
            open.fetch_sub(1, Ordering::SeqCst);
        };
        self.rt.spawn(conversation).detach();
        Ok(here)
    }
}

/// The path of a request, and what it sets the seats to, once all of it is there.
fn whole(request: &[u8]) -> Option<(String, Option<String>)> {
    let (head, body) = std::str::from_utf8(request).expect("ASCII").split_once("\r\n\r\n")?;
    let mut words = head.split(' ');
    let (method, path) = (words.next().expect("a method"), words.next().expect("a path"));
    if method == "GET" {
        assert_eq!(body, "", "a question has no body");
        return Some((path.to_owned(), None));
    }
    let (_, length) = head.split_once("content-length: ").expect("its length");
    let length: usize = length.lines().next().unwrap().parse().expect("a number");
    (body.len() == length).then(|| (path.to_owned(), Some(body.to_owned())))
}
