use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use mtaio_runtime::{Runtime, RuntimeExt};

use super::Shared;
use super::batch::{Batch, Turn, Work};
use super::error::BulkError;
use crate::contain::{Contained, contain, discard};
use crate::queue::lock;

/// Waits until a batch is full or has waited long enough, and calls the function with it.
pub(super) fn work<In, Out, E, R>(
    shared: Arc<Shared<In, Out, E, R>>,
    batch: Arc<Batch<In, Out, E>>,
) -> impl Future<Output = ()> + Send
where
    In: Send,
    Out: Send,
    E: Send,
    R: Runtime,
{
    // It is dropped also where the runtime does not even poll this.
    let ended = EndedWith { shared, batch };
    async move { run(&ended.shared, &ended.batch).await }
}

async fn run<In, Out, E, R: Runtime>(
    shared: &Shared<In, Out, E, R>,
    batch: &Arc<Batch<In, Out, E>>,
) {
    let turn = {
        let mut sleep = pin!(shared.rt.sleep(shared.max_delay));
        poll_fn(|cx| match batch.turn(cx.waker()) {
            Turn::Wait if sleep.as_mut().poll(cx).is_pending() => Poll::Pending,
            Turn::Wait => {
                shared.close(batch);
                batch.start();
                Poll::Ready(batch.turn(cx.waker()))
            }
            turn => Poll::Ready(turn),
        })
        .await
    };
    let Turn::Call(Work { owners, inputs }) = turn else { return };
    let count = inputs.len();
    shared.counters.count(count);
    // The function may panic before there is a future.
    let results = match contain(|| (shared.f)(inputs)) {
        Ok(future) => Contained::new(future).await,
        Err(panic) => Err(panic),
    };
    match results {
        Ok(results) if results.len() == count => {
            let results = results.into_iter().map(|result| result.map_err(BulkError::Failed));
            batch.answer(&owners, results);
        }
        Ok(results) => {
            let got = results.len();
            batch.end(|| BulkError::Mismatched { inputs: count, results: got });
            discard(results);
        }
        Err(panic) => {
            batch.end(|| BulkError::Panicked { message: panic.message().to_owned() });
            discard(panic);
        }
    }
}

impl<In, Out, E, R> Shared<In, Out, E, R> {
    /// Nothing more is added to `batch`.
    pub(super) fn close(&self, batch: &Arc<Batch<In, Out, E>>) {
        let mut open = lock(&self.open);
        let closed = open.take_if(|open| Arc::ptr_eq(open, batch));
        drop(open);
        drop(closed);
    }
}

/// Whoever still waits for `batch` when this is dropped waits for a runtime that is gone.
struct EndedWith<In, Out, E, R> {
    shared: Arc<Shared<In, Out, E, R>>,
    batch: Arc<Batch<In, Out, E>>,
}

impl<In, Out, E, R> Drop for EndedWith<In, Out, E, R> {
    fn drop(&mut self) {
        self.shared.close(&self.batch);
        self.batch.end(|| BulkError::RuntimeGone);
    }
}
