use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use mtaio_runtime::{Instant, Runtime, Sleep};

use super::Link;
use super::driver::End;
use super::state::{Release, Stale};
use crate::connector::Io;
use crate::error::ConnectionError;
use crate::resp::{Decoder, Frame, Garbage};

/// Carries commands to the server and answers back.
pub(super) struct Serve<'a, R: Runtime> {
    link: Arc<Link<R>>,
    epoch: u64,
    doorbell: &'a AtomicWaker,
    stream: Pin<Box<dyn Io>>,
    decoder: Decoder,
    /// What is being written, and how much of it has been.
    writing: Vec<u8>,
    written: usize,
    is_flushed: bool,
    has_yielded: bool,
    reading: Box<[u8]>,
    /// Commands that were handed out to be written, and have no answer yet.
    unanswered: usize,
    /// Of the last sign of life; or when a command was written to a server that owed nothing.
    since: Instant,
    /// One timer, which goes off at the time that it is set to or a little earlier than wanted.
    timer: Pin<Box<R::Sleep>>,
    set_to: Instant,
    replies: Vec<Frame>,
    release: Release<R>,
}

/// So much is read at once.
const CHUNK: usize = 1 << 16;
/// A buffer that has grown beyond this is not kept.
const KEPT: usize = 1 << 18;
/// After so many reads the other tasks of the thread have their turn.
const READS: usize = 16;

impl<'a, R: Runtime> Serve<'a, R> {
    pub(super) fn new(
        link: Arc<Link<R>>,
        epoch: u64,
        doorbell: &'a AtomicWaker,
        stream: Pin<Box<dyn Io>>,
        decoder: Decoder,
    ) -> Self {
        let since = link.rt.now();
        let set_to = since.saturating_add(link.settings.keepalive);
        Self {
            timer: Box::pin(link.rt.sleep_until(set_to)),
            link,
            epoch,
            doorbell,
            stream,
            decoder,
            writing: Vec::new(),
            written: 0,
            is_flushed: true,
            has_yielded: false,
            reading: vec![0; CHUNK].into(),
            unanswered: 0,
            since,
            set_to,
            replies: Vec::new(),
            release: Release::new(),
        }
    }

    /// Writes all that there is, as far as the server takes it.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        loop {
            if self.written == self.writing.len() && !self.refill()? {
                break;
            }
            match self.stream.as_mut().poll_write(cx, &self.writing[self.written..]) {
                Poll::Ready(Ok(0)) => return Err(ConnectionError::Closed.into()),
                Poll::Ready(Ok(count)) => {
                    self.written += count;
                    self.is_flushed = false;
                }
                Poll::Ready(Err(error)) => return Err(error.into()),
                Poll::Pending => return Ok(()),
            }
        }
        if !self.is_flushed {
            self.is_flushed = match self.stream.as_mut().poll_flush(cx) {
                Poll::Ready(flushed) => flushed.map(|()| true)?,
                Poll::Pending => false,
            };
        }
        Ok(())
    }

    /// Takes the commands that were left meanwhile: whether there are any.
    fn refill(&mut self) -> Result<bool, End> {
        self.writing.clear();
        self.writing.shrink_to(KEPT);
        self.written = 0;
        let count = self.link.state.lock().take_out(self.epoch, &mut self.writing)?;
        if count > 0 && self.unanswered == 0 {
            self.since = self.link.rt.now();
        }
        self.unanswered += count;
        Ok(count > 0)
    }

    /// Reads once: whether there was something.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        let count = match self.stream.as_mut().poll_read(cx, &mut self.reading) {
            Poll::Ready(Ok(0)) => return Err(ConnectionError::Closed.into()),
            Poll::Ready(Ok(count)) => count,
            Poll::Ready(Err(error)) => return Err(error.into()),
            Poll::Pending => return Ok(false),
        };
        self.since = self.link.rt.now();
        // What came before the garbage is good.
        let decoded = self.decode(count);
        self.deliver()?;
        decoded?;
        Ok(true)
    }

    fn decode(&mut self, count: usize) -> Result<(), Garbage> {
        let mut input = &self.reading[..count];
        while let Some(frame) = self.decoder.decode(&mut input)? {
            match frame {
                // Told at once, and so before anybody gets an answer that comes after it.
                Frame::Push(push) => {
                    let keys = self.link.tracking.told(push)? as u64;
                    self.link.counters.invalidations.fetch_add(keys, Ordering::Relaxed);
                }
                reply => self.replies.push(reply),
            }
        }
        Ok(())
    }

    fn deliver(&mut self) -> Result<(), End> {
        if self.replies.is_empty() {
            return Ok(());
        }
        // What has not been written yet can't have been answered.
        let is_asked_for = self.replies.len() <= self.unanswered;
        self.replies.truncate(self.unanswered);
        self.unanswered -= self.replies.len();
        let delivered =
            self.link.state.lock().deliver(self.epoch, &mut self.replies, &mut self.release);
        self.replies.clear();
        self.release.release();
        delivered?;
        if !is_asked_for {
            return Err(Garbage("it answers what nobody asked".into()).into());
        }
        Ok(())
    }

    /// Sees to it that the server is not silent for too long: with an answer that it owes, or at all.
    fn watch(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        loop {
            let timeout = self.link.settings.timeout;
            let owes = self.unanswered > 0;
            let patience = if owes { timeout } else { self.link.settings.keepalive };
            let due = self.since.saturating_add(patience);
            if due < self.set_to {
                self.set_timer(due);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
            if self.link.rt.now() < due {
                self.set_timer(due);
            } else if owes {
                return Err(ConnectionError::Silent { limit: timeout }.into());
            } else {
                self.link.state.lock().ask_for_nobody(self.epoch, &[b"PING"])?;
                self.write(cx)?;
                self.set_timer(self.since.saturating_add(timeout));
            }
        }
    }

    fn set_timer(&mut self, due: Instant) {
        self.timer.as_mut().reset(due);
        self.set_to = due;
    }

    fn step(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        // First of all: what is left after this is seen in the next poll.
        self.doorbell.register(cx.waker());
        let mut reads = 0;
        while reads < READS && self.read(cx)? {
            reads += 1;
        }
        if !self.has_yielded && self.written == self.writing.len() {
            // Others are about to ask as well, those first of all who were just answered. Once they
            // had their turn, what all of them ask is written at once.
            self.has_yielded = reads == READS || self.link.state.lock().has_queued(self.epoch)?;
            if self.has_yielded {
                cx.waker().wake_by_ref();
                return Ok(());
            }
        }
        self.has_yielded = false;
        self.write(cx)?;
        if reads == READS {
            cx.waker().wake_by_ref();
            return Ok(());
        }
        self.watch(cx)
    }
}

impl<R: Runtime> Future for Serve<'_, R> {
    type Output = End;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End> {
        match self.get_mut().step(cx) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        }
    }
}

impl From<ConnectionError> for End {
    fn from(error: ConnectionError) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Failed(ConnectionError::Broken(Arc::new(error)))
    }
}

impl From<Garbage> for End {
    fn from(garbage: Garbage) -> Self {
        Self::Failed(ConnectionError::Garbage(garbage.0.into()))
    }
}

impl From<Stale> for End {
    fn from(Stale: Stale) -> Self {
        Self::Stale
    }
}
