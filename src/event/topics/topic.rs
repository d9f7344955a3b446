use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::name::Name;
use super::Hub;
use super::message::Message;
use super::publish::{Delivery, PublishError};
use crate::queue::TapKey;

/// One topic of [`Topics`](super::Topics): see [`Topics::topic`](super::Topics::topic).
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
