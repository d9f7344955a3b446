use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::name::Name;
use super::Hub;
use super::message::Message;
use super::publish::{Delivery, PublishError};
use crate::queue::TapKey;

/// One topic of [`Topics`](super::Topics), to publish to again and again: see
/// [`Topics::topic`](super::Topics::topic).
///
/// # Examples
///
/// ```
/// use mtaio::event::Topics;
/// use mtaio::queue::Overflow;
///
/// # mtaio_sim::Sim::run(0, |_rt| async move {
/// let topics = Topics::new();
/// let mut ticks = topics.topic("clock.tick");
/// assert_eq!(ticks.publish(1).await?.taken, 0);
/// let mut reader = topics.subscribe("clock.#", Overflow::Block(4))?;
/// assert_eq!(ticks.publish(2).await?.taken, 1, "who comes is seen");
/// assert_eq!(*reader.recv().await.unwrap(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct Topic<T> {
    pub(super) hub: Arc<Hub<T>>,
    pub(super) name: Name,
    pub(super) keys: Vec<TapKey>,
    /// After how many changes these were those who subscribe.
    pub(super) as_of: Option<u64>,
}

impl<T: Clone + Send + Sync + 'static> Topic<T> {
    /// Publishes `value` here. See [`Topics::publish`](super::Topics::publish).
    ///
    /// # Errors
    ///
    /// [`PublishError::Closed`] with the value.
    ///
    /// # Cancel safety
    ///
    /// That of [`Topics::publish`](super::Topics::publish).
    pub async fn publish(&mut self, value: T) -> Result<Delivery, PublishError<T>> {
        self.renew();
        let message = Message { topic: self.name.clone(), value };
        match self.hub.publish_now(&self.keys, message) {
            Ok(delivery) => Ok(delivery),
            Err(message) => self.hub.publish_once_there_is_room(&self.keys, message).await,
        }
    }

    /// As [`publish`](Self::publish), without waiting.
    ///
    /// # Errors
    ///
    /// Those of [`Topics::try_publish`](super::Topics::try_publish).
    pub fn try_publish(&mut self, value: T) -> Result<Delivery, PublishError<T>> {
        self.renew();
        let message = Message { topic: self.name.clone(), value };
        self.hub.try_publish(&self.keys, message)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    fn renew(&mut self) {
        let changes = self.hub.changes.load(Ordering::Acquire);
        if self.as_of != Some(changes) {
            self.keys = self.hub.find(self.name.as_str());
            self.as_of = Some(changes);
        }
    }
}

impl<T> fmt::Debug for Topic<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Topic").field(&self.name).finish()
    }
}
