use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use mtaio::limit::OwnedPermit;
use mtaio::time::Delays;
use mtaio_runtime::{Instant, Runtime};
use slab::Slab;

use super::handshake::Identity;
use crate::error::ConnectionError;
use crate::resp::{Frame, encode};

/// What a call comes to on its connection.
pub(super) type Answer = Result<Frame, ConnectionError>;

/// All of what is shared between the calls and the one task that has the connection. It does
/// nothing by itself, runs no foreign code, and gives what has to be dropped or woken to the caller.
///
/// Each connection is an *epoch*. What belongs to a past one changes nothing any more.
pub(super) struct State<R: Runtime> {
    pub(super) phase: Phase,
    pub(super) epoch: u64,
    /// Wakes the task of this epoch.
    pub(super) doorbell: Arc<AtomicWaker>,
    /// Commands that wait to be written, and how many they are.
    out: Vec<u8>,
    queued: usize,
    /// Who gets the next answers: commands are answered in the order in which they were asked.
    order: VecDeque<Asked<R>>,
    slots: Slab<Slot>,
    /// Answers that came in this epoch.
    answers: u64,
    /// As whom the server knows this connection.
    pub(super) identity: Option<Identity>,
    /// A connection of the past whose commands may still be waiting on the server.
    pub(super) orphan: Option<Identity>,
    /// Connections in a row that came to nothing, why the last one did, and when there will be
    /// another.
    failures: u32,
    last: Option<ConnectionError>,
    not_before: Instant,
    delays: Delays<R>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is none; the next call opens one.
    Down,
    /// Calls queue already.
    Opening,
    Open,
    /// Nobody is left who could call.
    Closed,
}

struct Asked<R: Runtime> {
    /// `None`: the answer is for nobody.
    slot: Option<usize>,
    /// What the call takes of the room for calls: until it is answered, also if its caller left.
    permit: Option<OwnedPermit<R>>,
}

pub(super) enum Slot {
    Waiting(Waker),
    /// Its caller left. The answer has to be waited for: or the next call would get it.
    Left,
    Answered(Answer),
}

/// Where a call stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) slot: usize,
    pub(super) epoch: u64,
    /// The answers that were there when it was asked.
    answers: u64,
}

/// The epoch is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stale;

/// What is woken and dropped once the lock is open.
pub(super) struct Release<R: Runtime> {
    wakers: Vec<Waker>,
    permits: Vec<OwnedPermit<R>>,
    frames: Vec<Frame>,
}

impl<R: Runtime> State<R> {
    pub(super) fn new(delays: Delays<R>) -> Self {
        Self {
            phase: Phase::Down,
            epoch: 0,
            doorbell: Arc::default(),
            out: Vec::new(),
            queued: 0,
            order: VecDeque::new(),
            slots: Slab::new(),
            answers: 0,
            identity: None,
            orphan: None,
            failures: 0,
            last: None,
            not_before: Instant::from_nanos(0),
            delays,
        }
    }

    /// A new epoch begins. The doorbell of the last one is the caller's to drop.
    pub(super) fn begin(&mut self) -> Arc<AtomicWaker> {
        self.phase = Phase::Opening;
        self.epoch += 1;
        self.answers = 0;
        mem::take(&mut self.doorbell)
    }

    pub(super) fn is_current(&self, epoch: u64) -> bool {
        self.epoch == epoch && matches!(self.phase, Phase::Opening | Phase::Open)
    }

    /// Queues a command for whom `waker` wakes.
    pub(super) fn ask(&mut self, parts: &[&[u8]], permit: OwnedPermit<R>, waker: Waker) -> Place {
        encode(&mut self.out, parts);
        self.queued += 1;
        let slot = self.slots.insert(Slot::Waiting(waker));
        self.order.push_back(Asked { slot: Some(slot), permit: Some(permit) });
        Place { slot, epoch: self.epoch, answers: self.answers }
    }

    /// Queues a command whose answer is for nobody.
    pub(super) fn ask_for_nobody(&mut self, epoch: u64, parts: &[&[u8]]) -> Result<(), Stale> {
        if !self.is_current(epoch) {
            return Err(Stale);
        }
        encode(&mut self.out, parts);
        self.queued += 1;
        self.order.push_back(Asked { slot: None, permit: None });
        Ok(())
    }

    /// Whether commands wait to be written.
    pub(super) fn has_queued(&self, epoch: u64) -> Result<bool, Stale> {
        if self.is_current(epoch) { Ok(self.queued > 0) } else { Err(Stale) }
    }

    /// Hands out the commands that wait, and how many they are, in exchange for an empty buffer.
    pub(super) fn take_out(&mut self, epoch: u64, out: &mut Vec<u8>) -> Result<usize, Stale> {
        if !self.is_current(epoch) {
            return Err(Stale);
        }
        mem::swap(&mut self.out, out);
        Ok(mem::take(&mut self.queued))
    }

