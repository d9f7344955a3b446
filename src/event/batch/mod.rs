use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::{Runtime, TaskName};

use self::worker::{Shared, Worker, listen};
use super::any_event::Ev;
use super::handler::Handler;
use super::listener::{Listener, ListenerId, Priority};
use super::view::View;
use crate::config::{ConfigError, check_period};
use crate::queue::{Latch, Overflow, Queue};

mod worker;

/// The events of a view, many at once: see [`View::batch`].
#[must_use = "nothing is batched until `on`"]
pub struct Batched<T> {
    view: View<T>,
    size: usize,
    within: Option<Duration>,
    buffer: Option<Overflow>,
    priority: Priority,
}

impl<T: Send + Sync + 'static> View<T> {
    /// The events, `size` at a time: handed to one handler by a task of its own, while emits go on.
    ///
    /// An emit puts its event into a buffer, and waits only where that is full. The handler is
    /// called with one batch at a time, in the order of the emits, when there are `size` events, or
    /// when the oldest of them has waited [as long as it may](Batched::within). What is left when
    /// the listening ends, or the emitter is gone, is the last batch.
    ///
    /// A batch whose handler fails or panics is told to the hook
    /// [`on_error`](super::EmitterBuilder::on_error), with its first event, and counted; the next
    /// batch comes all the same. In the report of an emit stands that its event was taken in.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use mtaio::event::{Ev, Event, EventEmitter};
    ///
    /// struct Order {
    ///     amount: u32,
    /// }
    ///
    /// impl Event for Order {
    ///     const NAME: &'static str = "order";
    /// }
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let emitter = EventEmitter::new();
    /// let booking = emitter.of::<Order>().batch(100).within(Duration::from_millis(50)).on(
    ///     &rt,
    ///     async |orders: &[Ev<Order>]| {
    ///         let sum: u32 = orders.iter().map(|order| order.amount).sum();
    ///         println!("{} orders of {sum} in all", orders.len());
    ///     },
    /// )?;
    /// for amount in 0..250 {
    ///     emitter.emit(Order { amount }).await;
    /// }
    /// let stats = booking.shutdown().await;
    /// assert_eq!((stats.batches, stats.events), (3, 250));
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn batch(&self, size: usize) -> Batched<T> {
        let (view, priority) = (self.clone(), Priority::NORMAL);
        Batched { view, size, within: None, buffer: None, priority }
    }
}

impl<T: Send + Sync + 'static> Batched<T> {
    /// A batch goes on this long after its oldest event was emitted, also when it is smaller, but
    /// not before the one before it is done. Unless said, it waits until it is full.
    pub const fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    /// How many events may wait beside the batch that is being made or handled, and what becomes
    /// of the next one: unless said, as many as a batch has, and an emit waits for room
    /// ([`Overflow::Block`]).
    ///
    /// A handler that emits what comes back to itself waits for room that its own end would make:
    /// give it a buffer that does not block.
    pub const fn buffer(mut self, overflow: Overflow) -> Self {
        self.buffer = Some(overflow);
        self
    }

    /// When an event is taken in, among all who listen for it.
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Calls `handler` with every batch, by a task of the runtime, until
    /// [`off`](BatchListener::off).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the size or the buffer is 0, or the time zero or more than 100 years.
    pub fn on<R, H>(self, rt: &R, handler: H) -> Result<BatchListener, ConfigError>
    where
        R: Runtime,
        H: for<'a> Handler<'a, [Ev<T>]>,
    {
        if self.size == 0 {
            return Err(ConfigError::new("size", "0", "1 or more"));
        }
        self.within.map_or(Ok(()), |within| check_period("within", within))?;
        let buffer = self.buffer.unwrap_or(Overflow::Block(self.size));
        buffer.check("buffer")?;
        let queue = Queue::new(buffer)?;
        let shared = Arc::new(Shared::new(queue));
        let listener = listen(&self.view.place, self.priority, rt, self.within, &shared);
        let (hooks, id) = (self.view.place.root().hooks.clone(), listener.id());
        let worker = Worker::new(rt, &shared, self.size, self.within, handler, hooks, id);
        rt.spawn_detached(TaskName::new("event batches"), worker.run());
        Ok(BatchListener { listener, batches: shared })
    }
}

impl<T> fmt::Debug for Batched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, within) = (self.size, self.within);
        f.debug_struct("Batched").field("size", &size).field("within", &within).finish()
    }
}

/// One who listens for batches until [`off`](Self::off). Dropping this changes nothing.
#[derive(Clone)]
pub struct BatchListener {
    listener: Listener,
    batches: Arc<dyn Batches>,
}

impl BatchListener {
    /// Takes it out, at once; whether it was there. What has been taken in is handed over; of an
    /// emit that waits for room at this moment the report has a failure. It waits as
    /// [`Listener::off`] does, and not for the handler, which may call it itself.
    ///
    /// # Cancel safety
    ///
    /// It is taken out by the call. If the future is dropped, the last batch comes when no emit has
    /// to do with it any more.
    pub fn off(&self) -> impl Future<Output = bool> + Send + use<> {
        let (off, batches) = (self.listener.off(), Arc::clone(&self.batches));
        async move {
            let was_there = off.await;
            batches.close();
            was_there
        }
    }

    /// As [`off`](Self::off), and waits until the last batch has been handled. (So its handler must
    /// not wait for it.)
    ///
    /// # Cancel safety
    ///
    /// That of [`off`](Self::off).
    pub fn shutdown(&self) -> impl Future<Output = BatchStats> + Send + use<> {
        let (off, batches) = (self.off(), Arc::clone(&self.batches));
        async move {
            off.await;
            batches.ended().wait().await;
            batches.stats()
        }
    }

    /// What reports and failures call it.
    pub const fn id(&self) -> ListenerId {
        self.listener.id()
    }

    /// Whether it listens still.
    pub fn is_listening(&self) -> bool {
        self.listener.is_listening()
    }

    /// What it looks like now.
    pub fn stats(&self) -> BatchStats {
        self.batches.stats()
    }
}

impl fmt::Debug for BatchListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchListener").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// A listener for batches at one moment; the counts are from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchStats {
    /// Events in the buffer.
    pub waiting: usize,
    /// Events that there was no room for in the buffer.
    pub dropped: u64,
    /// Batches that were handled, to the end.
    pub batches: u64,
    /// The events in them.
    pub events: u64,
    /// Batches among them whose handler failed or panicked.
    pub failed: u64,
}

/// What a listener does with its batches, whatever they are of.
trait Batches: Send + Sync {
    fn close(&self);
    fn ended(&self) -> &Latch;
    fn stats(&self) -> BatchStats;
}
