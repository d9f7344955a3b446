use std::task::Waker;

use super::error::{Closed, PutError, TaskDoneError};
use super::line::Line;
use super::overflow::WhenFull;
use super::stats::QueueStats;
use super::store::Store;
use super::wakes::Wakes;

/// What is behind a queue's lock: the items, and three lines.
///
/// A getter's turn is a claim to one item, whichever is next when it comes for it; a putter's turn
/// is room for one. So nobody who comes later can take it from them, and one that is given up goes
/// to the next in line. While somebody waits for an item all are claimed, and while somebody waits
/// for room all of it is taken or promised.
///
/// A closed queue has no lines, claims and promises: nobody waits any more, and who comes first
/// takes what is left. (Who waits to join still does.)
pub(super) struct State<S> {
    pub(super) store: S,
    capacity: usize,
    when_full: WhenFull,
    pub(super) is_closed: bool,
    /// The items that were taken and not reported done.
    in_work: usize,
    dropped: u64,
    pub(super) putters: Line,
    pub(super) getters: Line,
    pub(super) joiners: Line,
}

/// What a put answers: the item that had to go, or why it was not done.
pub(super) type PutOutcome<T> = Result<Option<T>, PutError<T>>;

/// What was tried is done, with whom to wake for it; or it has to wait.
pub(super) type Tried<T, E> = Result<(T, Option<Waker>), E>;

impl<S: Store> State<S> {
    pub(super) const fn new(store: S, capacity: usize, when_full: WhenFull) -> Self {
        Self {
            store,
            capacity,
            when_full,
            is_closed: false,
            in_work: 0,
            dropped: 0,
            putters: Line::new(),
            getters: Line::new(),
            joiners: Line::new(),
        }
    }

    /// Whether it is the turn of `place` to put: then it has to.
    #[inline]
    pub(super) fn admits(&mut self, place: &mut Option<usize>) -> bool {
        let has_room = self.has_room();
        !self.is_closed && self.putters.take_turn(place, has_room)
    }

    /// Puts `item`, which was admitted; answers whom to wake.
    #[inline(always)] // As `take`.
    pub(super) fn insert(&mut self, item: S::Item) -> Option<Waker> {
        self.store.push(item);
        self.getters.call()
    }

    /// Puts `item`, or refuses to; or it has to wait, and comes back.
    pub(super) fn put(
        &mut self,
        place: &mut Option<usize>,
        item: S::Item,
    ) -> Tried<PutOutcome<S::Item>, S::Item> {
        if self.admits(place) {
            return Ok((Ok(None), self.insert(item)));
        }
        self.turn_away(item).map(|outcome| (outcome, None))
    }

    fn turn_away(&mut self, item: S::Item) -> Result<PutOutcome<S::Item>, S::Item> {
        if self.is_closed {
            return Ok(Err(PutError::Closed(item)));
        }
        match self.when_full {
            WhenFull::Wait => Err(item),
            WhenFull::Refuse => Ok(Err(PutError::Full(item))),
            WhenFull::DropNewest => {
                self.dropped += 1;
                Ok(Ok(Some(item)))
            }
            WhenFull::DropOldest => {
                let oldest = self.store.pop();
                self.store.push(item);
                self.dropped += 1;
                Ok(Ok(oldest))
            }
        }
    }

    /// Takes an item, if it is the turn of `place`; answers whom to wake, too.
    //
    // Always inlined: an item that goes through a call is copied, which is a tenth of the time of a
    // priority queue.
    #[inline(always)]
    pub(super) fn take(&mut self, place: &mut Option<usize>) -> Option<(S::Item, Option<Waker>)> {
        let is_free = self.unclaimed() > 0;
        if !self.getters.has_turn(*place, is_free) {
            return None;
        }
        // An `Ord` that panics here leaves the turn to be given up with the place.
        let item = self.store.pop();
        self.getters.take_turn(place, is_free);
        let item = item?;
        self.in_work += 1;
        Some((item, self.putters.call()))
    }

    /// As [`take`](Self::take), until the end.
    pub(super) fn get(&mut self, place: &mut Option<usize>) -> Tried<Result<S::Item, Closed>, ()> {
        if self.is_closed {
            *place = None;
        }
        match self.take(place) {
            Some((item, woken)) => Ok((Ok(item), woken)),
            None if self.is_closed => Ok((Err(Closed), None)),
            None => Err(()),
        }
    }

    /// As [`get`](Self::get), with as many items as `most` that nobody else has a claim to; they
    /// go to the end of `batch`.
    pub(super) fn get_many(
        &mut self,
        place: &mut Option<usize>,
        most: usize,
        batch: &mut Vec<S::Item>,
    ) -> Option<(Result<usize, Closed>, Wakes)> {
        let mut wakes = Wakes::default();
        if most == 0 {
            return Some((Ok(0), wakes));
        }
        if self.is_closed {
            *place = None;
        }
        let is_free = self.unclaimed() > 0;
        if self.getters.take_turn(place, is_free) {
            let count = self.unclaimed().min(most);
            self.store.pop_many(count, batch);
            self.in_work += count;
            self.putters.call_many(count, &mut wakes);
            return Some((Ok(count), wakes));
        }
        self.is_closed.then_some((Err(Closed), wakes))
    }

    pub(super) fn task_done(&mut self) -> Result<Wakes, TaskDoneError> {
        let mut wakes = Wakes::default();
        self.in_work = self.in_work.checked_sub(1).ok_or(TaskDoneError)?;
        if self.is_all_done() {
            // Also those who are polled only when there is more to do again.
            self.joiners.call_many(usize::MAX, &mut wakes);
        }
        Ok(wakes)
    }

    /// Whether every item that was put has been taken and reported done.
    pub(super) fn is_all_done(&self) -> bool {
        self.in_work == 0 && self.store.len() == 0
    }

    pub(super) fn close(&mut self) -> Wakes {
        let mut wakes = Wakes::default();
        self.is_closed = true;
        self.putters.end(&mut wakes);
        self.getters.end(&mut wakes);
        wakes
    }

    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.store.len() + self.putters.turns() < self.capacity
    }

    /// None where there is no bound.
    pub(super) fn capacity(&self) -> Option<usize> {
        (self.capacity != usize::MAX).then_some(self.capacity)
    }

    pub(super) fn stats(&self) -> QueueStats {
        QueueStats {
            len: self.store.len(),
            in_work: self.in_work,
            waiting_puts: self.putters.waiting(),
            waiting_gets: self.getters.waiting(),
            dropped: self.dropped,
        }
    }

    /// The items that nobody who waits or waited has a claim to.
    #[inline]
    fn unclaimed(&self) -> usize {
        self.store.len().saturating_sub(self.getters.turns())
    }
}
