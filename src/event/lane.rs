use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::call::{Call, Called, Carried, Carry};
use super::core::{Core, Tally};
use super::listener::{Entry, Priority};
use super::polls::Turn;
use super::registry::{Calls, List};
use super::report::{Failure, HandlerError, Report};
use crate::contain::discard;
use crate::queue::SlotSet;

/// All that an emit needs on its way along those whom it is for. It is left for the next one to the
/// same, which then allocates nothing, and moves nothing but a pointer.
pub(super) struct Lane {
    pub(super) list: List,
    pub(super) calls: Calls,
    /// Whose it is.
    pub(super) channel: Option<usize>,
    /// Of the poll that began when it was found.
    pub(super) turn: Option<Turn>,
    /// Tells only those who listen with this priority.
    pub(super) only: Option<Priority>,
    /// Goes from call to call, unless one panics; then there is another. Between emits it is here,
    /// with nothing in it.
    pub(super) carry: Option<Carry>,
    /// For that, and for hooks.
    kept: Option<Carry>,
    /// Whose turn it is, and whether that one's call has begun.
    at: usize,
    has_begun: bool,
    /// The calls that run at once.
    together: Option<Together>,
    report: Report,
    /// What the report has from behind pipes: others count that.
    foreign: Tally,
}

impl Lane {
    pub(super) fn of(list: &List, channel: Option<usize>) -> Box<Self> {
        Box::new(Self {
            list: Arc::clone(list),
            calls: Calls::new(),
            channel,
            turn: None,
            only: None,
            carry: None,
            kept: None,
            at: 0,
            has_begun: false,
            together: None,
            report: Report::default(),
            foreign: Tally::default(),
        })
    }

    /// Begins to carry an event along.
    #[inline]
    pub(super) fn begin(&mut self, core: &Core, carry: Carry) {
        let count = self.list.len();
        if self.calls.len() != count {
            self.calls.resize_with(count, || None);
        }
        if count > 1 || core.hooks.is_some() || core.is_concurrent {
            self.kept = Some(Carry::clone(&carry));
        }
        self.carry = Some(carry);
    }

    pub(super) fn poll(&mut self, core: &Core, cx: &mut Context<'_>) -> Poll<()> {
        if core.is_concurrent {
            self.poll_all_at_once(core, cx)
        } else {
            self.poll_one_by_one(core, cx)
        }
    }

    /// Each when the one before it has ended.
    fn poll_one_by_one(&mut self, core: &Core, cx: &mut Context<'_>) -> Poll<()> {
        while let (Some(entry), Some(call)) = (self.list.get(self.at), self.calls.get_mut(self.at))
        {
            if !self.has_begun {
                if self.report.stopped {
                    break;
                }
                if !may_begin(core, entry, self.only) {
                    self.at += 1;
                    continue;
                }
                if self.carry.is_none() {
                    self.carry.clone_from(&self.kept);
                }
                self.has_begun = true;
            }
            let called = match entry.memory(call) {
                Ok(call) => ready!(call.as_mut().poll(&mut self.carry, cx)),
                Err(panic) => Called::panicked(panic),
            };
            self.has_begun = false;
            if let Called::Continue = called {
                self.report.ran += 1;
            } else {
                self.absorb(core, self.at, called);
            }
            self.at += 1;
        }
        Poll::Ready(())
    }

    /// All that may begin, before any is waited for. What stops keeps from beginning who has not.
    fn poll_all_at_once(&mut self, core: &Core, cx: &mut Context<'_>) -> Poll<()> {
        let mut together = match self.together.take() {
            Some(together) => together,
            None => self.begin_all(core),
        };
        loop {
            match together.poll_next(cx) {
                Poll::Ready(Some(ended)) => self.absorb_one(core, ended),
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => {
                    self.together = Some(together);
                    return Poll::Pending;
                }
            }
        }
    }

