use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use mtaio_runtime::Panic;

use super::call::{Call, Called, Carry};
use super::core::{Core, count};
use super::listener::{Entry, Priority};
use super::registry::{Calls, List};
use super::report::{Failure, HandlerError, Report};
use crate::contain::discard;
use crate::queue::SlotSet;

/// An event that is being delivered. Whoever drops it midway leaves nothing behind but a report of
/// what was done.
pub(super) struct Running<'a> {
    core: &'a Core,
    list: List,
    calls: Calls,
    channel: Option<usize>,
    /// Goes from call to call, unless one panics; then there is another.
    carry: Option<Carry>,
    kept: Carry,
    report: Report,
    /// Of the handlers of this emitter and its views: how many ran, and how many failed.
    own: (u64, u64),
    has_ended: bool,
}

impl<'a> Running<'a> {
    pub(super) fn new(
        core: &'a Core,
        list: List,
        calls: Calls,
        channel: Option<usize>,
        carry: Carry,
    ) -> Self {
        let (kept, carry, report) = (Carry::clone(&carry), Some(carry), Report::default());
        Self { core, list, calls, channel, carry, kept, report, own: (0, 0), has_ended: false }
    }

    /// Each when the one before it has ended.
    pub(super) async fn one_by_one(&mut self, only: Option<Priority>) {
        self.calls.resize_with(self.list.len(), || None);
        for at in 0..self.list.len() {
            if self.report.stopped {
                return;
            }
            if !self.begin(at, only) {
                continue;
            }
            let Self { list, calls, carry, kept, .. } = self;
            carry.get_or_insert_with(|| Carry::clone(kept));
            let (entry, call) = (&list[at], &mut calls[at]);
            let called = match memory(entry, call) {
                Ok(call) => poll_fn(|cx| call.as_mut().poll(carry, cx)).await,
                Err(panic) => Err(panic),
            };
            self.absorb(at, called);
        }
    }

    /// All that may begin, before any is waited for. What stops keeps from beginning who has not.
    pub(super) async fn all_at_once(&mut self, only: Option<Priority>) {
        self.calls.resize_with(self.list.len(), || None);
        let mut set = SlotSet::new();
        for at in 0..self.list.len() {
            if self.report.stopped {
                break;
            }
            if !self.begin(at, only) {
                continue;
            }
            let (entry, call) = (Arc::clone(&self.list[at]), self.calls[at].take());
            let carry = Some(Carry::clone(&self.kept));
            let one = OneCall { at, entry, call, carry };
            if let Poll::Ready(ended) = set.start(one) {
                self.absorb_one(ended);
            }
        }
        while let Some(ended) = poll_fn(|cx| set.poll_next(cx)).await {
            self.absorb_one(ended);
        }
    }

    /// What became of it.
    pub(super) fn end(mut self) -> Report {
        self.has_ended = true;
        if let Some(channel) = self.channel {
            let calls = std::mem::take(&mut self.calls);
            self.core.give_back(channel, &self.list, calls);
        }
        self.tell();
        std::mem::take(&mut self.report)
    }

    /// Whether a call of the handler at `at` begins now.
    fn begin(&self, at: usize, only: Option<Priority>) -> bool {
        let entry = &self.list[at];
        if only.is_some_and(|only| only != entry.listen.priority) || !entry.begin() {
            return false;
        }
        if entry.listen.once {
            self.core.forget(entry);
        }
        true
    }

    fn absorb_one(&mut self, (at, call, called): Ended) {
        self.calls[at] = call;
        self.absorb(at, called);
    }

    fn absorb(&mut self, at: usize, called: Result<Called, Panic>) {
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
        self.own.0 += 1;
        if let Some(error) = error {
            self.own.1 += 1;
            let failure = Failure { listener: self.list[at].id, error };
            self.tell_failure(&failure);
            self.report.failures.push(failure);
        }
    }

    fn absorb_view(&mut self, report: Report) {
        self.own.0 += report.ran as u64;
        self.own.1 += report.failures.len() as u64;
        report.failures.iter().for_each(|failure| self.tell_failure(failure));
        self.report.fold(report);
    }

    fn tell_failure(&self, failure: &Failure) {
        if let Some(hooks) = &self.core.hooks {
            hooks.failed(&self.kept.event, failure);
        }
    }

    fn tell(&self) {
        count(&self.core.counts.ran, self.own.0);
        if self.own.1 > 0 {
            count(&self.core.counts.failed, self.own.1);
        }
        if let Some(hooks) = &self.core.hooks {
            hooks.after(&self.kept.event, &self.report);
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        self.calls.drain(..).for_each(discard);
        count(&self.core.counts.dropped, 1);
        self.report.dropped = true;
        self.tell();
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
