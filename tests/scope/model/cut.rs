use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::SystemTime;

use mtaio::{Instant, Runtime, TaskName};

/// Polls a future some times, then drops it.
pub struct Cut<F> {
    future: Option<Pin<Box<F>>>,
    polls: usize,
    /// Set before it is dropped.
    has_cut: Arc<AtomicBool>,
}

impl<F> Cut<F> {
    pub fn new(future: F, polls: usize) -> Self {
        Self { future: Some(Box::pin(future)), polls, has_cut: Arc::default() }
    }
}

impl<F: Future> Future for Cut<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls > 0 {
            self.polls -= 1;
            let future = self.future.as_mut().expect("it has not been dropped");
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
        }
        if self.polls > 0 {
            return Poll::Pending;
        }
        self.has_cut.store(true, Ordering::SeqCst);
        self.future = None;
        Poll::Ready(None)
    }
}

/// A runtime that drops its tasks after some polls each, as one that goes does.
#[derive(Clone)]
pub struct Cutting<R> {
    rt: R,
    polls: usize,
    has_cut: Arc<AtomicBool>,
}

impl<R: Runtime> Cutting<R> {
    pub fn new(rt: &R, polls: usize) -> Self {
        Self { rt: rt.clone(), polls, has_cut: Arc::default() }
    }

    /// Whether a task was dropped so.
    pub fn has_cut(&self) -> bool {
        self.has_cut.load(Ordering::SeqCst)
    }
}

impl<R: Runtime> Runtime for Cutting<R> {
    type Sleep = R::Sleep;

    fn now(&self) -> Instant {
        self.rt.now()
    }

    fn wall_clock(&self) -> SystemTime {
        self.rt.wall_clock()
    }

    fn entropy(&self) -> u64 {
        self.rt.entropy()
    }

    fn sleep_until(&self, deadline: Instant) -> R::Sleep {
        self.rt.sleep_until(deadline)
    }

    fn spawn_detached<F>(&self, name: TaskName, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut cut = Cut::new(future, self.polls);
        cut.has_cut = Arc::clone(&self.has_cut);
        self.rt.spawn_detached(name, async move { cut.await.unwrap_or_default() });
    }

    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
        self.rt.spawn_blocking(job);
    }
}
