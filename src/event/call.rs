//! Calls of handlers. The memory of one serves for the next: a future is written where the one
//! before it was, so that in the steady state a call allocates nothing.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use mtaio_runtime::Panic;
use pin_project_lite::pin_project;
use triomphe::Arc;

use super::any_event::AnyEvent;
use super::handler::{BoxError, Flow};
use super::report::Report;
use super::trail::Trail;
use crate::contain::contain;

/// An event on its way. A call takes it and hands it on, so that it need not be counted who has it.
pub(super) struct Carried {
    pub(super) event: AnyEvent,
    pub(super) trail: Trail,
}

pub(super) type Carry = Arc<Carried>;

impl Carried {
    /// Empties it for the next one, if nobody else has a part of it.
    pub(super) fn empty(&mut self) -> bool {
        self.trail = Trail::default();
        self.event.empty()
    }
}

/// What a call came to. (Of pointers alone, so that it is handed up in registers.)
pub(super) enum Called {
    /// On to the next.
    Continue,
    /// No further.
    Stop,
    /// The handler's error.
    Failed(Box<BoxError>),
    /// What the handler panicked with.
    Panicked(Box<Panic>),
    /// What became of the event behind a view.
    Viewed(Box<Report>),
    /// What became of it behind a pipe.
    Piped(Box<Report>),
}

impl Called {
    #[cold]
    pub(super) fn panicked(panic: Panic) -> Self {
        Self::Panicked(Box::new(panic))
    }
}

impl From<Result<Flow, BoxError>> for Called {
    #[inline]
    fn from(answer: Result<Flow, BoxError>) -> Self {
        match answer {
            Ok(Flow::Continue) => Self::Continue,
            Ok(Flow::Stop) => Self::Stop,
            Err(error) => Self::Failed(Box::new(error)),
        }
    }
}

/// The calls of one handler, one after the other.
pub(super) trait Call: Send {
    /// Calls the handler with what is in `carry`, or goes on with that. What was carried is put
    /// back at the end, unless that is a panic.
    fn poll(self: Pin<&mut Self>, carry: &mut Option<Carry>, cx: &mut Context<'_>) -> Poll<Called>;
}

/// What calls are made from.
pub(super) trait Handling: Send + Sync {
    /// Memory for a call.
    fn call(&self) -> Result<Pin<Box<dyn Call>>, Panic>;
}

/// A handler, and how it is called.
pub(super) struct Prototype<H, M> {
    pub(super) handler: H,
    pub(super) make: M,
}

impl<H, M, Fut> Handling for Prototype<H, M>
where
    H: Clone + Send + Sync + 'static,
    M: Fn(H, Carry) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = (Carry, Called)> + Send + 'static,
{
    fn call(&self) -> Result<Pin<Box<dyn Call>>, Panic> {
        let handler = contain(|| self.handler.clone())?;
        Ok(Box::pin(Reused { handler, make: self.make.clone(), future: None }))
    }
}

pin_project! {
    struct Reused<H, M, Fut> {
        handler: H,
        make: M,
        // The one that runs, or the shell of the last one: what was in it went with its end, since
        // it is an async block of ours, which drops the handler's future before it ends.
        #[pin]
        future: Option<Fut>,
    }
}

impl<H, M, Fut> Call for Reused<H, M, Fut>
where
    H: Clone + Send,
    M: Fn(H, Carry) -> Fut + Send,
    Fut: Future<Output = (Carry, Called)> + Send,
{
    #[inline]
    fn poll(self: Pin<&mut Self>, carry: &mut Option<Carry>, cx: &mut Context<'_>) -> Poll<Called> {
        let mut this = self.project();
        // One look-out for all foreign code of a call that is ready at once.
        let polled = contain(|| {
            if let Some(carried) = carry.take() {
                this.future.set(Some((this.make)(this.handler.clone(), carried)));
            }
            match this.future.as_mut().as_pin_mut() {
                Some(future) => future.poll(cx),
                None => unreachable!("a call begins with an event"),
            }
        });
        match polled {
            Ok(Poll::Ready((carried, called))) => {
                *carry = Some(carried);
                Poll::Ready(called)
            }
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Called::panicked(panic)),
        }
    }
}
