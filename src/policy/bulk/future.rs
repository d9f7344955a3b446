use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use mtaio_runtime::{Ambient, DynRuntime, Instant, Runtime, TaskName};
use pin_project_lite::pin_project;

use super::Shared;
use super::batch::Batch;
use super::error::BulkError;
use super::worker::work;
use crate::queue::lock;
use crate::time::{Deadline, Elapsed};

pin_project! {
    /// The future of [`Bulk::call`](super::Bulk::call).
    #[must_use = "nothing is asked for before it is polled"]
    pub struct BulkCall<In, Out, E, R: Runtime = DynRuntime> {
        asked: Asked<In, Out, E, R>,
        // Made only where a deadline is inherited.
        #[pin]
        deadline: Option<R::Sleep>,
        began: Instant,
    }
}

/// An input, and then a place in a batch.
struct Asked<In, Out, E, R> {
    shared: Arc<Shared<In, Out, E, R>>,
    input: Option<In>,
    place: Option<Place<In, Out, E>>,
}

/// A batch, and the number in it.
type Place<In, Out, E> = (Arc<Batch<In, Out, E>>, u64);

impl<In, Out, E, R: Runtime> BulkCall<In, Out, E, R> {
    pub(super) const fn new(shared: Arc<Shared<In, Out, E, R>>, input: In) -> Self {
        let asked = Asked { shared, input: Some(input), place: None };
        Self { asked, deadline: None, began: Instant::ZERO }
    }
}

impl<In, Out, E, R> Future for BulkCall<In, Out, E, R>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Send + 'static,
    R: Runtime,
{
    type Output = Result<Out, BulkError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(input) = this.asked.input.take() {
            this.asked.ask(input);
        }
        let Some((batch, owner)) = &this.asked.place else { panic!("polled after it was ready") };
        if let Poll::Ready(result) = batch.poll_result(*owner, cx.waker()) {
            this.asked.place = None;
            return Poll::Ready(result);
        }
        let Some(deadline) = Ambient::current().deadline() else { return Poll::Pending };
        if this.deadline.is_none() {
            *this.began = this.asked.shared.rt.now();
            this.deadline.set(Some(this.asked.shared.rt.sleep_until(deadline)));
        }
        match this.deadline.as_mut().as_pin_mut().map(|sleep| sleep.poll(cx)) {
            Some(Poll::Ready(())) => {
                this.asked.leave();
                let now = this.asked.shared.rt.now();
                let deadline = Deadline::current().unwrap_or(Deadline::at(deadline));
                Poll::Ready(Err(Elapsed::inherited(deadline, *this.began, now).into()))
            }
            _ => Poll::Pending,
        }
    }
}

impl<In, Out, E, R> Asked<In, Out, E, R>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Send + 'static,
    R: Runtime,
{
    /// Puts `input` into the batch that is being filled, and begins one where there is none.
    fn ask(&mut self, input: In) {
        let shared = &self.shared;
        let mut open = lock(&shared.open);
        let (batch, is_new) = match &*open {
            Some(batch) => (Arc::clone(batch), false),
            None => (Arc::new(Batch::new()), true),
        };
        let (owner, count) = batch.add(input);
        let is_full = count >= shared.max_size;
        // The last that held it may be dropped here, but there is one more: this.
        *open = if is_full { None } else { Some(Arc::clone(&batch)) };
        drop(open);
        if is_full {
            batch.start();
        }
        if is_new {
            // Where the runtime is gone, this drops it at once: the batch is then at its end.
            let worker = work(Arc::clone(shared), Arc::clone(&batch));
            shared.rt.spawn_detached(TaskName::new("mtaio bulk"), worker);
        }
        self.place = Some((batch, owner));
    }
}

impl<In, Out, E, R> Asked<In, Out, E, R> {
    fn leave(&mut self) {
        let Some((batch, owner)) = self.place.take() else { return };
        if !batch.leave(owner) {
            return;
        }
        // Nobody is left: its timer has nothing to wait for. Under the lock nobody joins it.
        let mut open = lock(&self.shared.open);
        let closed = open.take_if(|open| Arc::ptr_eq(open, &batch) && batch.is_empty());
        drop(open);
        if closed.is_some() {
            batch.start();
        }
    }
}

impl<In, Out, E, R> Drop for Asked<In, Out, E, R> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<In, Out, E, R: Runtime> fmt::Debug for BulkCall<In, Out, E, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkCall").finish_non_exhaustive()
    }
}