    fn begin_all(&mut self, core: &Core) -> Together {
        let mut together = Box::new(SlotSet::new());
        for at in 0..self.list.len() {
            if self.report.stopped {
                break;
            }
            if !may_begin(core, &self.list[at], self.only) {
                continue;
            }
            let (entry, call) = (Arc::clone(&self.list[at]), self.calls[at].take());
            let one = OneCall { at, entry, call, carry: self.kept.clone() };
            if let Poll::Ready(ended) = together.start(one) {
                self.absorb_one(core, ended);
            }
        }
        together
    }

    fn absorb_one(&mut self, core: &Core, Ended { at, call, called }: Ended) {
        self.calls[at] = call;
        self.absorb(core, at, called);
    }

    fn absorb(&mut self, core: &Core, at: usize, called: Called) {
        let error = match called {
            Called::Continue => return self.report.ran += 1,
            Called::Stop => {
                self.report.stopped = true;
                return self.report.ran += 1;
            }
            Called::Viewed(behind) => {
                behind.failures.iter().for_each(|failure| self.tell_failure(core, failure));
                return self.report.fold(*behind);
            }
            Called::Piped(behind) => {
                self.foreign.ran += behind.ran as u64;
                self.foreign.failed += behind.failures.len() as u64;
                return self.report.fold(*behind);
            }
            Called::Failed(error) => HandlerError::Failed(*error),
            // Of a filter or the like, that is no handler's call; but it is told as one.
            Called::Panicked(panic) => HandlerError::Panicked(*panic),
        };
        self.report.ran += 1;
        let failure = Failure { listener: self.list[at].id, error };
        self.tell_failure(core, &failure);
        self.report.failures.push(failure);
    }

    fn tell_failure(&self, core: &Core, failure: &Failure) {
        if let (Some(hooks), Some(kept)) = (&core.hooks, &self.kept) {
            hooks.failed(&kept.event, failure);
        }
    }

    /// Lets the hooks know what became of the event.
    fn tell(&self, core: &Core) {
        if let (Some(hooks), Some(kept)) = (&core.hooks, &self.kept) {
            hooks.after(&kept.event, &self.report);
        }
    }

    /// What became of it. The event goes here, in the task of who emitted it; its memory stays, if
    /// nobody else has a part of it.
    pub(super) fn end(&mut self, core: &Core) -> (Report, Tally) {
        self.tell(core);
        self.kept = None;
        if !self.carry.as_mut().and_then(Carry::get_mut).is_some_and(Carried::empty) {
            self.carry = None;
        }
        (self.at, self.only) = (0, None);
        let foreign = mem::take(&mut self.foreign);
        let report = mem::take(&mut self.report);
        let tally = Tally::of(&report, foreign);
        (report, tally)
    }

    /// Drops the calls that run, and lets the hooks know what was done.
    pub(super) fn give_up(&mut self, core: &Core) -> Tally {
        self.report.dropped = true;
        discard(self.together.take());
        self.calls.drain(..).for_each(discard);
        self.tell(core);
        Tally::of(&self.report, mem::take(&mut self.foreign))
    }
}

/// Whether a call of this handler begins now.
#[inline]
fn may_begin(core: &Core, entry: &Arc<Entry>, only: Option<Priority>) -> bool {
    if only.is_some_and(|only| only != entry.listen.priority) || !entry.begin() {
        return false;
    }
    if entry.listen.once {
        core.forget(entry);
    }
    true
}

/// The calls that run at once.
type Together = Box<SlotSet<OneCall>>;

struct OneCall {
    at: usize,
    entry: Arc<Entry>,
    call: Option<Pin<Box<dyn Call>>>,
    carry: Option<Carry>,
}

struct Ended {
    at: usize,
    call: Option<Pin<Box<dyn Call>>>,
    called: Called,
}

impl Future for OneCall {
    type Output = Ended;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        let Self { at, entry, call, carry } = self.get_mut();
        let called = match entry.memory(call) {
            Ok(call) => ready!(call.as_mut().poll(carry, cx)),
            Err(panic) => Called::panicked(panic),
        };
        Poll::Ready(Ended { at: *at, call: call.take(), called })
    }
}

// A call is pinned in a box of its own.
impl Unpin for OneCall {}
