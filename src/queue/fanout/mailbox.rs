use std::collections::VecDeque;
use std::mem;
use std::task::Waker;

use super::super::overflow::WhenFull;
use super::{Line, Overflow, Published, Wakes};

/// What one reader has not read yet.
pub(super) struct Mailbox<T> {
    pub(super) number: u64,
    items: VecDeque<T>,
    capacity: usize,
    when_full: WhenFull,
    /// What the reader took along for later: it counts against the capacity until it comes back.
    lent: usize,
    missed: u64,
    pub(super) putters: Line,
    reader: Option<Waker>,
}

/// What is published at once: an item or many, of which a mailbox gets a copy.
pub(crate) trait Parcel<T>: Clone {
    /// How many items it has.
    fn size(&self) -> usize;

    /// Hands them out, in order.
    fn open(self, take: impl FnMut(T));
}

/// Many at once.
impl<T: Clone> Parcel<T> for Vec<T> {
    fn size(&self) -> usize {
        self.len()
    }

    fn open(self, take: impl FnMut(T)) {
        self.into_iter().for_each(take);
    }
}

/// A single one.
#[derive(Clone)]
pub(crate) struct Single<T>(pub(crate) T);

impl<T: Clone> Parcel<T> for Single<T> {
    fn size(&self) -> usize {
        1
    }

    fn open(self, mut take: impl FnMut(T)) {
        take(self.0);
    }
}

impl<T> Mailbox<T> {
    pub(super) const fn new(number: u64, overflow: Overflow) -> Self {
        Self {
            number,
            items: VecDeque::new(),
            capacity: overflow.capacity(),
            when_full: overflow.when_full(),
            lent: 0,
            missed: 0,
            putters: Line::new(),
            reader: None,
        }
    }

    /// Whether who publishes waits for room here.
    pub(super) fn waits(&self) -> bool {
        self.when_full == WhenFull::Wait
    }

    /// How many more it takes, beside those that have been promised room.
    pub(super) fn room(&self) -> usize {
        self.capacity.saturating_sub(self.items.len() + self.lent + self.putters.turns())
    }

    pub(super) const fn missed(&self) -> u64 {
        self.missed
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Takes the items in, and wakes the reader; what there is no room for goes to the `garbage`.
    pub(super) fn take_in<P: Parcel<T>>(
        &mut self,
        parcel: &mut Option<P>,
        garbage: &mut Vec<T>,
        published: &mut Published,
        wakes: &mut Wakes,
    ) {
        let before = self.missed;
        if let Some(parcel) = parcel.take() {
            parcel.open(|item| self.put_one(item, garbage));
        }
        if self.missed == before {
            published.taken += 1;
        } else if self.when_full == WhenFull::Refuse {
            published.refused += 1;
        } else {
            published.dropped += 1;
        }
        self.wake_reader(wakes);
    }

    #[inline(always)]
    fn put_one(&mut self, item: T, garbage: &mut Vec<T>) {
        // Who publishes has been let in by those that wait.
        if self.waits() || self.items.len() + self.lent < self.capacity {
            self.items.push_back(item);
            return;
        }
        self.missed += 1;
        if self.when_full == WhenFull::DropOldest {
            garbage.extend(self.items.pop_front());
            self.items.push_back(item);
        } else {
            garbage.push(item);
        }
    }

    /// Moves what is to be read next to `burst`, which is empty: half of the capacity at most, so
    /// that the other half can be filled meanwhile. What the burst before it had is read.
    pub(super) fn take_burst(&mut self, burst: &mut VecDeque<T>, wakes: &mut Wakes) {
        self.lent = 0;
        // The oldest must still be here to be dropped.
        let one_by_one = self.when_full == WhenFull::DropOldest;
        let most = if one_by_one { 1 } else { self.capacity.div_ceil(2) };
        if self.items.len() <= most {
            mem::swap(&mut self.items, burst);
        } else {
            burst.extend(self.items.drain(..most));
        }
        // The first goes out at once.
        self.lent = burst.len().saturating_sub(1);
        self.call_putters(wakes);
    }

    /// Gives turns for the room that nobody was promised.
    pub(super) fn call_putters(&mut self, wakes: &mut Wakes) {
        let room = self.room();
        self.putters.call_many(room, wakes);
    }

    /// Whether the reader waits already for that one to be woken.
    pub(super) fn reader_is(&self, waker: &Waker) -> bool {
        self.reader.as_ref().is_some_and(|reader| reader.will_wake(waker))
    }

    /// The answer is to be dropped without the lock.
    pub(super) fn set_reader(&mut self, waker: Waker) -> Option<Waker> {
        self.reader.replace(waker)
    }

    pub(super) fn wake_reader(&mut self, wakes: &mut Wakes) {
        if let Some(reader) = self.reader.take() {
            wakes.push(reader);
        }
    }

    /// Nobody waits here any longer.
    pub(super) fn end(&mut self, wakes: &mut Wakes) {
        self.wake_reader(wakes);
        self.putters.end(wakes);
    }
}
