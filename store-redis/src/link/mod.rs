//! The one connection to a server, which all calls share, and what becomes of the calls when it is
//! lost.
//!
//! A call leaves its command and its waker in the [`State`](state::State); a task that has the
//! connection ([`drive`](driver::drive)) writes what is there, all at once, and gives the answers to
//! whom they belong. The first call that finds no connection makes that task.

mod call;
mod driver;
mod handshake;
mod serve;
mod state;
mod tracking;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mtaio::cache::NodeError;
use mtaio::limit::{ConcurrencyLimiter, OwnedPermit};
use mtaio::time::{Delays, timeout};
use mtaio_runtime::{Runtime, TaskName};
use parking_lot::Mutex;

use self::call::Call;
use self::driver::Driving;
use self::state::{Phase, Place, Release, State};
pub(crate) use self::tracking::Tracking;
use crate::connector::Connector;
use crate::endpoint::Endpoint;
use crate::error::ConnectionError;
use crate::resp::Frame;
use crate::stats::RedisStats;

/// What was said of it when it was built.
pub(crate) struct Settings {
    pub(crate) endpoint: Endpoint,
    /// For a call, and for the connection to show that it lives.
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    /// After so long without a word the server is asked whether it is there.
    pub(crate) keepalive: Duration,
    /// A key and its value have at most so many bytes.
    pub(crate) max_size: usize,
}

pub(crate) struct Link<R: Runtime> {
    rt: R,
    settings: Settings,
    connector: Box<dyn Connector>,
    /// For calls that are under way, by their number and their bytes.
    room: ConcurrencyLimiter<R>,
    /// The delays between connections that come to nothing, from the first on.
    delays: Delays<R>,
    state: Mutex<State<R>>,
    tracking: Tracking,
    counters: Counters,
}

#[derive(Default)]
struct Counters {
    calls: AtomicU64,
    failed: AtomicU64,
    connections: AtomicU64,
    invalidations: AtomicU64,
}

const TASK: TaskName = TaskName::new("mtaio-redis connection");

impl<R: Runtime> Link<R> {
    pub(crate) fn new(
        rt: &R,
        settings: Settings,
        connector: impl Connector,
        room: ConcurrencyLimiter<R>,
        delays: Delays<R>,
        tracking: Tracking,
    ) -> Self {
        Self {
            rt: rt.clone(),
            settings,
            connector: Box::new(connector),
            room,
            state: Mutex::new(State::new(delays.clone())),
            delays,
            tracking,
            counters: Counters::default(),
        }
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) const fn tracking(&self) -> &Tracking {
        &self.tracking
    }

    /// Asks the server, and waits for the answer, whatever it is: with it comes the epoch of the
    /// connection, for [`distrust`](Self::distrust).
    pub(crate) async fn call(self: &Arc<Self>, parts: &[&[u8]]) -> Result<(Frame, u64), NodeError> {
        self.counters.calls.fetch_add(1, Ordering::Relaxed);
        let mut call = Call::new(self, parts);
        let answer = timeout(&self.rt, self.settings.timeout, &mut call).await;
        let answer = answer.unwrap_or_else(|elapsed| {
            if !elapsed.is_inherited() {
                call.give_up();
            }
            Err(elapsed.into())
        });
        if answer.is_err() {
            self.counters.failed.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    /// What came in this epoch made no sense as an answer: no other on that connection is to be
    /// believed.
    pub(crate) fn distrust(&self, epoch: u64, reason: &str) {
        self.fail(epoch, &ConnectionError::Garbage(reason.into()));
    }

    /// Nobody is left who could call.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.close();
        let doorbell = Arc::clone(&state.doorbell);
        drop(state);
        doorbell.wake();
    }

    pub(crate) fn stats(&self) -> RedisStats {
        let state = self.state.lock();
        let (is_connected, in_flight) = (state.phase == Phase::Open, state.in_flight());
        drop(state);
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RedisStats {
            calls: count(&self.counters.calls),
            failed: count(&self.counters.failed),
            connections: count(&self.counters.connections),
            invalidations: count(&self.counters.invalidations),
            in_flight,
            is_connected,
        }
    }

    /// Queues a command, and makes a connection if there is none.
    fn ask(
        self: &Arc<Self>,
        parts: &[&[u8]],
        permit: OwnedPermit<R>,
        waker: Waker,
    ) -> Result<Place, NodeError> {
        let mut state = self.state.lock();
        if state.phase != Phase::Down {
            let place = state.ask(parts, permit, waker);
            let doorbell = Arc::clone(&state.doorbell);
            drop(state);
            doorbell.wake();
            return Ok(place);
        }
        if let Some((error, retry_after)) = state.refusal(self.rt.now()) {
            drop(state);
            return Err(error.into_node_error(Some(retry_after)));
        }
        let last = state.begin();
        let place = state.ask(parts, permit, waker);
        let driving = Driving::new(Arc::clone(self), state.epoch, Arc::clone(&state.doorbell));
        drop(state);
        drop(last);
        self.rt.spawn_detached(TASK, driver::drive(driving));
        Ok(place)
    }

    fn poll_answer(&self, place: Place, cx: &mut Context<'_>) -> Poll<Result<Frame, NodeError>> {
        let mut state = self.state.lock();
        if state.would_wake(place.slot, cx.waker()) {
            return Poll::Pending;
        }
        let mut answer = state.poll_answer(place.slot, &mut None);
        drop(state);
        if answer.is_pending() {
            // Foreign code, which is not to run under the lock.
            let mut waker = Some(cx.waker().clone());
            answer = self.state.lock().poll_answer(place.slot, &mut waker);
        }
        answer.map_err(|error| error.into_node_error(None))
    }

    fn leave(&self, place: Place) {
        let left = self.state.lock().leave(place.slot);
        drop(left);
    }

    /// A call got no answer in its time: if nobody else did, either, it is the connection.
    fn suspect(&self, place: Place) {
        let state = self.state.lock();
        let epoch = state.epoch;
        let is_silent = state.is_silent_since(place);
        drop(state);
        if is_silent {
            self.fail(epoch, &ConnectionError::Silent { limit: self.settings.timeout });
        }
    }

    /// The connection of `epoch` is no more.
    fn fail(&self, epoch: u64, error: &ConnectionError) {
        let mut release = Release::new();
        let now = self.rt.now();
        let mut state = self.state.lock();
        if state.fail(epoch, error, (now, &self.delays), &mut release).is_err() {
            return;
        }
        let doorbell = Arc::clone(&state.doorbell);
        drop(state);
        // Before anybody hears that his call failed, and asks again.
        self.tracking.lost();
        doorbell.wake();
        release.release();
    }
}
