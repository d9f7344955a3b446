use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use mtaio_runtime::Panic;

use super::call::{Call, Called, Carried, Carry};
use super::core::{Core, Entered, Spare, Tally, count};
use super::listener::{Entry, Priority};
use super::polls::Turn;
use super::registry::Lane;
use super::report::{Failure, HandlerError, Report};
use crate::contain::discard;
use crate::queue::SlotSet;

/// An event that is being delivered. Whoever drops it midway leaves nothing behind but a report of
/// what was done.
#[must_use = "futures do nothing unless polled"]
pub(super) struct Running<'a> {
    core: &'a Core,
    /// None once it has ended.
    lane: Option<Box<Lane>>,
    channel: Option<usize>,
    /// Of the poll that began when its list was found.
    turn: Option<Turn>,
    only: Option<Priority>,
    /// Whether the event began here, and its memory stays here.
    is_own: bool,
    /// Goes from call to call, unless one panics; then there is another.
    carry: Option<Carry>,
    /// For that, and for hooks.
    kept: Option<Carry>,
    /// Whose turn it is, and whether that one's call has begun.
    at: usize,
    has_begun: bool,
    /// The calls that run at once.
    set: Option<Box<SlotSet<OneCall>>>,
    report: Report,
    tally: Tally,
}

impl<'a> Running<'a> {
    pub(super) fn new(core: &'a Core, found: Entered, carry: Carry, is_own: bool) -> Self {
        let Entered { mut lane, channel, turn } = found;
        let count = lane.list.len();
        lane.calls.resize_with(count, || None);
        let is_kept = count > 1 || core.hooks.is_some() || core.is_concurrent;
        let kept = is_kept.then(|| Carry::clone(&carry));
        Self {
            core,
            lane: Some(lane),
            channel,
            turn: Some(turn),
            only: None,
            is_own,
            carry: Some(carry),
            kept,
            at: 0,
            has_begun: false,
            set: None,
            report: Report::default(),
            tally: Tally::default(),
        }
    }

    /// Tells only those who listen with this priority.
    pub(super) fn only(mut self, only: Option<Priority>) -> Self {
        self.only = only;
        self
    }

    /// Each when the one before it has ended.
    fn poll_one_by_one(&mut self, lane: &mut Lane, cx: &mut Context<'_>) -> Poll<()> {
        let Lane { list, calls, .. } = lane;
        for (entry, call) in list.iter().zip(calls).skip(self.at) {
            if !self.has_begun {
                if self.report.stopped {
                    break;
                }
                if !self.begin(entry) {
                    self.at += 1;
                    continue;
                }
                if self.carry.is_none() {
                    self.carry.clone_from(&self.kept);
                }
                self.has_begun = true;
            }
            let called = match memory(entry, call) {
                Ok(call) => ready!(call.as_mut().poll(&mut self.carry, cx)),
                Err(panic) => Err(panic),
            };
            self.has_begun = false;
            self.at += 1;
            self.absorb(entry, called);
        }
        Poll::Ready(())
    }

    /// All that may begin, before any is waited for. What stops keeps from beginning who has not.
    fn poll_all_at_once(&mut self, lane: &mut Lane, cx: &mut Context<'_>) -> Poll<()> {
        let mut set = match self.set.take() {
            Some(set) => set,
            None => self.begin_all(lane),
        };
        loop {
            match set.poll_next(cx) {
                Poll::Ready(Some(ended)) => self.absorb_one(lane, ended),
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => {
                    self.set = Some(set);
                    return Poll::Pending;
                }
            }
        }
    }

    fn begin_all(&mut self, lane: &mut Lane) -> Box<SlotSet<OneCall>> {
        let mut set = Box::new(SlotSet::new());
        for at in 0..lane.list.len() {
            if self.report.stopped {
                break;
            }
            if !self.begin(&lane.list[at]) {
                continue;
            }
            let (entry, call) = (Arc::clone(&lane.list[at]), lane.calls[at].take());
            let one = OneCall { at, entry, call, carry: self.kept.clone() };
            if let Poll::Ready(ended) = set.start(one) {
                self.absorb_one(lane, ended);
            }
        }
        set
    }

    /// Whether a call of this handler begins now.
    fn begin(&self, entry: &Arc<Entry>) -> bool {
        if self.only.is_some_and(|only| only != entry.listen.priority) || !entry.begin() {
            return false;
        }
        if entry.listen.once {
            self.core.forget(entry);
        }
        true
    }

    fn absorb_one(&mut self, lane: &mut Lane, (at, call, called): Ended) {
        lane.calls[at] = call;
        self.absorb(&lane.list[at], called);
    }

