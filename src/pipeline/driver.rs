use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mtaio_runtime::{Panic, Runtime, RuntimeExt};
use pin_project_lite::pin_project;

use super::course::Course;
use super::error::Fault;
use super::flow::Flow;
use super::ledger::{End, Held, Ticket, Tracked};
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
        ticket: Held<'a>,
        // Whether the outlet waits. While it has an item and does not, it is the outlet that runs.
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
        Self {
            flow,
            outlet,
            course,
            outputs: 0,
            ticket: Held::none(&course.ledger),
            is_busy: false,
            drain,
            sleep: None,
        }
    }

    /// Goes on as far as that goes without waiting.
    #[inline]
    fn poll_on(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_busy {
            *self.as_mut().project().is_busy = false;
            ready!(self.as_mut().poll_out(cx));
        }
        loop {
            let this = self.as_mut().project();
            let Some(Tracked { value, ticket }) = ready!(this.flow.poll_next(cx)) else {
                return Poll::Ready(());
            };
            *this.outputs += 1;
            this.ticket.put(ticket);
            this.outlet.take(value);
            ready!(self.as_mut().poll_out(cx));
        }
    }

    /// Goes on with the item that is with the outlet.
    #[inline]
    fn poll_out(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        match this.outlet.poll_done(cx) {
            Poll::Ready(Ok(())) => this.ticket.take().end(End::Delivered),
            Poll::Ready(Err(panic)) => fail(this.course, this.ticket.take(), panic),
            Poll::Pending => {
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
        if this.ticket.is_some() && !*this.is_busy {
            fail(this.course, this.ticket.take(), panic);
        } else if let Err(panic) = this.flow.recover(panic) {
            panic.resume();
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
