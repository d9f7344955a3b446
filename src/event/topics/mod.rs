use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub use self::message::Message;
pub use self::publish::{Delivery, PublishError};
pub use self::subscriber::{Subscriber, SubscriberStats};
pub use self::topic::Topic;
use super::name::Name;
use super::pattern::{Pattern, Patterns};
use crate::config::ConfigError;
use crate::queue::{Fanout, Overflow, Single, Tap, TapKey, To, lock};

mod message;
mod publish;
mod subscriber;
mod topic;

/// Publish and subscribe by the names of topics, which are made when they are needed.
///
/// Who subscribes says by a [`Pattern`] to what, and by an [`Overflow`] what becomes of a message
/// that it has no room for: so one that is slow neither holds the others nor starves them. It knows
/// how many it missed.
///
/// | a subscriber wants | its overflow | when it has no room |
/// | --- | --- | --- |
/// | every message | [`Overflow::Block`] | the publisher waits, and with it all who subscribe to that topic |
/// | the newest ones | [`Overflow::DropOldest`], [`Overflow::Latest`] | the oldest goes |
/// | an unbroken beginning | [`Overflow::DropNewest`] | the new one goes |
/// | the publisher to know | [`Overflow::Error`] | the new one goes, and is `refused` in the [`Delivery`] |
///
/// Room is counted in messages. Every message is cloned for each subscriber but one; values that are
/// costly to clone go in an `Arc`. To publish costs by the depth of the topic's name and by the
/// number of those who get it; a [`topic`](Self::topic) that is kept looks up nothing.
///
/// Clones are the same.
///
/// # Examples
///
/// ```
/// use mtaio::event::Topics;
/// use mtaio::queue::Overflow;
///
/// # mtaio_sim::Sim::run(0, |_rt| async move {
/// let topics = Topics::new();
/// let mut logins = topics.subscribe("user.*", Overflow::Block(16))?;
/// let mut latest = topics.subscribe("user.#", Overflow::Latest)?;
///
/// topics.publish("user.login", "ada").await?;
/// topics.publish("user.login.failed", "bob").await?;
///
/// let login = logins.recv().await.unwrap();
/// assert_eq!((login.topic(), *login), ("user.login", "ada"));
/// let last = latest.recv().await.unwrap();
/// assert_eq!((last.topic(), *last, latest.stats().missed), ("user.login.failed", "bob", 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct Topics<T> {
    hub: Arc<Hub<T>>,
}

struct Hub<T> {
    fanout: Arc<Fanout<Message<T>>>,
    table: Mutex<Table<T>>,
    /// How often somebody came or went.
    changes: AtomicU64,
    most_retained: usize,
}

struct Table<T> {
    patterns: Patterns<TapKey>,
    retained: BTreeMap<Arc<str>, Arc<Message<T>>>,
}

/// Topics at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicsStats {
    /// Who subscribes.
    pub subscribers: usize,
    /// The topics whose last value is retained.
    pub retained: usize,
    /// Messages that were published, from the beginning.
    pub published: u64,
}

