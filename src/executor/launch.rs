//! The two ways of running a future: as a task of the runtime, and in place.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use mtaio_runtime::{DynRuntime, Runtime, Task, TaskName};
use pin_project_lite::pin_project;

use super::error::RunError;
use super::registry::Registration;
use super::task_executor::TaskExecutor;
use crate::contain::poll_to_end;
use crate::queue::{Acquire, Permits, SlotSet};

/// A way of running futures of type `F`, under a limit.
pub trait Launch<F: Future> {
    /// A future that runs.
    type Running: Future<Output = Result<F::Output, RunError>>;

    /// Whether a future that runs gives its permit back when it ends; else its owner does.
    const RETURNS_PERMIT: bool;

    /// What limits how many run at once.
    fn permits(&self) -> Option<&Arc<Permits>>;

    /// Runs a future that has its permit; one that is refused has given it back.
    fn launch(&self, future: F) -> Result<Self::Running, RunError>;

    /// Ends what is in flight: by dropping it, or by asking it to end.
    fn end(in_flight: &mut SlotSet<Indexed<Self::Running>>);
}

/// Runs each future as a task of the executor.
pub struct Tasks<R: Runtime = DynRuntime> {
    executor: TaskExecutor<R>,
    name: TaskName,
}

impl<R: Runtime> Tasks<R> {
    pub(super) const fn new(executor: TaskExecutor<R>, name: TaskName) -> Self {
        Self { executor, name }
    }
}

impl<R, F> Launch<F> for Tasks<R>
where
    R: Runtime,
    F: Future<Output: Send + 'static> + Send + 'static,
{
    type Running = Joining<F::Output>;

    const RETURNS_PERMIT: bool = true;

    fn permits(&self) -> Option<&Arc<Permits>> {
        self.executor.permits()
    }

    fn launch(&self, future: F) -> Result<Self::Running, RunError> {
        self.executor.start(self.name.clone(), future).map(Joining).ok_or(RunError::Closed)
    }

    fn end(in_flight: &mut SlotSet<Indexed<Self::Running>>) {
        for running in in_flight.iter() {
            running.future.0.abort();
        }
    }
}

/// A task whose error is that of a piece of work.
pub struct Joining<T>(Task<T>);

impl<T> Future for Joining<T> {
    type Output = Result<T, RunError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_err(RunError::from)
    }
}

/// Polls each future in place.
pub struct InPlace {
    permits: Option<Arc<Permits>>,
}

impl InPlace {
    pub(super) const fn new(permits: Option<Arc<Permits>>) -> Self {
        Self { permits }
    }
}

impl<F: Future> Launch<F> for InPlace {
    type Running = Contained<F>;

    const RETURNS_PERMIT: bool = false;

    fn permits(&self) -> Option<&Arc<Permits>> {
        self.permits.as_ref()
    }

    fn launch(&self, future: F) -> Result<Self::Running, RunError> {
        Ok(Contained { future: Some(future) })
    }

    fn end(in_flight: &mut SlotSet<Indexed<Self::Running>>) {
        in_flight.clear();
    }
}

pin_project! {
    /// A future whose panic is an error: in a poll, or when it is dropped at its end.
    pub struct Contained<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> Future for Contained<F> {
    type Output = Result<F::Output, RunError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        poll_to_end(self.project().future, cx).map_err(RunError::Panicked)
    }
}

pin_project! {
    /// A future that knows its place among the items.
    pub struct Indexed<F> {
        pub(super) index: usize,
        #[pin]
        pub(super) future: F,
    }
}

impl<F: Future> Future for Indexed<F> {
    type Output = (usize, F::Output);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.future.poll(cx).map(|output| (*this.index, output))
    }
}

pin_project! {
    /// What an executor hands to the runtime: the user's future, its turn, and its entry among the
    /// executor's tasks. They are given up in this order.
    pub(super) struct Tracked<F> {
        #[pin]
        future: F,
        // A task that waits for its turn does so itself.
        turn: Option<Acquire>,
        registration: Registration,
    }
}

impl<F> Tracked<F> {
    pub(super) const fn new(future: F, turn: Option<Acquire>, registration: Registration) -> Self {
        Self { future, turn, registration }
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Some(turn) = this.turn {
            ready!(turn.poll_take(cx));
            *this.turn = None;
            this.registration.hold_permit();
        }
        this.future.poll(cx)
    }
}
