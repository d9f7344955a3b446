//! Calls of handlers. The memory of one serves for the next: a future is written where the one
//! before it was, so that in the steady state a call allocates nothing.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use mtaio_runtime::Panic;
use pin_project_lite::pin_project;

use super::any_event::AnyEvent;
use super::handler::{BoxError, Flow};
use super::report::Report;
use super::trail::Trail;
use crate::contain::{contain, poll_to_end};

/// An event on its way. A call takes it and hands it on, so that it need not be counted who has it.
pub(super) struct Carried {
    pub(super) event: AnyEvent,
    pub(super) trail: Trail,
}

pub(super) type Carry = Arc<Carried>;

/// What a call came to. (Flat, and of pointers alone: it is handed up from function to function.)
pub(super) enum Called {
    /// On to the next.
    Continue,
    /// No further.
    Stop,
    /// The handler's error.
    Failed(BoxError),
    /// What became of the event behind a view.
    Viewed(Box<Report>),
    /// What became of it behind a pipe.
    Piped(Box<Report>),
}

impl From<Result<Flow, BoxError>> for Called {
    #[inline]
    fn from(answer: Result<Flow, BoxError>) -> Self {
        match answer {
            Ok(Flow::Continue) => Self::Continue,
            Ok(Flow::Stop) => Self::Stop,
            Err(error) => Self::Failed(error),
        }
    }
}

/// The calls of one handler, one after the other.
pub(super) trait Call: Send {
    /// Calls the handler with what is in `carry`, or goes on with that. What was carried is put
    /// back at the end, unless that is a panic.
    fn poll(
        self: Pin<&mut Self>,
        carry: &mut Option<Carry>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Called, Panic>>;
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
    fn poll(
        self: Pin<&mut Self>,
        carry: &mut Option<Carry>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Called, Panic>> {
        let mut this = self.project();
        if let Some(carried) = carry.take() {
            match contain(|| this.handler.clone()) {
                Ok(handler) => this.future.set(Some((this.make)(handler, carried))),
                Err(panic) => return Poll::Ready(Err(panic)),
            }
        }
        poll_to_end(this.future, cx).map(|ended| {
            ended.map(|(carried, called)| {
                *carry = Some(carried);
                called
            })
        })
    }
}
