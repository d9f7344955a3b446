use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A number of permits, handed out in the order of asking: nobody overtakes who waits.
///
/// While nobody waits, taking one and giving it back is one atomic operation each. As soon as
/// somebody does, the word is marked, and until the queue is empty again it changes under the lock
/// alone.
pub struct Permits {
    count: usize,
    /// Twice the number of free permits, and [`WAITING`].
    word: AtomicUsize,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    /// Who waits, by ticket. A permit is handed to the first of them, not put back.
    waiting: BTreeMap<u64, Waker>,
    /// Whose permit lies ready.
    granted: BTreeSet<u64>,
    next_ticket: u64,
}

/// The mark of a queue that is not empty.
const WAITING: usize = 1;
/// One free permit.
const ONE: usize = 2;

impl Permits {
    /// More than half of all numbers can't be told from half.
    pub(crate) fn new(count: usize) -> Arc<Self> {
        let count = count.min(usize::MAX / ONE);
        let (word, queue) = (AtomicUsize::new(count * ONE), Mutex::default());
        Arc::new(Self { count, word, queue })
    }

    /// How many there are, free or not.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Whether somebody waits for one.
    pub(crate) fn is_awaited(&self) -> bool {
        self.word.load(Ordering::Relaxed) & WAITING != 0
    }

    /// Takes a permit if one is free and nobody waits. It is for the taker to [release](Self::release).
    pub(crate) fn try_take(&self) -> bool {
        let take = |word: usize| (word & WAITING == 0 && word >= ONE).then(|| word - ONE);
        self.word.fetch_update(Ordering::Acquire, Ordering::Relaxed, take).is_ok()
    }

    /// Gives a permit back: to the first who waits, else to the free ones.
    pub(crate) fn release(&self) {
        let give = |word: usize| (word & WAITING == 0).then_some(word + ONE);
        if self.word.fetch_update(Ordering::Release, Ordering::Relaxed, give).is_err() {
            self.hand_over();
        }
    }

    /// Waits for a permit.
    pub(crate) fn acquire(self: &Arc<Self>) -> Acquire {
        Acquire { permits: Arc::clone(self), ticket: None }
    }

    fn hand_over(&self) {
        let mut queue = self.queue();
        let Some((ticket, waker)) = queue.waiting.pop_first() else {
            // The last who waited left in between.
            self.word.fetch_add(ONE, Ordering::Release);
            return;
        };
        queue.granted.insert(ticket);
        self.unmark_if_empty(&queue);
        drop(queue);
        waker.wake();
    }

    fn unmark_if_empty(&self, queue: &Queue) {
        if queue.waiting.is_empty() {
            self.word.fetch_and(!WAITING, Ordering::Release);
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A permit, given back when it is dropped.
pub(crate) struct Permit {
    permits: Arc<Permits>,
}

impl Permit {
    /// Makes it the guard's to give back a permit that was taken from `permits`.
    pub(crate) fn taken(permits: &Arc<Permits>) -> Self {
        Self { permits: Arc::clone(permits) }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.permits.release();
    }
}

/// The future of [`Permits::acquire`]. Dropping it gives up the place, or the permit.
pub(crate) struct Acquire {
    permits: Arc<Permits>,
    /// The place in the queue, once it has one.
    ticket: Option<u64>,
}

impl Acquire {
    /// As a future whose permit is for the taker to [release](Permits::release).
    pub(crate) fn poll_take(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.ticket.is_none() && self.permits.try_take() {
            return Poll::Ready(());
        }
        // Foreign code, which is not to run under the lock.
        let waker = cx.waker().clone();
        let mut queue = self.permits.queue();
        if self.ticket.take_if(|ticket| queue.granted.remove(ticket)).is_some() {
            return Poll::Ready(());
        }
        let ticket = match self.ticket {
            Some(ticket) => ticket,
            None => {
                // From here on the word changes under the lock, which is held.
                let word = self.permits.word.fetch_or(WAITING, Ordering::Acquire);
                if word >= ONE && queue.waiting.is_empty() {
                    self.permits.word.fetch_sub(ONE, Ordering::Relaxed);
                    self.permits.unmark_if_empty(&queue);
                    return Poll::Ready(());
                }
                queue.next_ticket += 1;
                *self.ticket.insert(queue.next_ticket)
            }
        };
        let replaced = match queue.waiting.get_mut(&ticket) {
            Some(known) => Some(mem::replace(known, waker)),
            None => queue.waiting.insert(ticket, waker),
        };
        drop(queue);
        drop(replaced);
        Poll::Pending
    }
}

impl Future for Acquire {
    type Output = Permit;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Permit> {
        self.poll_take(cx).map(|()| Permit::taken(&self.permits))
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut queue = self.permits.queue();
        let granted = queue.granted.remove(&ticket);
        let waker = queue.waiting.remove(&ticket);
        if waker.is_some() {
            self.permits.unmark_if_empty(&queue);
        }
        drop(queue);
        drop(waker);
        if granted {
            self.permits.release();
        }
    }
}

#[cfg(test)]
mod tests;
