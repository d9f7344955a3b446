use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures_util::Stream;

use crate::config::ConfigError;
use crate::contain::contain;
use crate::queue::{Fanout, Overflow, Tap, To, lock};

/// One of the streams of [`StreamExt::broadcast`](super::StreamExt::broadcast), each of which gets
/// every item.
///
/// There is no task behind them: whoever finds nothing to read reads the source for all.
///
/// # Panics
///
/// If the source panics, so does the one who reads it; the others end after what came before.
///
/// # Cancel safety
///
/// Dropping a future that waits for the next item loses nothing.
#[must_use = "one that is not read may hold up the others: drop it"]
pub struct Broadcast<S: Stream> {
    tap: Tap<S::Item>,
    shared: Arc<Shared<S>>,
}

/// One of the streams of a broadcast at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BroadcastStats {
    /// The items that wait to be taken.
    pub waiting: usize,
    /// The items that were dropped because there was no room.
    pub missed: u64,
}

struct Shared<S: Stream> {
    fanout: Arc<Fanout<S::Item>>,
    /// None while somebody reads it, and after its end.
    source: Mutex<Option<Pin<Box<S>>>>,
    /// Wakes all who wait for an item, of whom the first to come reads the source.
    waker: Waker,
    /// Whether who had the source found no room for what it has.
    is_stuck: AtomicBool,
}

/// So many items are read from a source that is always ready before they are handed out.
const BURST: usize = 64;

impl<S: Stream<Item: Clone + Send + 'static>> Broadcast<S> {
    pub(super) fn all(
        source: S,
        copies: usize,
        overflow: Overflow,
    ) -> Result<Vec<Self>, ConfigError> {
        if copies == 0 {
            return Err(ConfigError::new("copies", "0", "1 or more"));
        }
        if let Overflow::Error(_) = overflow {
            let allowed = "one that waits or drops: nobody is there to be told";
            return Err(ConfigError::new("overflow", format!("{overflow:?}"), allowed));
        }
        let fanout = Arc::new(Fanout::new());
        let waker = Waker::from(Arc::clone(&fanout));
        let source = Mutex::new(Some(Box::pin(source)));
        let is_stuck = AtomicBool::new(false);
        let shared = Arc::new(Shared { fanout, source, waker, is_stuck });
        let copy = |_| {
            let tap = Tap::new(&shared.fanout, overflow)?;
            Ok(Self { tap, shared: Arc::clone(&shared) })
        };
        (0..copies).map(copy).collect()
    }
}

impl<S: Stream> Broadcast<S> {
    /// What it looks like now, at the cost of one lock.
    pub fn stats(&self) -> BroadcastStats {
        let stats = self.tap.stats();
        BroadcastStats { waiting: stats.waiting, missed: stats.missed }
    }
}

impl<S: Stream<Item: Clone>> Stream for Broadcast<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        loop {
            let has_burst = this.tap.has_burst();
            if let Poll::Ready(item) = this.tap.poll_next(cx) {
                if !has_burst {
                    this.shared.tell_of_room();
                }
                return Poll::Ready(item);
            }
            // From here on it is woken with all others.
            if !this.shared.read() {
                return Poll::Pending;
            }
        }
    }
}

impl<S: Stream<Item: Clone>> Shared<S> {
    /// Reads from the source what is there, for all; whether there was something, or the end.
    fn read(&self) -> bool {
        let Some(source) = lock(&self.source).take() else { return self.fanout.is_closed() };
        let mut reading = Reading { shared: self, source: Some(source) };
        // Only now: another may have filled the room until the source was free. And the mark comes
        // before the look, so that whoever makes room after it tells of it.
        self.is_stuck.store(true, Ordering::SeqCst);
        if self.fanout.room() == Some(0) {
            return false;
        }
        self.is_stuck.store(false, Ordering::SeqCst);
        // To read ahead is not to cost anybody an item who reads along.
        let most = self.fanout.spare().unwrap_or(1).min(BURST);
        let (burst, end) = reading.burst(most);
        let is_any = !burst.is_empty();
        if is_any {
            // It is the only one that publishes, and there is room.
            let _all_of_it = self.fanout.try_publish(To::All, burst);
        }
        match end {
            None => is_any,
            Some(end) => {
                reading.source = None;
                self.fanout.close();
                if let Err(panic) = end {
                    panic.resume();
                }
                true
            }
        }
    }
}

impl<S: Stream> Shared<S> {
    /// Wakes those who wait because there was no room.
    fn tell_of_room(&self) {
        if self.is_stuck.load(Ordering::Relaxed) && self.is_stuck.swap(false, Ordering::SeqCst) {
            self.fanout.wake_readers();
        }
    }
}

/// Has the source, and puts it back.
struct Reading<'a, S: Stream> {
    shared: &'a Shared<S>,
    source: Option<Pin<Box<S>>>,
}

type End = Result<(), mtaio_runtime::Panic>;

impl<S: Stream> Reading<'_, S> {
    /// As many items as are there, up to `most`, and how the source ended if it did.
    fn burst(&mut self, most: usize) -> (Vec<S::Item>, Option<End>) {
        let mut burst = Vec::new();
        let mut cx = Context::from_waker(&self.shared.waker);
        let Some(source) = &mut self.source else { return (burst, None) };
        let polled = contain(|| {
            while burst.len() < most {
                match source.as_mut().poll_next(&mut cx) {
                    Poll::Ready(Some(item)) => {
                        if burst.is_empty() {
                            burst.reserve_exact(most);
                        }
                        burst.push(item);
                    }
                    Poll::Ready(None) => return true,
                    Poll::Pending => break,
                }
            }
            false
        });
        let end = match polled {
            Ok(false) => None,
            Ok(true) => Some(Ok(())),
            Err(panic) => Some(Err(panic)),
        };
        (burst, end)
    }
}

impl<S: Stream> Drop for Reading<'_, S> {
    fn drop(&mut self) {
        if let Some(source) = self.source.take() {
            *lock(&self.shared.source) = Some(source);
        }
    }
}

impl<S: Stream> Drop for Broadcast<S> {
    fn drop(&mut self) {
        // It may be the one that was to read the source, or that had no room.
        self.tap.close();
        self.shared.fanout.wake_readers();
    }
}

// The source has a box of its own.
impl<S: Stream> Unpin for Broadcast<S> {}

impl<S: Stream> fmt::Debug for Broadcast<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
