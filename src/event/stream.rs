use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;

use super::call::{Called, Carry, Prototype};
use super::event::Ev;
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
}

impl<T: Send + Sync + 'static> EventStream<T> {
    pub(super) fn new<F>(place: &Place, overflow: Overflow, is_meant: F) -> Result<Self, ConfigError>
    where
        F: Fn(&T) -> bool + Send + Sync + 'static,
    {
        let queue = Arc::new(Queue::new(overflow)?);
        let inlet = Arc::new(Inlet { queue: Arc::clone(&queue), is_meant });
        let make = |inlet: Arc<Inlet<T, F>>, carry: Carry| async move {
            let answer = match Ev::new(carry.event.clone()) {
                Some(event) if (inlet.is_meant)(&event) => inlet.put(event).await,
                _ => Ok(Flow::Continue),
            };
            (carry, Called::Answer(answer.map_err(Into::into)))
        };
        let handling = Box::new(Prototype { handler: inlet, make });
        let subscription = place.listen(Listen::default(), handling).guarded();
        let events = Box::pin(Arc::clone(&queue).into_stream());
        Ok(Self { queue, events, _subscription: subscription })
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
        match self.queue.put(event).await {
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
