use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use mtaio_runtime::Panic;

use super::driver::Outlet;
use crate::contain::Contained;

/// Where a run lays down what comes out, one item at a time, for somebody outside of it.
///
/// A run is a future that borrows from itself, behind a box that says that it is `Send`. The body of
/// a `for_each` may borrow too, and is not: the two meet here.
pub(super) struct Handover<T>(Arc<Mutex<State<T>>>);

struct State<T> {
    item: Option<T>,
    /// How the body ended.
    ended: Option<Result<(), Panic>>,
}

impl<T> Handover<T> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State { item: None, ended: None })))
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Handover<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Send> Outlet<T> for Handover<T> {
    fn take(&mut self, item: T) {
        self.lock().item = Some(item);
    }

    /// (Who ends it polls this right after.)
    fn poll_done(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Panic>> {
        self.lock().ended.take().map_or(Poll::Pending, Poll::Ready)
    }
}

/// Polls `run`, and runs `body` with what it hands over, while it goes on.
pub(super) async fn run_beside<T, O, B>(
    mut run: Pin<Box<dyn Future<Output = O> + Send + '_>>,
    handover: Handover<T>,
    mut body: B,
) -> O
where
    B: AsyncFnMut(T),
{
    loop {
        let next = poll_fn(|cx| {
            if let Poll::Ready(output) = run.as_mut().poll(cx) {
                return Poll::Ready(ControlFlow::Break(output));
            }
            match handover.lock().item.take() {
                Some(item) => Poll::Ready(ControlFlow::Continue(item)),
                None => Poll::Pending,
            }
        });
        let item = match next.await {
            ControlFlow::Break(output) => return output,
            ControlFlow::Continue(item) => item,
        };
        let mut working = pin!(Contained::new(async { body(item).await }));
        let ended = poll_fn(|cx| match working.as_mut().poll(cx) {
            Poll::Ready(ended) => Poll::Ready(ControlFlow::Continue(ended)),
            // Ready when the time to drain is over: then the body is given up.
            Poll::Pending => run.as_mut().poll(cx).map(ControlFlow::Break),
        });
        match ended.await {
            ControlFlow::Break(output) => return output,
            ControlFlow::Continue(ended) => handover.lock().ended = Some(ended),
        }
    }
}