impl<T: Clone + Send + Sync + 'static> Topics<T> {
    /// Topics that retain nothing.
    pub fn new() -> Self {
        Self::retaining(0)
    }

    /// Topics of which at most `most` retain their last value, if that was published by
    /// [`publish_retained`](Self::publish_retained).
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio::event::Topics;
    /// use mtaio::queue::Overflow;
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let lamps = Topics::retaining(100);
    /// lamps.publish_retained("lamp.kitchen", "off").await?;
    /// lamps.publish_retained("lamp.kitchen", "on").await?;
    ///
    /// // Who comes late is told how things are.
    /// let mut late = lamps.subscribe("lamp.*", Overflow::Block(8))?;
    /// assert_eq!(*late.recv().await.unwrap(), "on");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn retaining(most: usize) -> Self {
        let table = Table { patterns: Patterns::new(), retained: BTreeMap::new() };
        Self {
            hub: Arc::new(Hub {
                fanout: Arc::new(Fanout::new()),
                table: Mutex::new(table),
                changes: AtomicU64::new(0),
                most_retained: most,
            }),
        }
    }

    /// Subscribes to the topics that `pattern` matches: to what is retained of them, and to what is
    /// published from now on.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for what is no [`Pattern`], or for a capacity of 0.
    pub fn subscribe(
        &self,
        pattern: &str,
        overflow: Overflow,
    ) -> Result<Subscriber<T>, ConfigError> {
        let pattern = Pattern::new(pattern)?;
        let tap = Tap::new(&self.hub.fanout, overflow)?;
        let mut table = lock(&self.hub.table);
        table.patterns.insert(&pattern, tap.key());
        let retained =
            table.retained.values().rev().filter(|message| pattern.matches(message.topic()));
        let retained = retained.cloned().collect();
        self.hub.changes.fetch_add(1, Ordering::Release);
        drop(table);
        Ok(Subscriber { tap, hub: Arc::clone(&self.hub), pattern, retained })
    }

    /// Publishes `value` to all who subscribe to `topic`, once there is room with each of those
    /// whose overflow is [`Overflow::Block`]; then all have it at once.
    ///
    /// # Errors
    ///
    /// [`PublishError::Closed`] with the value.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, it has not been published to anybody, and its place in the line of
    /// those who wait for room is given up.
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio::event::{PublishError, Topics};
    /// use mtaio::queue::Overflow;
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let topics = Topics::new();
    /// let all = topics.subscribe("#", Overflow::Block(1))?;
    /// let newest = topics.subscribe("price.*", Overflow::Latest)?;
    ///
    /// let delivery = topics.publish("price.eur", 1.07).await?;
    /// assert_eq!((delivery.taken, delivery.dropped), (2, 0));
    /// // The first has no room for another, and does not want to miss it.
    /// assert_eq!(topics.try_publish("price.eur", 1.08), Err(PublishError::Full(1.08)));
    /// drop(all);
    /// let delivery = topics.publish("price.eur", 1.08).await?;
    /// assert_eq!((delivery.taken, delivery.dropped), (0, 1));
    /// assert_eq!(newest.stats().missed, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn publish(
        &self,
        topic: impl Into<Cow<'static, str>>,
        value: T,
    ) -> Result<Delivery, PublishError<T>> {
        let topic = Name::from(topic.into());
        let keys = self.hub.find(topic.as_str());
        self.hub.publish(&keys, Message { topic, value }).await
    }

    /// As [`publish`](Self::publish), without waiting.
    ///
    /// # Errors
    ///
    /// [`PublishError::Full`] where `publish` waits; [`PublishError::Closed`]. Both hold the value.
    pub fn try_publish(
        &self,
        topic: impl Into<Cow<'static, str>>,
        value: T,
    ) -> Result<Delivery, PublishError<T>> {
        let topic = Name::from(topic.into());
        let keys = self.hub.find(topic.as_str());
        self.hub.try_publish(&keys, Message { topic, value })
    }

    /// As [`publish`](Self::publish), and keeps the value, in place of the last one that was kept
    /// of its topic, for those who subscribe later. (It is kept from the first poll on, also if the
    /// future is dropped while it waits for room.)
    ///
    /// # Errors
    ///
    /// [`PublishError::Closed`], or [`PublishError::Retained`] if as many topics retain a value as
    /// [may](Self::retaining). Both hold the value.
    ///
    /// # Cancel safety
    ///
    /// That of [`publish`](Self::publish), but for what is kept.
    pub async fn publish_retained(
        &self,
        topic: impl Into<Cow<'static, str>>,
        value: T,
    ) -> Result<Delivery, PublishError<T>> {
        let message = Message { topic: Name::from(topic.into()), value };
        if self.hub.fanout.is_closed() {
            return Err(PublishError::Closed(message.value));
        }
        let Some(keys) = self.hub.retain(&message) else {
            return Err(PublishError::Retained(message.value));
        };
        self.hub.publish(&keys, message).await
    }

    /// Retains nothing of `topic` any more; answers what was.
    pub fn forget_retained(&self, topic: &str) -> Option<T> {
        let kept = lock(&self.hub.table).retained.remove(topic)?;
        Some(Arc::try_unwrap(kept).map_or_else(|kept| kept.value.clone(), |kept| kept.value))
    }

    /// Publishes many values to a topic, in order: at once where there is room for all of them,
    /// and else one after the other.
    ///
    /// # Errors
    ///
    /// [`PublishError::Closed`] with those that were not published.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, the first of them have been published, each to all, or none has.
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio::event::Topics;
    /// use mtaio::queue::Overflow;
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let topics = Topics::new();
    /// let mut readings = topics.subscribe("sensor.*", Overflow::DropOldest(3))?;
    /// let delivery = topics.publish_batch("sensor.door", vec![1, 2, 3, 4, 5]).await?;
    /// assert_eq!((delivery.taken, delivery.dropped), (0, 1), "it lacks some of it");
    /// assert_eq!((readings.stats().missed, *readings.recv().await.unwrap()), (2, 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn publish_batch(
        &self,
        topic: impl Into<Cow<'static, str>>,
        values: Vec<T>,
    ) -> Result<Delivery, PublishError<Vec<T>>> {
        let topic = Name::from(topic.into());
        let keys = self.hub.find(topic.as_str());
        let message = |value| Message { topic: topic.clone(), value };
        let all: Vec<_> = values.into_iter().map(message).collect();
        let all = match self.hub.fanout.try_publish(To::Only(&keys), all) {
            Ok(published) => return Ok(published.into()),
            Err(all) => all,
        };
        let (mut sum, mut rest) = (None::<Delivery>, all.into_iter());
        while let Some(message) = rest.next() {
            match self.hub.publish(&keys, message).await {
                Ok(delivery) => sum.get_or_insert(delivery).worst(delivery),
                Err(error) => {
                    let unpublished = std::iter::once(error.into_inner());
                    let rest = unpublished.chain(rest.map(|message| message.value));
                    return Err(PublishError::Closed(rest.collect()));
                }
            }
        }
        Ok(sum.unwrap_or_default())
    }

    /// A topic to publish to again and again: it knows who subscribes, and looks only when somebody
    /// has come or gone.
    pub fn topic(&self, name: impl Into<Cow<'static, str>>) -> Topic<T> {
        let (name, keys) = (Name::from(name.into()), Vec::new());
        Topic { hub: Arc::clone(&self.hub), name, keys, as_of: None }
    }

    /// Ends it: nothing is published any more, also not by those who wait for room, and who
    /// subscribes gets what is there, and then nothing.
    pub fn close(&self) {
        self.hub.fanout.close();
    }

    /// What they look like now.
    pub fn stats(&self) -> TopicsStats {
        let retained = lock(&self.hub.table).retained.len();
        let (subscribers, published) = (self.hub.fanout.len(), self.hub.fanout.published());
        TopicsStats { subscribers, retained, published }
    }
}

