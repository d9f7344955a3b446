use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Poll, Waker};
use std::thread;

use slab::Slab;

use super::wakes::Wakes;

/// Who waits for one kind of thing, in the order of coming.
///
/// It hands out turns, and counts those that have not been used yet; what a turn is good for, and
/// how many there may be, is its owner's business. A place is its holder's until the turn is used
/// or the place given up, so a number is enough to tell it.
///
/// Beside its waker, who waits may leave a `T` at its place, for the owner to look at.
pub(crate) struct Line<T = ()> {
    places: Slab<Place<T>>,
    first: Option<usize>,
    last: Option<usize>,
    turns: usize,
}

struct Place<T> {
    asked: T,
    /// Whom to wake; none once it is their turn.
    waker: Option<Waker>,
    before: Option<usize>,
    after: Option<usize>,
}

impl<T> Line<T> {
    pub(crate) const fn new() -> Self {
        Self { places: Slab::new(), first: None, last: None, turns: 0 }
    }

    /// How many turns have been given and not used.
    pub(crate) const fn turns(&self) -> usize {
        self.turns
    }

    /// How many wait for a turn.
    pub(crate) fn waiting(&self) -> usize {
        self.places.len() - self.turns
    }

    /// Gives the first who waits a turn, and answers whom to wake for it.
    #[inline]
    pub(crate) fn call(&mut self) -> Option<Waker> {
        self.first.and_then(|first| self.give_turn(first))
    }

    /// As [`call`](Self::call), for as many as `most`.
    pub(crate) fn call_many(&mut self, most: usize, wakes: &mut Wakes) {
        for _ in 0..most {
            let Some(waker) = self.call() else { return };
            wakes.push(waker);
        }
    }

    /// Gives a turn to the one who waits at `place`, wherever in the line that is.
    pub(crate) fn call_at(&mut self, place: usize) -> Option<Waker> {
        if self.is_turn(place) { None } else { self.give_turn(place) }
    }

    /// Whether it is the turn of `place`; for who has no place yet, it `is_free` or not.
    #[inline]
    pub(crate) fn has_turn(&self, place: Option<usize>, is_free: bool) -> bool {
        place.map_or(is_free, |held| self.is_turn(held))
    }

    /// Uses the turn of `place`, if it [has one](Self::has_turn).
    #[inline]
    pub(crate) fn take_turn(&mut self, place: &mut Option<usize>, is_free: bool) -> bool {
        let has_turn = self.has_turn(*place, is_free);
        if has_turn && let Some(held) = place.take() {
            self.places.remove(held);
            self.turns -= 1;
        }
        has_turn
    }

    /// Whether `place` waits already for that one to be woken.
    pub(crate) fn knows(&self, place: Option<usize>, waker: &Waker) -> bool {
        let known = place.and_then(|place| self.places[place].waker.as_ref());
        known.is_some_and(|known| known.will_wake(waker))
    }

    /// What the first who waits has left there.
    pub(crate) fn first(&self) -> Option<&T> {
        self.first.map(|first| &self.places[first].asked)
    }

    /// The place of the first who waits.
    pub(crate) const fn first_place(&self) -> Option<usize> {
        self.first
    }

    /// The place behind `place`, which waits.
    pub(crate) fn place_after(&self, place: usize) -> Option<usize> {
        self.places[place].after
    }

    /// Uses the turn of `place`, if it has one, and takes what was left there.
    pub(crate) fn take(&mut self, place: &mut Option<usize>) -> Option<T> {
        let held = place.take_if(|held| self.is_turn(*held))?;
        self.turns -= 1;
        Some(self.places.remove(held).asked)
    }

    /// What who is at `place`, with a turn or without, has left there.
    pub(crate) fn asked(&mut self, place: usize) -> &mut T {
        &mut self.places[place].asked
    }

