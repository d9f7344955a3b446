use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::Stream;

use super::error::{Closed, PutError, TaskDoneError, TryGetError};
use super::exchange::Exchange;
use super::items::Items;
use super::overflow::{WhenFull, check_capacity};
use super::stats::QueueStats;
use super::store::Store;
use crate::config::ConfigError;

/// A queue between tasks where the item that was put last is got first: a stack that can be waited
/// for.
///
/// All else is as with a [`Queue`](super::Queue): who waits, what a dropped future loses, and what
/// closing means. Those who wait are served in the order of coming.
///
/// # Examples
///
/// ```
/// use mtaio::queue::LifoQueue;
///
/// # mtaio_sim::Sim::run(0, |_rt| async move {
/// let idle = LifoQueue::unbounded();
/// for connection in ["first", "second", "third"] {
///     idle.put(connection).await?;
/// }
/// // The one that was used last is the least likely to have gone stale.
/// assert_eq!(idle.get().await, Ok("third"));
/// assert_eq!(idle.get_batch(10).await.unwrap(), ["second", "first"]);
/// # Ok::<(), mtaio::queue::PutError<&str>>(())
/// # }).unwrap();
/// ```
pub struct LifoQueue<T> {
    exchange: Exchange<Stack<T>>,
}

/// Last in, first out.
struct Stack<T>(Vec<T>);

impl<T> LifoQueue<T> {
    /// A queue with room for `capacity` items: a put into a full one waits.
    ///
    /// The memory for them is taken as they come.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `capacity` is 0.
    pub fn bounded(capacity: usize) -> Result<Self, ConfigError> {
        check_capacity(capacity)?;
        Ok(Self::with_capacity(capacity))
    }

    /// A queue with room for any number of items: a put never waits.
    pub const fn unbounded() -> Self {
        Self::with_capacity(usize::MAX)
    }

    const fn with_capacity(capacity: usize) -> Self {
        Self { exchange: Exchange::new(Stack(Vec::new()), capacity, WhenFull::Wait) }
    }

    /// Puts `item` on top. Where there is no room it waits, in the order of coming.
    ///
    /// # Errors
    ///
    /// [`PutError::Closed`], with the item in it, if the queue is closed, before or while it
    /// waits.
    ///
    /// # Cancel safety
    ///
    /// An item whose put was dropped before it was done has not been put, and won't be; it is
    /// dropped with the future. The place in the line is given up.
    #[inline]
    pub fn put(&self, item: T) -> impl Future<Output = Result<(), PutError<T>>> + Unpin {
        self.exchange.put(item).without_dropped()
    }

    /// As [`put`](Self::put), without waiting.
    ///
    /// # Errors
    ///
    /// [`PutError::Full`] where `put` waits, and [`PutError::Closed`] if the queue is closed. Both
    /// hold the item.
    #[inline]
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        self.exchange.try_put(item)?;
        Ok(())
    }

    /// Takes the item that was put last; waits for one, in the order of coming.
    ///
    /// Which one it is is seen when it is taken, not when the one who waits is woken.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the queue is closed and nothing is left in it.
    ///
    /// # Cancel safety
    ///
    /// An item is taken only when the future is done: dropping it before loses none. The place in
    /// the line is given up.
    #[inline]
    pub fn get(&self) -> impl Future<Output = Result<T, Closed>> + Unpin {
        self.exchange.get()
    }

    /// As [`get`](Self::get), without waiting.
    ///
    /// # Errors
    ///
    /// [`TryGetError::Empty`] where `get` waits, and [`TryGetError::Closed`] if the queue is closed
    /// and nothing is left.
    #[inline]
    pub fn try_get(&self) -> Result<T, TryGetError> {
        self.exchange.try_get()
    }

    /// Takes as many items as there are, up to `max`, the last first: waits for the first, as
    /// [`get`](Self::get) does, and for no other.
    ///
    /// With a `max` of 0 it doesn't wait, and takes none.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the queue is closed and nothing is left in it.
    ///
    /// # Cancel safety
    ///
    /// As of [`get`](Self::get): items are taken only when the future is done.
    pub async fn get_batch(&self, max: usize) -> Result<Vec<T>, Closed> {
        let mut batch = Vec::new();
        self.exchange.get_batch(&mut batch, max).await?;
        Ok(batch)
    }

    /// As [`get_batch`](Self::get_batch), with the items added to `batch`, whose memory serves
    /// again and again. Answers how many they are.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the queue is closed and nothing is left in it.
    ///
    /// # Cancel safety
    ///
    /// As of [`get`](Self::get): items are taken only when the future is done.
    pub async fn get_batch_into(&self, batch: &mut Vec<T>, max: usize) -> Result<usize, Closed> {
        self.exchange.get_batch(batch, max).await
    }

    /// Takes as many items as there are, up to `max`, without waiting: none if there are none.
    pub fn try_get_batch(&self, max: usize) -> Vec<T> {
        let mut batch = Vec::new();
        self.exchange.try_get_batch(&mut batch, max);
        batch
    }

    /// The items as a stream, which ends when the queue is closed and nothing is left in it.
    ///
    /// Each item is taken as by [`get`](Self::get), and dropping the stream loses none.
    pub fn stream(&self) -> impl Stream<Item = T> + Unpin {
        Items::new(self, |queue| &queue.exchange)
    }

    /// As [`stream`](Self::stream), as an owner of the queue.
    pub fn into_stream(self: Arc<Self>) -> impl Stream<Item = T> + Unpin {
        Items::new(self, |queue| &queue.exchange)
    }

    /// Reports that an item which was taken is done, for those who [`join`](Self::join).
    ///
    /// # Errors
    ///
    /// [`TaskDoneError`] if it has been called for all that were taken.
    pub fn task_done(&self) -> Result<(), TaskDoneError> {
        self.exchange.task_done()
    }

    /// Waits until every item that was put has been taken and [reported done](Self::task_done);
    /// ready at once if that is so. See [`Queue::join`](super::Queue::join).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn join(&self) -> impl Future<Output = ()> + Unpin {
        self.exchange.join()
    }

    /// Closes the queue: no item is put into it any more, and whoever waits for room gets the item
    /// back. What is in it can still be got, by who comes first. Again does nothing.
    pub fn close(&self) {
        self.exchange.close();
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.exchange.is_closed()
    }

    /// How many items are in it.
    pub fn len(&self) -> usize {
        self.exchange.len()
    }

    /// Whether no item is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room, or only such as is promised to puts that wait.
    pub fn is_full(&self) -> bool {
        self.exchange.is_full()
    }

    /// How many items there is room for; none if for any number.
    pub fn capacity(&self) -> Option<usize> {
        self.exchange.capacity()
    }

    /// What it looks like now, at the cost of one lock.
    pub fn stats(&self) -> QueueStats {
        self.exchange.stats()
    }
}

impl<T> fmt::Debug for LifoQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exchange.fmt_as("LifoQueue", f)
    }
}

impl<T> Store for Stack<T> {
    type Item = T;

    #[inline]
    fn push(&mut self, item: T) {
        self.0.push(item);
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }
}
