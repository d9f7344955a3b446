use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::Stream;

use super::error::{Closed, PutError, TaskDoneError, TryGetError};
use super::exchange::Exchange;
use super::items::Items;
use super::overflow::{Overflow, WhenFull, check_capacity};
use super::stats::QueueStats;
use super::store::Store;
use crate::config::ConfigError;

/// A queue between tasks: what is put first is got first.
///
/// Its methods take `&self`: share it by reference, in an [`Arc`], or as a `static`. It is open
/// until it is [closed](Self::close); what is in it then can still be got.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use mtaio::RuntimeExt;
/// use mtaio::queue::Queue;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let queue = Arc::new(Queue::bounded(2)?);
/// let producer = rt.spawn({
///     let queue = Arc::clone(&queue);
///     async move {
///         for number in 1..=5 {
///             queue.put(number).await?; // Waits while there are two in it.
///         }
///         queue.close();
///         Ok::<(), mtaio::queue::PutError<u32>>(())
///     }
/// });
///
/// let mut sum = 0;
/// while let Ok(number) = queue.get().await {
///     sum += number;
/// }
/// assert_eq!(sum, 15);
/// assert!(matches!(producer.await, Ok(Ok(()))));
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
///
/// ## Until all is done
///
/// ```
/// use mtaio::RuntimeExt;
/// use mtaio::queue::{Closed, Queue};
///
/// static JOBS: Queue<&str> = Queue::unbounded();
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let workers = [1, 2].map(|_| {
///     rt.spawn(async {
///         while let Ok(_job) = JOBS.get().await {
///             // Work on it, then:
///             JOBS.task_done().expect("it was taken above");
///         }
///     })
/// });
/// for job in ["wash", "rinse", "dry"] {
///     JOBS.put(job).await.expect("it is open");
/// }
/// JOBS.join().await;
/// assert_eq!((JOBS.len(), JOBS.stats().in_work), (0, 0));
/// # JOBS.close();
/// # for worker in workers { worker.await.unwrap(); }
/// # });
/// ```
pub struct Queue<T> {
    exchange: Exchange<Fifo<T>>,
}

/// First in, first out.
struct Fifo<T>(VecDeque<T>);

impl<T> Queue<T> {
    /// A queue with room for `capacity` items: a put into a full one waits.
    ///
    /// The memory for them is taken as they come.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `capacity` is 0.
    pub fn bounded(capacity: usize) -> Result<Self, ConfigError> {
        check_capacity(capacity)?;
        Ok(Self::with_capacity(capacity, WhenFull::Wait))
    }

    /// A queue with room for any number of items: a put never waits.
    pub const fn unbounded() -> Self {
        Self::with_capacity(usize::MAX, WhenFull::Wait)
    }

    /// A bounded queue, with another way out than waiting when it is full.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the capacity in `overflow` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio::queue::{Overflow, PutError, Queue};
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let strict = Queue::new(Overflow::Error(1))?;
    /// assert_eq!(strict.put('a').await, Ok(None));
    /// assert_eq!(strict.put('b').await, Err(PutError::Full('b')));
    ///
    /// let recent = Queue::new(Overflow::DropOldest(1))?;
    /// assert_eq!(recent.put('a').await, Ok(None));
    /// assert_eq!(recent.put('b').await, Ok(Some('a'))); // What it was dropped for is in it.
    /// assert_eq!(recent.dropped(), 1);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn new(overflow: Overflow) -> Result<Self, ConfigError> {
        overflow.check("overflow")?;
        Ok(Self::with_capacity(overflow.capacity(), overflow.when_full()))
    }

    const fn with_capacity(capacity: usize, when_full: WhenFull) -> Self {
        Self { exchange: Exchange::new(Fifo(VecDeque::new()), capacity, when_full) }
    }

    /// Puts `item` into the queue, at its end. Where that makes it wait, it waits in the order of
    /// coming.
    ///
    /// The answer is the item that had to go for it, where the queue's [`Overflow`] is one that
    /// drops: the oldest, or `item` itself. In a queue that waits it is always none.
    ///
    /// # Errors
    ///
    /// [`PutError::Closed`] if the queue is closed, before or while it waits; [`PutError::Full`]
    /// if its overflow is [`Overflow::Error`] and there is no room. Both hold the item.
    ///
    /// # Cancel safety
    ///
    /// An item whose put was dropped before it was done has not been put, and won't be; it is
    /// dropped with the future. The place in the line is given up, and room that was promised to
    /// it is the next one's.
    #[inline]
    pub fn put(&self, item: T) -> impl Future<Output = Result<Option<T>, PutError<T>>> + Unpin {
        self.exchange.put(item)
    }

    /// As [`put`](Self::put), without waiting.
    ///
    /// # Errors
    ///
    /// [`PutError::Full`] where `put` waits: when there is no room, or only such as was promised
    /// to a put that waits. [`PutError::Closed`] if the queue is closed. Both hold the item.
    #[inline]
    pub fn try_put(&self, item: T) -> Result<Option<T>, PutError<T>> {
        self.exchange.try_put(item)
    }

    /// Takes the item at the front; waits for one, in the order of coming.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the queue is closed and nothing is left in it.
    ///
    /// # Cancel safety
    ///
    /// An item is taken only when the future is done: dropping it before loses none, also after it
    /// was woken for one. The place in the line is given up.
    #[inline]
    pub fn get(&self) -> impl Future<Output = Result<T, Closed>> + Unpin {
        self.exchange.get()
    }

    /// As [`get`](Self::get), without waiting.
    ///
    /// # Errors
    ///
    /// [`TryGetError::Empty`] where `get` waits: when there is no item, or only such as those who
    /// wait have a claim to. [`TryGetError::Closed`] if the queue is closed and nothing is left.
    #[inline]
    pub fn try_get(&self) -> Result<T, TryGetError> {
        self.exchange.try_get()
    }

    /// Takes as many items as there are, up to `max`: waits for the first, as [`get`](Self::get)
    /// does, and for no other.
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
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio::queue::Queue;
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let queue = Queue::unbounded();
    /// for number in 1..=5 {
    ///     queue.put(number).await.unwrap();
    /// }
    /// assert_eq!(queue.get_batch(3).await.unwrap(), [1, 2, 3]);
    /// assert_eq!(queue.get_batch(3).await.unwrap(), [4, 5]);
    /// # });
    /// ```
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
    /// ready at once if that is so.
    ///
    /// One moment at which it is so is enough, even if more has been put before the one who waits
    /// gets to know. An item that was dropped by an [`Overflow`], or refused, is not waited for.
    /// Closing the queue changes nothing: what is left in it has still to be taken and done.
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

    /// How many items were dropped because there was no room.
    pub fn dropped(&self) -> u64 {
        self.stats().dropped
    }

    /// What it looks like now, at the cost of one lock.
    pub fn stats(&self) -> QueueStats {
        self.exchange.stats()
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exchange.fmt_as("Queue", f)
    }
}

impl<T> Store for Fifo<T> {
    type Item = T;

    #[inline]
    fn push(&mut self, item: T) {
        self.0.push_back(item);
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    fn pop_many(&mut self, count: usize, batch: &mut Vec<T>) {
        batch.extend(self.0.drain(..count));
    }

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }
}