    /// Waits at `place`, or with what it `asked` for at the end of the line, for `waker` to be
    /// woken. The answer, a waker that was there, is to be dropped without the lock.
    pub(crate) fn wait_with(
        &mut self,
        place: &mut Option<usize>,
        waker: Waker,
        asked: T,
    ) -> Option<Waker> {
        if let Some(place) = *place {
            return self.replace_waker(place, waker);
        }
        let before = self.last;
        let new = self.places.insert(Place { asked, waker: Some(waker), before, after: None });
        match before {
            Some(before) => self.places[before].after = Some(new),
            None => self.first = Some(new),
        }
        self.last = Some(new);
        *place = Some(new);
        None
    }

    /// Waits at `place` for another `waker`. The answer is to be dropped without the lock.
    pub(crate) fn replace_waker(&mut self, place: usize, waker: Waker) -> Option<Waker> {
        self.places[place].waker.replace(waker)
    }

    /// Gives up `place`. The answer is its waker, to be dropped without the lock; or none if it had
    /// a turn, which is now another's.
    pub(crate) fn leave(&mut self, place: usize) -> Option<Waker> {
        if self.is_turn(place) {
            self.turns -= 1;
        } else {
            self.unlink(place);
        }
        self.places.remove(place).waker
    }

    /// Ends the line: all places are void, and those who wait are to be woken.
    pub(crate) fn end(&mut self, wakes: &mut Wakes) {
        while let Some(waker) = self.call() {
            wakes.push(waker);
        }
        self.places.clear();
        self.turns = 0;
    }

    fn is_turn(&self, place: usize) -> bool {
        self.places[place].waker.is_none()
    }

    #[cold]
    fn give_turn(&mut self, place: usize) -> Option<Waker> {
        self.unlink(place);
        self.turns += 1;
        self.places[place].waker.take()
    }

    /// Takes `place` out of the line, not out of the places.
    fn unlink(&mut self, place: usize) {
        let Place { before, after, .. } = self.places[place];
        match before {
            Some(before) => self.places[before].after = after,
            None => self.first = after,
        }
        match after {
            Some(after) => self.places[after].before = before,
            None => self.last = before,
        }
    }
}

impl Line {
    /// [Waits](Self::wait_with) for something that needs no telling.
    pub(crate) fn wait(&mut self, place: &mut Option<usize>, waker: Waker) -> Option<Waker> {
        self.wait_with(place, waker, ())
    }
}

/// Does `attempt`, or else waits in `line`, with both of them behind the lock of `state`.
///
/// Wakers are foreign code: they are cloned and dropped without the lock.
pub(crate) fn poll_turn<T, R>(
    state: &Mutex<T>,
    place: &mut Option<usize>,
    waker: &Waker,
    line: fn(&mut T) -> &mut Line,
    mut attempt: impl FnMut(&mut T, &mut Option<usize>) -> Option<R>,
) -> Poll<R> {
    let mut locked = lock(state);
    if let Some(done) = attempt(&mut locked, place) {
        return Poll::Ready(done);
    }
    if line(&mut locked).knows(*place, waker) {
        return Poll::Pending;
    }
    drop(locked);

    let waker = waker.clone();
    let mut locked = lock(state);
    if let Some(done) = attempt(&mut locked, place) {
        // Not while a waker is dropped.
        drop(locked);
        return Poll::Ready(done);
    }
    let replaced = line(&mut locked).wait(place, waker);
    drop(locked);
    drop(replaced);
    Poll::Pending
}

/// A panic under the lock is one of an `Ord`; what it leaves behind is still a queue.
#[inline]
pub(crate) fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    try_lock(state).unwrap_or_else(|| lock_contended(state))
}

#[inline]
fn try_lock<T>(state: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match state.try_lock() {
        Ok(locked) => Some(locked),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Steps aside for a moment, and sleeps only when that does not help. The lock is held for a few
/// instructions, so going to sleep for it costs far more than it takes; and who spins for it takes
/// it away after each of the other's operations, memory and all, where the other alone could have
/// done many. (Spinning was measured: it is slower than either.)
#[cold]
fn lock_contended<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    for _ in 0..16 {
        thread::yield_now();
        if let Some(locked) = try_lock(state) {
            return locked;
        }
    }
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
