//! A connection in memory, whose bytes come in pieces.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use futures_io::{AsyncRead, AsyncWrite};
use mtaio_sim::Sim;

/// One direction.
#[derive(Debug)]
struct Pipe(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    bytes: VecDeque<u8>,
    room: usize,
    is_closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// One side of a connection. Dropped, it is closed: what the other side has not read yet it may
/// read all the same.
#[derive(Debug)]
pub(crate) struct Wire {
    rt: Sim,
    incoming: Arc<Pipe>,
    outgoing: Arc<Pipe>,
}

/// What can put bytes in at the server's side, and cut the connection.
#[derive(Clone, Debug)]
pub(crate) struct Tap {
    to_client: Arc<Pipe>,
    to_server: Arc<Pipe>,
}

/// The client's side takes few bytes before it has to wait, the server's side any number.
const ROOM: usize = 200;

/// Both sides of a connection, the client's first, and the server's hand on it.
pub(crate) fn connection(rt: &Sim) -> (Wire, Wire, Tap) {
    let to_server = Pipe::new(ROOM);
    let to_client = Pipe::new(usize::MAX);
    let client =
        Wire { rt: rt.clone(), incoming: Arc::clone(&to_client), outgoing: Arc::clone(&to_server) };
    let server =
        Wire { rt: rt.clone(), incoming: Arc::clone(&to_server), outgoing: Arc::clone(&to_client) };
    (client, server, Tap { to_client, to_server })
}

impl Tap {
    pub(crate) fn say(&self, bytes: &[u8]) {
        self.to_client.lock().bytes.extend(bytes);
        self.to_client.wake();
    }

    /// Cuts it. What was on its way is lost, or not.
    pub(crate) fn cut(&self, loses_what_is_on_its_way: bool) {
        for pipe in [&self.to_client, &self.to_server] {
            let mut inner = pipe.lock();
            inner.is_closed = true;
            if loses_what_is_on_its_way {
                inner.bytes.clear();
            }
            drop(inner);
            pipe.wake();
        }
    }
}

impl Pipe {
    fn new(room: usize) -> Arc<Self> {
        let inner =
            Inner { bytes: VecDeque::new(), room, is_closed: false, reader: None, writer: None };
        Arc::new(Self(Mutex::new(inner)))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nothing panics in it")
    }

    fn wake(&self) {
        let mut inner = self.lock();
        let wakers = [inner.reader.take(), inner.writer.take()];
        drop(inner);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Wire {
    /// A part of `count`, mostly all of it.
    fn some(&self, count: usize) -> usize {
        if count > 1 && self.rt.buggify(0.3) { count.div_ceil(3) } else { count }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.incoming.lock();
        if inner.bytes.is_empty() {
            if inner.is_closed {
                return Poll::Ready(Ok(0));
            }
            inner.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = self.some(inner.bytes.len().min(buf.len()));
        for (to, from) in buf.iter_mut().zip(inner.bytes.drain(..count)) {
            *to = from;
        }
        drop(inner);
        self.incoming.wake();
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.outgoing.lock();
        if inner.is_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = inner.room.saturating_sub(inner.bytes.len());
        if room == 0 {
            inner.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = self.some(room.min(buf.len()));
        inner.bytes.extend(&buf[..count]);
        drop(inner);
        self.outgoing.wake();
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for pipe in [&self.incoming, &self.outgoing] {
            pipe.lock().is_closed = true;
            pipe.wake();
        }
    }
}
