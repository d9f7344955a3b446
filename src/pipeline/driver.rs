use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mtaio_runtime::{Panic, Runtime, RuntimeExt};
use pin_project_lite::pin_project;

use super::course::Course;
use super::error::Fault;
use super::flow::Flow;
use super::ledger::{End, InHand, Ticket, Tracked};
use crate::contain::contain;

/// Where the items go that come out.
pub(super) trait Outlet<T> {
    /// Takes an item.
    fn take(&mut self, item: T);

    /// Ready once nothing more is to be done with it, or what that panicked with.
    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Panic>>;
}

pin_project! {
    /// Takes what comes out of a run to where it goes, and answers how many that were.
    pub(super) struct Driver<'a, F, O, E, R: Runtime> {
        #[pin]
        flow: F,
        outlet: O,
        course: &'a Course<E, R>,
        outputs: u64,
        // Of the item that is with the outlet.
        ticket: Option<Ticket<'a>>,
        // Whether the outlet waits with it. If it has one and does not, a panic has left it.
        is_busy: bool,
        drain: Option<Duration>,
        // Made when no more items are taken.
        sleep: Option<Pin<Box<R::Sleep>>>,
    }
}

impl<'a, F, O, T, E, R> Driver<'a, F, O, E, R>
where
    F: Flow<Item = Tracked<'a, T>>,
    O: Outlet<T>,
    R: Runtime,
{
    pub(super) const fn new(
        course: &'a Course<E, R>,
        flow: F,
        outlet: O,
        drain: Option<Duration>,
    ) -> Self {
        Self { flow, outlet, course, outputs: 0, ticket: None, is_busy: false, drain, sleep: None }
    }

    /// Goes on as far as that goes without waiting.
    #[inline]
    fn poll_on(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.as_mut().project();
        if let Some(ticket) = this.ticket.take() {
            *this.is_busy = false;
            ready!(self.as_mut().poll_out(None, ticket, cx));
        }
        loop {
            let this = self.as_mut().project();
            let Some(Tracked { value, ticket }) = ready!(this.flow.poll_next(cx)) else {
                return Poll::Ready(());
            };
            *this.outputs += 1;
            ready!(self.as_mut().poll_out(Some(value), ticket, cx));
        }
    }

    /// Hands `value` to the outlet, or goes on with what is there.
    #[inline(always)]
    fn poll_out(
        self: Pin<&mut Self>,
        value: Option<T>,
        ticket: Ticket<'a>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let this = self.project();
        let in_hand = InHand::new(ticket, this.ticket);
        if let Some(value) = value {
            this.outlet.take(value);
        }
        match this.outlet.poll_done(cx) {
            Poll::Ready(Ok(())) => in_hand.pass().end(End::Delivered),
            Poll::Ready(Err(panic)) => fail(this.course, in_hand.pass(), panic),
            Poll::Pending => {
                in_hand.lay_down();
                *this.is_busy = true;
                this.flow.poll_progress(cx);
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    /// Whether the time to drain is over.
    fn poll_over(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let Some(limit) = *this.drain else { return Poll::Pending };
        if this.course.stopped().is_none() {
            return Poll::Pending;
        }
        let rt = &this.course.rt;
        this.sleep.get_or_insert_with(|| Box::pin(rt.sleep(limit))).as_mut().poll(cx)
    }

    #[cold]
    fn recover(self: Pin<&mut Self>, panic: Panic) {
        let this = self.project();
        match this.ticket.take() {
            Some(ticket) if !*this.is_busy => fail(this.course, ticket, panic),
            waiting => {
                *this.ticket = waiting;
                if let Err(panic) = this.flow.recover(panic) {
                    panic.resume();
                }
            }
        }
    }
}

/// The body has panicked.
#[cold]
fn fail<E, R: Runtime>(course: &Course<E, R>, ticket: Ticket<'_>, panic: Panic) {
    ticket.end(End::Failed);
    course.fail(Fault::<E>::Panic(panic).of("body"));
}

impl<'a, F, O, T, E, R> Future for Driver<'a, F, O, E, R>
where
    F: Flow<Item = Tracked<'a, T>>,
    O: Outlet<T>,
    R: Runtime,
{
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        loop {
            match contain(|| self.as_mut().poll_on(cx)) {
                Ok(Poll::Ready(())) => return Poll::Ready(self.outputs),
                Ok(Poll::Pending) => {
                    let is_over = self.as_mut().poll_over(cx);
                    return is_over.map(|()| self.outputs);
                }
                Err(panic) => self.as_mut().recover(panic),
            }
        }
    }
}
