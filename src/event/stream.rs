use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;

use super::any_event::Ev;
use super::call::{Called, Carry, Prototype};
use super::handler::Flow;
use super::listener::{Listen, Subscription};
use super::place::Place;
use crate::config::ConfigError;
use crate::queue::{Overflow, PutError, Queue};

/// The events of a view, one after the other: see [`View::stream`](super::View::stream).
///
/// # Cancel safety
///
/// An event is taken only when it is handed out.
#[must_use = "streams do nothing unless polled"]
pub struct EventStream<T: Send + Sync + 'static> {
    queue: Arc<Queue<Ev<T>>>,
    events: Pin<Box<dyn Stream<Item = Ev<T>> + Send>>,
    _subscription: Subscription,
}

/// The queue's other end: when the last emit has let go of it, no event will come.
struct Inlet<T, F> {
    queue: Arc<Queue<Ev<T>>>,
    is_meant: F,
    /// Whether one event is all that is wanted.
    one: bool,
}

impl<T: Send + Sync + 'static> EventStream<T> {
    pub(super) fn new<F>(
        place: &Place,
        overflow: Overflow,
        is_meant: F,
    ) -> Result<Self, ConfigError>
    where
        F: Fn(&T) -> bool + Send + Sync + 'static,
    {
        Ok(Self::with_queue(place, Queue::new(overflow)?, is_meant, false))
    }

    fn with_queue<F>(place: &Place, queue: Queue<Ev<T>>, is_meant: F, one: bool) -> Self
    where
        F: Fn(&T) -> bool + Send + Sync + 'static,
    {
        let queue = Arc::new(queue);
        let inlet = Arc::new(Inlet { queue: Arc::clone(&queue), is_meant, one });
        let make = |inlet: Arc<Inlet<T, F>>, carry: Carry| async move {
            let answer = match Ev::new(carry.event.clone()) {
                Some(event) if (inlet.is_meant)(&event) => inlet.put(event).await,
                _ => Ok(Flow::Continue),
            };
            (carry, Called::from(answer.map_err(Into::into)))
        };
        let handling = Box::new(Prototype { handler: inlet, make });
        let subscription = place.listen(Listen::default(), handling).guarded();
        let events = Box::pin(Arc::clone(&queue).into_stream());
        Self { queue, events, _subscription: subscription }
    }

    /// How many events were dropped as there was no room for them.
    pub fn dropped(&self) -> u64 {
        self.queue.dropped()
    }

    /// How many wait to be taken.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none waits to be taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Send + Sync + 'static, F> Inlet<T, F> {
    async fn put(&self, event: Ev<T>) -> Result<Flow, &'static str> {
        let put = self.queue.put(event).await;
        if self.one {
            self.queue.close();
        }
        match put {
            Err(PutError::Full(_)) => Err("the stream of events is full"),
            // Nobody reads it any more.
            Ok(_) | Err(PutError::Closed(_)) => Ok(Flow::Continue),
        }
    }
}

impl<T, F> Drop for Inlet<T, F> {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl<T: Send + Sync + 'static> Stream for EventStream<T> {
    type Item = Ev<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Ev<T>>> {
        self.events.as_mut().poll_next(cx)
    }
}

impl<T: Send + Sync + 'static> Drop for EventStream<T> {
    fn drop(&mut self) {
        // Lets go of emits that wait for room.
        self.queue.close();
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Waits for an event: see [`View::wait_for`](super::View::wait_for). None if the emitter is gone
/// before.
///
/// # Cancel safety
///
/// Dropping it ends the waiting, and loses nothing that others see.
#[must_use = "futures do nothing unless polled"]
pub struct WaitFor<T: Send + Sync + 'static>(EventStream<T>);

impl<T: Send + Sync + 'static> WaitFor<T> {
    pub(super) fn new<F>(place: &Place, is_meant: F) -> Self
    where
        F: Fn(&T) -> bool + Send + Sync + 'static,
    {
        Self(EventStream::with_queue(place, Queue::unbounded(), is_meant, true))
    }
}

impl<T: Send + Sync + 'static> Future for WaitFor<T> {
    type Output = Option<Ev<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for WaitFor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitFor").finish_non_exhaustive()
    }
}