    fn absorb(&mut self, entry: &Entry, called: Result<Called, Panic>) {
        let error = match called {
            Ok(Called::Continue) => None,
            Ok(Called::Stop) => {
                self.report.stopped = true;
                None
            }
            Ok(Called::Failed(error)) => Some(HandlerError::Failed(error)),
            Ok(Called::Viewed(report)) => return self.absorb_view(*report),
            Ok(Called::Piped(report)) => return self.report.fold(*report),
            // Of a filter or the like, that is no handler's call; but it is told as one.
            Err(panic) => Some(HandlerError::Panicked(panic)),
        };
        self.report.ran += 1;
        self.tally.ran += 1;
        if let Some(error) = error {
            self.tally.failed += 1;
            let failure = Failure { listener: entry.id, error };
            self.tell_failure(&failure);
            self.report.failures.push(failure);
        }
    }

    fn absorb_view(&mut self, report: Report) {
        self.tally.ran += report.ran as u64;
        self.tally.failed += report.failures.len() as u64;
        report.failures.iter().for_each(|failure| self.tell_failure(failure));
        self.report.fold(report);
    }

    fn tell_failure(&self, failure: &Failure) {
        if let (Some(hooks), Some(kept)) = (&self.core.hooks, &self.kept) {
            hooks.failed(&kept.event, failure);
        }
    }

    fn tell(&self) {
        if let (Some(hooks), Some(kept)) = (&self.core.hooks, &self.kept) {
            hooks.after(&kept.event, &self.report);
        }
    }

    fn end(&mut self, mut lane: Box<Lane>, inside: Inside<'_>) -> Report {
        self.tell();
        self.kept = None;
        if let Some(mut carry) = self.carry.take().filter(|_| self.is_own) {
            // The event goes here, in the task of who emitted it.
            if Carry::get_mut(&mut carry).is_some_and(Carried::empty) {
                lane.carry = Some(carry);
            }
        }
        inside.leave_for_good(self.tally, self.channel.map(|channel| (channel, lane)));
        mem::take(&mut self.report)
    }
}

impl Future for Running<'_> {
    type Output = Report;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Report> {
        let this = self.get_mut();
        let turn = this.turn.take().unwrap_or_else(|| this.core.enter());
        let inside = Inside { core: this.core, turn: Some(turn) };
        let Some(mut lane) = this.lane.take() else { panic!("polled after it was ready") };
        let polled = if this.core.is_concurrent {
            this.poll_all_at_once(&mut lane, cx)
        } else {
            this.poll_one_by_one(&mut lane, cx)
        };
        if polled.is_pending() {
            this.lane = Some(lane);
            return Poll::Pending;
        }
        Poll::Ready(this.end(lane, inside))
    }
}

// Calls are pinned in boxes of their own.
impl Unpin for Running<'_> {}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // It has ended.
        let Some(lane) = self.lane.take() else { return };
        discard(self.set.take());
        lane.calls.into_iter().for_each(discard);
        count(&self.core.counts.dropped, 1);
        self.report.dropped = true;
        self.core.leave_for_good(self.turn.take(), self.tally, None);
        self.tell();
    }
}

/// In a poll; left also if that panics.
struct Inside<'a> {
    core: &'a Core,
    turn: Option<Turn>,
}

impl Inside<'_> {
    fn leave_for_good(mut self, tally: Tally, spare: Spare) {
        self.core.leave_for_good(self.turn.take(), tally, spare);
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            self.core.leave(turn);
        }
    }
}

/// The memory for a call of `entry`.
fn memory<'c>(
    entry: &Entry,
    call: &'c mut Option<Pin<Box<dyn Call>>>,
) -> Result<&'c mut Pin<Box<dyn Call>>, Panic> {
    match call {
        Some(call) => Ok(call),
        None => Ok(call.insert(entry.handling.call()?)),
    }
}

/// One of the calls that run at once.
struct OneCall {
    at: usize,
    entry: Arc<Entry>,
    call: Option<Pin<Box<dyn Call>>>,
    carry: Option<Carry>,
}

// A call is pinned in a box of its own.
impl Unpin for OneCall {}

type Ended = (usize, Option<Pin<Box<dyn Call>>>, Result<Called, Panic>);

impl Future for OneCall {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        let Self { at, entry, call, carry } = &mut *self;
        let polled = memory(entry, call)
            .map_or_else(|panic| Poll::Ready(Err(panic)), |call| call.as_mut().poll(carry, cx));
        let called = ready!(polled);
        Poll::Ready((*at, call.take(), called))
    }
}
