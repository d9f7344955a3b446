//! Two ends of a line in memory: what a socket is in a simulation.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::{AsyncRead, AsyncWrite};

/// One end. Dropping it hangs up: the other reads what is left, and then the end.
pub struct End {
    incoming: Arc<Mutex<Line>>,
    outgoing: Arc<Mutex<Line>>,
}

#[derive(Default)]
struct Line {
    bytes: VecDeque<u8>,
    is_closed: bool,
    reader: Option<Waker>,
}

pub fn duplex() -> (End, End) {
    let (there, back) = (Arc::default(), Arc::default());
    let here = End { incoming: Arc::clone(&back), outgoing: Arc::clone(&there) };
    (here, End { incoming: there, outgoing: back })
}

/// Changes a line, and wakes who reads from it without the lock.
fn tell<T>(line: &Mutex<Line>, change: impl FnOnce(&mut Line) -> T) -> T {
    let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
    let changed = change(&mut line);
    let reader = line.reader.take();
    drop(line);
    if let Some(reader) = reader {
        reader.wake();
    }
    changed
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let waker = cx.waker().clone();
        let mut line = self.incoming.lock().unwrap_or_else(PoisonError::into_inner);
        if line.bytes.is_empty() && !line.is_closed {
            let replaced = line.reader.replace(waker);
            drop(line);
            drop(replaced);
            return Poll::Pending;
        }
        let n = into.len().min(line.bytes.len());
        for (place, byte) in into.iter_mut().zip(line.bytes.drain(..n)) {
            *place = byte;
        }
        Poll::Ready(Ok(n))
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(tell(&self.outgoing, |line| {
            if line.is_closed {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            line.bytes.extend(bytes);
            Ok(bytes.len())
        }))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        tell(&self.outgoing, |line| line.is_closed = true);
        Poll::Ready(Ok(()))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        for line in [&self.incoming, &self.outgoing] {
            tell(line, |line| line.is_closed = true);
        }
    }
}
