use std::cmp::Ordering;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::Stream;

use super::error::{Closed, PutError, TaskDoneError, TryGetError};
use super::exchange::Exchange;
use super::heap::Heap;
use super::items::Items;
use super::overflow::{WhenFull, check_capacity};
use super::stats::QueueStats;
use super::store::Store;
use crate::config::ConfigError;

/// A queue between tasks where the item of the greatest priority is got first, and of several with
/// the same priority the one that was put first.
///
/// The greatest comes first as in [`BinaryHeap`](std::collections::BinaryHeap), and as in `High > Low`. For the least first, as
/// with deadlines, put with [`Reverse(priority)`](std::cmp::Reverse).
///
/// All else is as with a [`Queue`](super::Queue): who waits, what a dropped future loses, and what
/// closing means. Priorities order the items, not those who wait: a put that waits for room gets
/// it in the order of coming.
///
/// # Examples
///
/// ```
/// use mtaio::queue::PriorityQueue;
///
/// #[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
/// enum Urgency { Low, High }
///
/// # mtaio_sim::Sim::run(0, |_rt| async move {
/// let queue = PriorityQueue::unbounded();
/// queue.put(Urgency::Low, "sweep").await?;
/// queue.put(Urgency::High, "put out the fire").await?;
/// queue.put(Urgency::High, "call for help").await?;
///
/// assert_eq!(queue.get().await, Ok((Urgency::High, "put out the fire")));
/// assert_eq!(queue.get().await, Ok((Urgency::High, "call for help")));
/// assert_eq!(queue.get().await, Ok((Urgency::Low, "sweep")));
/// # Ok::<(), mtaio::queue::PutError<(Urgency, &str)>>(())
/// # }).unwrap();
/// ```
///
/// # Panics
///
/// Priorities are compared inside of the queue, under its lock: an [`Ord`] that calls the queue
/// waits for itself, or panics. One that panics leaves every item in the queue, also the one that
/// was being put, but for those that a batch had taken already; it can cost the order of some, and
/// the wake of one who waits for the item that was put, or for the room of those taken.
pub struct PriorityQueue<P, T> {
    exchange: Exchange<Ranks<P, T>>,
}

/// The greatest first, and of equal ones the first.
struct Ranks<P, T> {
    entries: Heap<Entry<P, T>>,
    /// Counts down, so that what came earlier is greater.
    next: u64,
}

struct Entry<P, T> {
    priority: P,
    order: u64,
    item: T,
}

impl<P: Ord, T> PriorityQueue<P, T> {
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
        let ranks = Ranks { entries: Heap::new(), next: u64::MAX };
        Self { exchange: Exchange::new(ranks, capacity, WhenFull::Wait) }
    }

    /// Puts `item` into the queue, before those of a lesser priority. Where there is no room it
    /// waits, in the order of coming.
    ///
    /// # Errors
    ///
    /// [`PutError::Closed`], with what was put in it, if the queue is closed, before or while it
    /// waits.
    ///
    /// # Cancel safety
    ///
    /// An item whose put was dropped before it was done has not been put, and won't be; it is
    /// dropped with the future. The place in the line is given up.
    #[inline]
    pub fn put(
        &self,
        priority: P,
        item: T,
    ) -> impl Future<Output = Result<(), PutError<(P, T)>>> + Unpin {
        self.exchange.put((priority, item)).without_dropped()
    }

    /// As [`put`](Self::put), without waiting.
    ///
    /// # Errors
    ///
    /// [`PutError::Full`] where `put` waits, and [`PutError::Closed`] if the queue is closed, with
    /// what was put in them.
    #[inline]
    pub fn try_put(&self, priority: P, item: T) -> Result<(), PutError<(P, T)>> {
        self.exchange.try_put((priority, item))?;
        Ok(())
    }

    /// Takes the item of the greatest priority, and tells that; waits for one, in the order of
    /// coming.
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
    pub fn get(&self) -> impl Future<Output = Result<(P, T), Closed>> + Unpin {
        self.exchange.get()
    }

    /// As [`get`](Self::get), without waiting.
    ///
    /// # Errors
    ///
    /// [`TryGetError::Empty`] where `get` waits, and [`TryGetError::Closed`] if the queue is closed
    /// and nothing is left.
    #[inline]
    pub fn try_get(&self) -> Result<(P, T), TryGetError> {
        self.exchange.try_get()
    }

    /// Takes as many items as there are, up to `max`, the greatest first: waits for the first, as
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
    pub async fn get_batch(&self, max: usize) -> Result<Vec<(P, T)>, Closed> {
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
    pub async fn get_batch_into(
        &self,
        batch: &mut Vec<(P, T)>,
        max: usize,
    ) -> Result<usize, Closed> {
        self.exchange.get_batch(batch, max).await
    }

    /// Takes as many items as there are, up to `max`, without waiting: none if there are none.
    pub fn try_get_batch(&self, max: usize) -> Vec<(P, T)> {
        let mut batch = Vec::new();
        self.exchange.try_get_batch(&mut batch, max);
        batch
    }

    /// The items as a stream, which ends when the queue is closed and nothing is left in it.
    ///
    /// Each item is taken as by [`get`](Self::get), and dropping the stream loses none.
    pub fn stream(&self) -> impl Stream<Item = (P, T)> + Unpin {
        Items::new(self, |queue| &queue.exchange)
    }

    /// As [`stream`](Self::stream), as an owner of the queue.
    pub fn into_stream(self: Arc<Self>) -> impl Stream<Item = (P, T)> + Unpin {
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

impl<P: Ord, T> fmt::Debug for PriorityQueue<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exchange.fmt_as("PriorityQueue", f)
    }
}

impl<P: Ord, T> Store for Ranks<P, T> {
    type Item = (P, T);

    #[inline]
    fn push(&mut self, (priority, item): (P, T)) {
        self.entries.push(Entry { priority, order: self.next, item });
        self.next -= 1;
    }

    #[inline]
    fn pop(&mut self) -> Option<(P, T)> {
        self.entries.pop().map(|entry| (entry.priority, entry.item))
    }

    #[inline]
    fn len(&self) -> usize {
        self.entries.len()
    }
}

impl<P: Ord, T> PartialOrd for Entry<P, T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let by_priority = self.priority.cmp(&other.priority);
        Some(by_priority.then_with(|| self.order.cmp(&other.order)))
    }

    /// What the heap asks. Which of two is less can't be predicted, so that needs no branch where
    /// comparing priorities needs none; whether they are the same mostly can, and is asked first.
    #[inline]
    fn le(&self, other: &Self) -> bool {
        if self.priority == other.priority {
            seldom();
            self.order <= other.order
        } else {
            self.priority < other.priority
        }
    }
}

/// Tells the compiler to keep the branch in which it is called, instead of computing both.
#[cold]
#[inline(always)]
const fn seldom() {}

impl<P: Ord, T> PartialEq for Entry<P, T> {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
