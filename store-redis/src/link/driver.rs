use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::task::AtomicWaker;
use mtaio::time::timeout;
use mtaio_runtime::{Panic, Runtime};

use super::Link;
use super::handshake::shake_hands;
use super::serve::Serve;
use super::state::{Phase, Stale};
use crate::connector::Io;
use crate::error::ConnectionError;
use crate::resp::Decoder;

/// What the server says of itself, of the connection and of its keys may have so many bytes, however
/// few a value may have.
const ROOM_OF_ITS_OWN: usize = 1 << 12;

/// The task of one connection: makes it, introduces itself, and serves the calls until it is lost,
/// or nobody is left who calls.
pub(super) async fn drive<R: Runtime>(mut driving: Driving<R>) {
    // The connector and its stream are foreign code.
    let run = AssertUnwindSafe(driving.run()).catch_unwind().await;
    driving.end = run.unwrap_or_else(|payload| {
        let panic = Panic::new(payload);
        End::Failed(ConnectionError::Panicked(panic.message().into()))
    });
}

/// How the task of a connection ends.
pub(super) enum End {
    Failed(ConnectionError),
    /// Others have given up this connection already.
    Stale,
}

/// What a task of a connection has; also if it is dropped unfinished, the calls hear of it.
pub(super) struct Driving<R: Runtime> {
    link: Arc<Link<R>>,
    epoch: u64,
    doorbell: Arc<AtomicWaker>,
    end: End,
}

impl<R: Runtime> Driving<R> {
    pub(super) const fn new(link: Arc<Link<R>>, epoch: u64, doorbell: Arc<AtomicWaker>) -> Self {
        Self { link, epoch, doorbell, end: End::Failed(ConnectionError::Gone) }
    }

    async fn run(&self) -> End {
        let limit = self.link.settings.connect_timeout;
        let opening = timeout(&self.link.rt, limit, self.open());
        let (stream, decoder) = match self.while_current(opening).await {
            Err(Stale) => return End::Stale,
            Ok(Err(_elapsed)) => {
                let address = self.link.settings.endpoint.address().to_string();
                return End::Failed(ConnectionError::Slow { address, limit });
            }
            Ok(Ok(Err(error))) => return End::Failed(error),
            Ok(Ok(Ok(opened))) => opened,
        };
        // It tells of changes from now on, and nothing has been read through it yet.
        self.link.tracking.lost();
        let serve = Serve::new(Arc::clone(&self.link), self.epoch, &self.doorbell, stream, decoder);
        serve.await
    }

    async fn open(&self) -> Result<(Pin<Box<dyn Io>>, Decoder), ConnectionError> {
        let Link { settings, connector, state, tracking, counters, .. } = &*self.link;
        let address = settings.endpoint.address();
        let connected = connector.connect(address.clone()).await;
        let mut stream = connected.map_err(|source| ConnectionError::Connect {
            address: address.to_string(),
            source: Arc::new(source),
        })?;
        counters.connections.fetch_add(1, Ordering::Relaxed);
        let mut decoder = Decoder::new(settings.max_size.max(ROOM_OF_ITS_OWN));
        let orphan = state.lock().orphan.clone();
        let identity =
            shake_hands(&mut stream, &mut decoder, &settings.endpoint, tracking, orphan.as_ref());
        let identity = identity.await?;
        let mut state = state.lock();
        if state.is_current(self.epoch) {
            state.phase = Phase::Open;
            state.identity = identity;
            state.orphan = None;
        }
        drop(state);
        Ok((stream, decoder))
    }

    /// Runs `future` for as long as this is the connection that the calls want.
    async fn while_current<F: Future>(&self, future: F) -> Result<F::Output, Stale> {
        let mut future = pin!(future);
        let guarded = poll_fn(|cx| {
            self.doorbell.register(cx.waker());
            if !self.link.state.lock().is_current(self.epoch) {
                return Poll::Ready(Err(Stale));
            }
            future.as_mut().poll(cx).map(Ok)
        });
        guarded.await
    }
}

impl<R: Runtime> Drop for Driving<R> {
    fn drop(&mut self) {
        if let End::Failed(error) = &self.end {
            self.link.fail(self.epoch, error);
        }
    }
}
