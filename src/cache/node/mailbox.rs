use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Poll, Waker};

use parking_lot::Mutex;

use super::invalidation::Invalidation;

/// Invalidations that were told and are not settled yet, bounded.
///
/// They are numbered. Who acts on them takes copies, acts, and settles them after that: until then
/// they count as unsettled for everybody else, who therefore acts on them once more rather than
/// miss one that another is only about to act on.
pub(in crate::cache) struct Mailbox {
    /// How many were told so far.
    told: AtomicU64,
    /// Those before this number are settled.
    settled: AtomicU64,
    is_closed: AtomicBool,
    capacity: usize,
    letters: Mutex<Letters>,
}

struct Letters {
    /// Those from `settled` on to `told`.
    waiting: VecDeque<Invalidation>,
    waker: Option<Waker>,
    /// Nobody is left who could tell more.
    has_ended: bool,
}

impl Mailbox {
    pub(super) const fn new(capacity: usize) -> Self {
        let letters = Letters { waiting: VecDeque::new(), waker: None, has_ended: false };
        Self {
            told: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            is_closed: AtomicBool::new(false),
            capacity,
            letters: Mutex::new(letters),
        }
    }

    pub(super) fn tell(&self, invalidation: Invalidation) {
        self.put(invalidation, false);
    }

    /// Nobody is left who tells of changes.
    pub(super) fn end(&self) {
        self.put(Invalidation::Lost, true);
    }

    fn put(&self, invalidation: Invalidation, is_last: bool) {
        if self.is_closed() {
            return;
        }
        let mut letters = self.letters.lock();
        let is_over = letters.waiting.len() >= self.capacity && !is_last;
        let invalidation = if is_over { Invalidation::All } else { invalidation };
        // It says more than all that waits. (Not the other way around: what waits may have been acted
        // on already, and not be settled yet.)
        let said = match invalidation {
            Invalidation::All => mem::take(&mut letters.waiting),
            _ => VecDeque::new(),
        };
        letters.waiting.push_back(invalidation);
        let told = self.told.fetch_add(1, Ordering::Release) + 1;
        if !said.is_empty() {
            self.settled.store(told - 1, Ordering::Release);
        }
        letters.has_ended |= is_last;
        let waker = letters.waker.take();
        drop(letters);
        drop(said);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether there is something to act on.
    #[inline]
    pub(in crate::cache) fn is_unsettled(&self) -> bool {
        // In this order: what is told never falls behind what is settled.
        let settled = self.settled.load(Ordering::Acquire);
        settled != self.told.load(Ordering::Acquire)
    }

    /// What is to be acted on, and then to be [settled](Self::settle) up to the number.
    pub(in crate::cache) fn unsettled(&self) -> (u64, Vec<Invalidation>) {
        let letters = self.letters.lock();
        (self.told.load(Ordering::Acquire), letters.waiting.iter().cloned().collect())
    }

    /// What was told before `end` has been acted on.
    pub(in crate::cache) fn settle(&self, end: u64) {
        let mut letters = self.letters.lock();
        let settled = self.settled.load(Ordering::Relaxed);
        let count = usize::try_from(end.saturating_sub(settled)).unwrap_or(usize::MAX);
        let count = count.min(letters.waiting.len());
        let done: Vec<Invalidation> = letters.waiting.drain(..count).collect();
        self.settled.store(settled + done.len() as u64, Ordering::Release);
        drop(letters);
        drop(done);
    }

    /// The next one, for a stream.
    pub(super) fn poll_take(&self, waker: &Waker) -> Poll<Option<Invalidation>> {
        let mut letters = self.letters.lock();
        if let Some(taken) = self.take(&mut letters) {
            return Poll::Ready(taken);
        }
        if letters.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            return Poll::Pending;
        }
        drop(letters);

        // Foreign code, which is not to run under the lock.
        let waker = waker.clone();
        let mut letters = self.letters.lock();
        if let Some(taken) = self.take(&mut letters) {
            drop(letters);
            return Poll::Ready(taken);
        }
        let replaced = letters.waker.replace(waker);
        drop(letters);
        drop(replaced);
        Poll::Pending
    }

    /// The next one, or nothing where the end is reached.
    fn take(&self, letters: &mut Letters) -> Option<Option<Invalidation>> {
        let taken = letters.waiting.pop_front();
        if taken.is_some() {
            self.settled.fetch_add(1, Ordering::Release);
        }
        (taken.is_some() || letters.has_ended).then_some(taken)
    }

    pub(super) fn len(&self) -> usize {
        self.letters.lock().waiting.len()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Nobody takes any more of them.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        let mut letters = self.letters.lock();
        let left = (mem::take(&mut letters.waiting), letters.waker.take());
        drop(letters);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Invalidation {
        Invalidation::Key([number].into())
    }

    #[test]
    fn what_is_told_while_others_act_is_acted_on_too() {
        let mailbox = Mailbox::new(2);
        assert!(!mailbox.is_unsettled());
        mailbox.tell(Invalidation::All);
        let (end, seen) = mailbox.unsettled();
        assert_eq!((end, seen), (1, vec![Invalidation::All]));
        // What is told now is no part of what that acts on, though all is.
        mailbox.tell(key(1));
        mailbox.settle(end);
        assert!(mailbox.is_unsettled());
        assert_eq!(mailbox.unsettled(), (2, vec![key(1)]));

        // Two who act settle it once, in whatever order they end.
        let (first, _) = mailbox.unsettled();
        mailbox.tell(key(2));
        let (second, _) = mailbox.unsettled();
        mailbox.settle(second);
        assert!(!mailbox.is_unsettled());
        mailbox.settle(first);
        mailbox.tell(key(3));
        mailbox.settle(first);
        assert_eq!(mailbox.unsettled(), (4, vec![key(3)]));

        // And one whose letters were replaced by a greater one does not settle that.
        mailbox.tell(key(4));
        let (end, _) = mailbox.unsettled();
        mailbox.tell(key(5));
        assert_eq!(mailbox.unsettled().1, [Invalidation::All]);
        mailbox.settle(end);
        assert!(mailbox.is_unsettled());
        mailbox.close();
        mailbox.tell(key(6));
        assert_eq!(mailbox.len(), 0);
    }
}
