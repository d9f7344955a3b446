use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use mtaio_runtime::{Instant, Runtime, Sleep};

use super::super::any_event::Ev;
use super::super::call::{Called, Carry, Prototype};
use super::super::handler::{BoxError, Flow, Handler, HandlerOutput};
use super::super::hooks::Hooks;
use super::super::listener::{Listener, ListenerId, Priority};
use super::super::place::Place;
use super::super::report::{Failure, HandlerError};
use super::{BatchStats, Batches};
use crate::contain::{Contained, discard};
use crate::queue::{Latch, PutError, Queue, TryGetError};

/// What emits, the task and listeners share.
pub(super) struct Shared<T> {
    queue: Queue<Item<T>>,
    /// Opens when no batch comes any more.
    ended: Latch,
    counts: Counts,
}

/// An event, and when it came, where that is of interest.
pub(super) type Item<T> = (Ev<T>, Option<Instant>);

impl<T> Shared<T> {
    pub(super) fn new(queue: Queue<Item<T>>) -> Self {
        Self { queue, ended: Latch::new(1), counts: Counts::default() }
    }
}

#[derive(Default)]
struct Counts {
    batches: AtomicU64,
    events: AtomicU64,
    failed: AtomicU64,
}

impl<T: Send + Sync + 'static> Batches for Shared<T> {
    fn close(&self) {
        self.queue.close();
    }

    fn ended(&self) -> &Latch {
        &self.ended
    }

    fn stats(&self) -> BatchStats {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        BatchStats {
            waiting: self.queue.len(),
            dropped: self.queue.dropped(),
            batches: load(&self.counts.batches),
            events: load(&self.counts.events),
            failed: load(&self.counts.failed),
        }
    }
}

/// The buffer's other end: when the last emit has let go of it, no event will come.
struct Inlet<T, R> {
    shared: Arc<Shared<T>>,
    /// Whose clock is looked at, if any is.
    rt: Option<R>,
}

pub(super) fn listen<T: Send + Sync + 'static, R: Runtime>(
    place: &Place,
    priority: Priority,
    rt: &R,
    within: Option<Duration>,
    shared: &Arc<Shared<T>>,
) -> Listener {
    let rt = within.is_some().then(|| rt.clone());
    let inlet = Arc::new(Inlet { shared: Arc::clone(shared), rt });
    let make = |inlet: Arc<Inlet<T, R>>, carry: Carry| async move {
        let answer = match Ev::new(carry.event.clone()) {
            Some(event) => inlet.put(event).await,
            None => Ok(Flow::Continue),
        };
        (carry, Called::from(answer))
    };
    place.listen(priority.into(), Box::new(Prototype { handler: inlet, make }))
}

impl<T: Send + Sync + 'static, R: Runtime> Inlet<T, R> {
    async fn put(&self, event: Ev<T>) -> Result<Flow, BoxError> {
        let came = self.rt.as_ref().map(R::now);
        match self.shared.queue.put((event, came)).await {
            Ok(_) => Ok(Flow::Continue),
            Err(PutError::Full(_)) => Err("the buffer of batches is full".into()),
            Err(PutError::Closed(_)) => Err("no batches are made any more".into()),
        }
    }
}

impl<T, R> Drop for Inlet<T, R> {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}

/// Nothing comes after it, however it ends.
struct Ending<T>(Arc<Shared<T>>);

impl<T> Drop for Ending<T> {
    fn drop(&mut self) {
        self.0.queue.close();
        self.0.ended.count_down();
    }
}

/// Makes batches, and has them handled.
pub(super) struct Worker<T, R: Runtime, H> {
    rt: R,
    shared: Ending<T>,
    size: usize,
    within: Option<Duration>,
    handler: H,
    /// Made when a batch has to wait for the first time, and kept.
    sleep: Option<Pin<Box<R::Sleep>>>,
    hooks: Option<Arc<Hooks>>,
    id: ListenerId,
}

impl<T, R, H> Worker<T, R, H>
where
    T: Send + Sync + 'static,
    R: Runtime,
    H: for<'a> Handler<'a, [Ev<T>]>,
{
    pub(super) fn new(
        rt: &R,
        shared: &Arc<Shared<T>>,
        size: usize,
        within: Option<Duration>,
        handler: H,
        hooks: Option<Arc<Hooks>>,
        id: ListenerId,
    ) -> Self {
        let (rt, shared) = (rt.clone(), Ending(Arc::clone(shared)));
        Self { rt, shared, size, within, handler, sleep: None, hooks, id }
    }

    pub(super) async fn run(mut self) {
        let mut batch = Vec::new();
        while self.gather(&mut batch).await {
            self.handle(&batch).await;
            batch.drain(..).for_each(discard);
        }
    }

    /// Gathers the next batch, if there is any.
    async fn gather(&mut self, batch: &mut Vec<Ev<T>>) -> bool {
        let queue = &self.shared.0.queue;
        let Ok((first, came)) = queue.get().await else { return false };
        batch.push(first);
        let due = came.zip(self.within).map(|(came, within)| came.saturating_add(within));
        while batch.len() < self.size {
            match queue.try_get() {
                Ok((next, _)) => batch.push(next),
                Err(TryGetError::Closed) => break,
                Err(TryGetError::Empty) => {
                    match next(queue, &self.rt, &mut self.sleep, due).await {
                        Some((next, _)) => batch.push(next),
                        // It is time, or the end.
                        None => break,
                    }
                }
            }
        }
        true
    }

    async fn handle(&mut self, batch: &[Ev<T>]) {
        let handler = &self.handler;
        let handled = Contained::new(async { handler.clone().call(batch).await.into_flow() });
        let error = match handled.await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(HandlerError::Failed(error)),
            Err(panic) => Some(HandlerError::Panicked(panic)),
        };
        let counts = &self.shared.0.counts;
        counts.batches.fetch_add(1, Ordering::Relaxed);
        counts.events.fetch_add(batch.len() as u64, Ordering::Relaxed);
        if let Some(error) = error {
            counts.failed.fetch_add(1, Ordering::Relaxed);
            let failure = Failure { listener: self.id, error };
            if let (Some(hooks), Some(first)) = (&self.hooks, batch.first()) {
                hooks.failed(first.whole(), &failure);
            }
            discard(failure);
        }
    }
}

/// The next one, if it comes until it is time.
async fn next<T, R: Runtime>(
    queue: &Queue<T>,
    rt: &R,
    kept: &mut Option<Pin<Box<R::Sleep>>>,
    due: Option<Instant>,
) -> Option<T> {
    let (mut get, mut is_set) = (queue.get(), false);
    poll_fn(|cx| match (Pin::new(&mut get).poll(cx), due) {
        (Poll::Ready(next), _) => Poll::Ready(next.ok()),
        (Poll::Pending, None) => Poll::Pending,
        (Poll::Pending, Some(due)) => {
            let sleep = match kept {
                Some(sleep) if is_set => sleep,
                Some(sleep) => {
                    sleep.as_mut().reset(due);
                    sleep
                }
                None => kept.insert(Box::pin(rt.sleep_until(due))),
            };
            is_set = true;
            sleep.as_mut().poll(cx).map(|()| None)
        }
    })
    .await
}
