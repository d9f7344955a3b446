use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// Futures in flight, of which only those that were woken are polled.
///
/// Slots are kept for the futures that come after: a future is written into the allocation, and
/// woken through the waker, of one that has ended. So a future costs no allocation once the set
/// has grown to the number that are in flight at once. (A wake meant for a slot's last future
/// polls its present one for nothing, which is allowed.)
pub struct SlotSet<F> {
    chunks: Vec<Chunk<F>>,
    vacant: Vec<usize>,
    /// The chunks that were woken and have not been looked at in this round.
    round: Vec<usize>,
    /// What is left of the present chunk in this round: its number, and a bit for each slot.
    present: (usize, u64),
    shared: Arc<Shared>,
}

/// As many slots as a word has bits.
struct Chunk<F> {
    slots: Vec<Slot<F>>,
    woken: Arc<Woken>,
}

struct Slot<F> {
    future: Pin<Box<Option<F>>>,
    waker: Waker,
}

/// What the wakers of a set's futures reach.
struct Shared {
    /// Wakes who polls the set.
    parent: AtomicWaker,
    /// The chunks whose word is not zero.
    chunks: Mutex<Vec<usize>>,
}

/// Which slots of a chunk were woken.
struct Woken {
    bits: AtomicU64,
    chunk: usize,
    shared: Arc<Shared>,
}

struct SlotWaker {
    bit: u64,
    woken: Arc<Woken>,
}

const SLOTS: usize = u64::BITS as usize;

impl<F: Future> SlotSet<F> {
    pub(crate) fn new() -> Self {
        let shared = Shared { parent: AtomicWaker::new(), chunks: Mutex::new(Vec::new()) };
        let (chunks, vacant, round) = (Vec::new(), Vec::new(), Vec::new());
        Self { chunks, vacant, round, present: (0, 0), shared: Arc::new(shared) }
    }

    /// How many futures are in flight.
    pub(crate) fn len(&self) -> usize {
        let slots =
            self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * SLOTS + last.slots.len());
        slots - self.vacant.len()
    }

    /// Takes in `future` and polls it for the first time.
    pub(crate) fn start(&mut self, future: F) -> Poll<F::Output> {
        let slot = self.vacant.pop().unwrap_or_else(|| self.grow());
        self.slot(slot).future.set(Some(future));
        self.poll_slot(slot)
    }

    /// Polls what was woken; `None` when nothing is in flight.
    pub(crate) fn poll_next(&mut self, cx: &Context<'_>) -> Poll<Option<F::Output>> {
        // Futures that wake themselves don't keep the thread: each is polled a few times.
        let mut rounds = 0;
        loop {
            if self.len() == 0 {
                return Poll::Ready(None);
            }
            while let Some(slot) = self.next_woken() {
                if let Poll::Ready(output) = self.poll_slot(slot) {
                    return Poll::Ready(Some(output));
                }
            }
            if rounds == 2 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if !self.begin_round() {
                self.shared.parent.register(cx.waker());
                // A wake between the look above and the registration would be lost.
                if !self.begin_round() {
                    return Poll::Pending;
                }
            }
            rounds += 1;
        }
    }

    /// Every future in flight, to be told something.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &F> {
        let slots = self.chunks.iter().flat_map(|chunk| &chunk.slots);
        slots.filter_map(|slot| (*slot.future).as_ref())
    }

    /// Drops every future in flight.
    pub(crate) fn clear(&mut self) {
        for (number, chunk) in self.chunks.iter_mut().enumerate() {
            for (position, slot) in chunk.slots.iter_mut().enumerate() {
                if slot.future.is_some() {
                    // First, as of one whose destructor panics.
                    self.vacant.push(number * SLOTS + position);
                    slot.future.set(None);
                }
            }
        }
    }

    fn poll_slot(&mut self, number: usize) -> Poll<F::Output> {
        let slot = self.slot(number);
        let Some(future) = slot.future.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let polled = future.poll(&mut Context::from_waker(&slot.waker));
        if polled.is_ready() {
            // First: it is vacant also when the future's destructor panics.
            self.vacant.push(number);
            self.slot(number).future.set(None);
        }
        polled
    }

    fn slot(&mut self, number: usize) -> &mut Slot<F> {
        &mut self.chunks[number / SLOTS].slots[number % SLOTS]
    }

    /// A further slot, and its number.
    fn grow(&mut self) -> usize {
        if self.chunks.last().is_none_or(|chunk| chunk.slots.len() == SLOTS) {
            let (bits, chunk) = (AtomicU64::new(0), self.chunks.len());
            let woken = Arc::new(Woken { bits, chunk, shared: Arc::clone(&self.shared) });
            self.chunks.push(Chunk { slots: Vec::new(), woken });
        }
        let last = self.chunks.len() - 1;
        let chunk = &mut self.chunks[last];
        let position = chunk.slots.len();
        let waker = SlotWaker { bit: 1 << position, woken: Arc::clone(&chunk.woken) };
        chunk.slots.push(Slot { future: Box::pin(None), waker: Waker::from(Arc::new(waker)) });
        last * SLOTS + position
    }

    fn next_woken(&mut self) -> Option<usize> {
        while self.present.1 == 0 {
            let chunk = self.round.pop()?;
            self.present = (chunk, self.chunks[chunk].woken.bits.swap(0, Ordering::AcqRel));
        }
        let (chunk, bits) = &mut self.present;
        let position = bits.trailing_zeros() as usize;
        *bits &= *bits - 1;
        Some(*chunk * SLOTS + position)
    }

    /// Takes over what was woken since the last round; whether there is any.
    fn begin_round(&mut self) -> bool {
        mem::swap(&mut self.round, &mut *self.shared.lock());
        !self.round.is_empty()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Vec<usize>> {
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let woken = &self.woken;
        // Who finds the word empty tells of the chunk; the others' bits are taken with it.
        if woken.bits.fetch_or(self.bit, Ordering::AcqRel) == 0 {
            woken.shared.lock().push(woken.chunk);
            woken.shared.parent.wake();
        }
    }
}

#[cfg(test)]
mod tests;