impl<T: Clone> Hub<T> {
    fn find(&self, topic: &str) -> Vec<TapKey> {
        lock(&self.table).find(topic)
    }

    /// Retains a message, and finds whom it is for; none where no more may be retained.
    fn retain(&self, message: &Message<T>) -> Option<Vec<TapKey>> {
        let (name, kept) = (Arc::<str>::from(message.topic()), Arc::new(message.clone()));
        let mut table = lock(&self.table);
        if !table.retained.contains_key(&name) && table.retained.len() >= self.most_retained {
            return None;
        }
        let before = table.retained.insert(name, kept);
        let keys = table.find(message.topic());
        drop(table);
        // Foreign code, as `kept` is where it returns above: that one goes after the lock, too.
        drop(before);
        Some(keys)
    }

    async fn publish(
        &self,
        keys: &[TapKey],
        message: Message<T>,
    ) -> Result<Delivery, PublishError<T>> {
        match self.publish_now(keys, message) {
            Ok(delivery) => Ok(delivery),
            Err(message) => self.publish_once_there_is_room(keys, message).await,
        }
    }

    /// Boxed, so that what waits makes no room for itself where nothing waits.
    fn publish_once_there_is_room<'a>(
        &'a self,
        keys: &'a [TapKey],
        message: Message<T>,
    ) -> Pin<Box<impl Future<Output = Result<Delivery, PublishError<T>>>>> {
        Box::pin(async move {
            let published = self.fanout.publish(To::Only(keys), message).await;
            published.map(Into::into).map_err(|message| PublishError::Closed(message.value))
        })
    }

    fn try_publish(
        &self,
        keys: &[TapKey],
        message: Message<T>,
    ) -> Result<Delivery, PublishError<T>> {
        self.publish_now(keys, message).map_err(|message| match self.fanout.is_closed() {
            true => PublishError::Closed(message.value),
            false => PublishError::Full(message.value),
        })
    }

    #[inline]
    fn publish_now(&self, keys: &[TapKey], message: Message<T>) -> Result<Delivery, Message<T>> {
        let published = match keys {
            [key] => self.fanout.try_publish_to(*key, message)?,
            keys => {
                let published = self.fanout.try_publish(To::Only(keys), Single(message));
                published.map_err(|Single(message)| message)?
            }
        };
        Ok(published.into())
    }
}

impl<T> Table<T> {
    fn find(&self, topic: &str) -> Vec<TapKey> {
        let mut keys = Vec::new();
        self.patterns.find(topic, &mut |key| keys.push(*key));
        keys
    }
}

impl<T: Clone + Send + Sync + 'static> Default for Topics<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Topics<T> {
    fn clone(&self) -> Self {
        Self { hub: Arc::clone(&self.hub) }
    }
}

impl<T> fmt::Debug for Topics<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subscribers = self.hub.fanout.len();
        f.debug_struct("Topics").field("subscribers", &subscribers).finish_non_exhaustive()
    }
}