    /// Gives the next answers to whom they belong, which are no more than were handed out to be asked.
    pub(super) fn deliver(
        &mut self,
        epoch: u64,
        frames: &mut Vec<Frame>,
        release: &mut Release<R>,
    ) -> Result<(), Stale> {
        if !self.is_current(epoch) {
            return Err(Stale);
        }
        self.answers += frames.len() as u64;
        self.failures = 0;
        for frame in frames.drain(..) {
            let Some(asked) = self.order.pop_front() else {
                unreachable!("each command that was handed out has its place in the order")
            };
            self.answer(asked, Ok(frame), release);
        }
        Ok(())
    }

    /// The answer, once it is there. The waker goes in, and the one that it replaces comes out.
    pub(super) fn poll_answer(&mut self, slot: usize, waker: &mut Option<Waker>) -> Poll<Answer> {
        match &mut self.slots[slot] {
            Slot::Answered(_) => {}
            Slot::Waiting(known) => {
                if let Some(waker) = waker {
                    mem::swap(known, waker);
                }
                return Poll::Pending;
            }
            Slot::Left => unreachable!("who left does not ask"),
        }
        match self.slots.remove(slot) {
            Slot::Answered(answer) => Poll::Ready(answer),
            Slot::Waiting(_) | Slot::Left => unreachable!("it was seen above"),
        }
    }

    /// Whether `waker` wakes whom this answer is for.
    pub(super) fn would_wake(&self, slot: usize, waker: &Waker) -> bool {
        matches!(&self.slots[slot], Slot::Waiting(known) if known.will_wake(waker))
    }

    /// Nobody waits for this answer any more. What was there is the caller's to drop.
    #[must_use = "it is to be dropped outside of the lock"]
    pub(super) fn leave(&mut self, slot: usize) -> Slot {
        match mem::replace(&mut self.slots[slot], Slot::Left) {
            answered @ Slot::Answered(_) => {
                self.slots.remove(slot);
                answered
            }
            waiting => waiting,
        }
    }

    /// Why no connection is to be tried at `now`, and how long not.
    pub(super) fn refusal(&self, now: Instant) -> Option<(ConnectionError, Duration)> {
        let last = self.last.clone()?;
        (now < self.not_before).then(|| (last, self.not_before - now))
    }

    /// Whether nothing was answered since a call took its place, on the connection that is there.
    pub(super) fn is_silent_since(&self, place: Place) -> bool {
        self.phase == Phase::Open && self.epoch == place.epoch && self.answers == place.answers
    }

    /// The connection of `epoch` is no more: all calls that were under way come to `error`. The next
    /// one may be tried at once, unless the last one came to nothing either: then after a delay from
    /// `afresh`, or the one that follows the last.
    pub(super) fn fail(
        &mut self,
        epoch: u64,
        error: &ConnectionError,
        (now, afresh): (Instant, &Delays<R>),
        release: &mut Release<R>,
    ) -> Result<(), Stale> {
        if !self.is_current(epoch) {
            return Err(Stale);
        }
        self.phase = Phase::Down;
        let identity = self.identity.take();
        if !self.order.is_empty() && identity.is_some() {
            self.orphan = identity;
        }
        if self.failures == 0 {
            self.delays = afresh.clone();
            self.not_before = now;
        } else {
            let delay = self.delays.next().unwrap_or_default();
            self.not_before = now.saturating_add(delay);
        }
        self.failures = self.failures.saturating_add(1);
        self.last = Some(error.clone());
        self.out.clear();
        self.queued = 0;
        while let Some(asked) = self.order.pop_front() {
            self.answer(asked, Err(error.clone()), release);
        }
        Ok(())
    }

    /// Nobody is left who could call.
    pub(super) fn close(&mut self) {
        self.phase = Phase::Closed;
    }

    fn answer(&mut self, asked: Asked<R>, answer: Answer, release: &mut Release<R>) {
        release.permits.extend(asked.permit);
        let unwanted = match asked.slot {
            None => answer,
            Some(slot) => match &mut self.slots[slot] {
                Slot::Left => {
                    self.slots.remove(slot);
                    answer
                }
                entry => {
                    if let Slot::Waiting(waker) = mem::replace(entry, Slot::Answered(answer)) {
                        release.wakers.push(waker);
                    }
                    return;
                }
            },
        };
        release.frames.extend(unwanted);
    }

    pub(super) fn in_flight(&self) -> usize {
        self.order.len()
    }
}

impl<R: Runtime> Release<R> {
    pub(super) const fn new() -> Self {
        Self { wakers: Vec::new(), permits: Vec::new(), frames: Vec::new() }
    }

    /// Without the lock.
    pub(super) fn release(&mut self) {
        self.permits.clear();
        self.frames.clear();
        for waker in self.wakers.drain(..) {
            waker.wake();
        }
    }
}
