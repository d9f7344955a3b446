use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::task::{Poll, Waker};

use super::error::{Closed, PutError, TaskDoneError, TryGetError};
use super::future::{Get, GetBatch, Join, PutFuture};
use super::line::{Line, lock, poll_turn};
use super::overflow::WhenFull;
use super::state::{PutOutcome, State};
use super::stats::QueueStats;
use super::store::Store;

/// Where those who put and those who get meet: what all queues are, over what each keeps its items
/// in.
///
/// Everything is behind one lock, which is held for a few instructions; in the steady state
/// nothing is allocated and nobody is woken. Wakers are called, and items dropped, without it.
pub(super) struct Exchange<S> {
    state: Mutex<State<S>>,
}

impl<S: Store> Exchange<S> {
    pub(super) const fn new(store: S, capacity: usize, when_full: WhenFull) -> Self {
        Self { state: Mutex::new(State::new(store, capacity, when_full)) }
    }

    pub(super) const fn put(&self, item: S::Item) -> PutFuture<'_, S> {
        PutFuture::new(self, item)
    }

    pub(super) const fn get(&self) -> Get<'_, S> {
        Get::new(self)
    }

    pub(super) const fn get_batch<'a>(
        &'a self,
        batch: &'a mut Vec<S::Item>,
        most: usize,
    ) -> GetBatch<'a, S> {
        GetBatch::new(self, batch, most)
    }

    pub(super) const fn join(&self) -> Join<'_, S> {
        Join::new(self)
    }

    #[inline]
    pub(super) fn try_put(&self, item: S::Item) -> PutOutcome<S::Item> {
        match self.put_at_once(item) {
            Ok(()) => Ok(None),
            Err(item) => self.try_put_or_refuse(item),
        }
    }

    #[cold]
    fn try_put_or_refuse(&self, item: S::Item) -> PutOutcome<S::Item> {
        let tried = self.lock().put(&mut None, item);
        let (outcome, woken) = tried.map_err(PutError::Full)?;
        wake(woken);
        outcome
    }

    #[inline]
    pub(super) fn try_get(&self) -> Result<S::Item, TryGetError> {
        self.take_at_once().map_or_else(|| self.try_get_or_refuse(), Ok)
    }

    #[cold]
    fn try_get_or_refuse(&self) -> Result<S::Item, TryGetError> {
        let got = self.lock().get(&mut None);
        let (item, woken) = got.map_err(|()| TryGetError::Empty)?;
        wake(woken);
        Ok(item?)
    }

    /// What most puts are: there is room, and nobody waits.
    #[inline(always)] // As `State::take`.
    fn put_at_once(&self, item: S::Item) -> Result<(), S::Item> {
        let mut state = self.lock();
        if !state.admits(&mut None) {
            return Err(item);
        }
        let woken = state.insert(item);
        drop(state);
        wake(woken);
        Ok(())
    }

    /// What most gets are: there is an item, and nobody waits.
    #[inline]
    fn take_at_once(&self) -> Option<S::Item> {
        let taken = self.lock().take(&mut None);
        let (item, woken) = taken?;
        wake(woken);
        Some(item)
    }

    pub(super) fn try_get_batch(&self, batch: &mut Vec<S::Item>, most: usize) -> usize {
        let got = self.lock().get_many(&mut None, most, batch);
        let Some((count, wakes)) = got else { return 0 };
        wakes.wake();
        count.unwrap_or(0)
    }

    pub(super) fn task_done(&self) -> Result<(), TaskDoneError> {
        let wakes = self.lock().task_done()?;
        wakes.wake();
        Ok(())
    }

    pub(super) fn close(&self) {
        let wakes = self.lock().close();
        wakes.wake();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    pub(super) fn len(&self) -> usize {
        self.lock().store.len()
    }

    pub(super) fn is_full(&self) -> bool {
        !self.lock().has_room()
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        self.lock().capacity()
    }

    pub(super) fn stats(&self) -> QueueStats {
        self.lock().stats()
    }

    pub(super) fn fmt_as(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let (len, capacity, is_closed) = (state.store.len(), state.capacity(), state.is_closed);
        drop(state);
        f.debug_struct(name)
            .field("len", &len)
            .field("capacity", &capacity)
            .field("is_closed", &is_closed)
            .finish_non_exhaustive()
    }

    /// Puts what is in `item`, or waits.
    #[inline]
    pub(super) fn put_or_wait(
        &self,
        place: &mut Option<usize>,
        item: &mut Option<S::Item>,
        waker: &Waker,
    ) -> Poll<PutOutcome<S::Item>> {
        if place.is_none()
            && let Some(new) = item.take()
        {
            match self.put_at_once(new) {
                Ok(()) => return Poll::Ready(Ok(None)),
                Err(not_yet) => *item = Some(not_yet),
            }
        }
        self.poll_put(place, item, waker)
    }

    #[cold]
    fn poll_put(
        &self,
        place: &mut Option<usize>,
        item: &mut Option<S::Item>,
        waker: &Waker,
    ) -> Poll<PutOutcome<S::Item>> {
        // Or it would wait in the line, and take the room of others, with nothing to put.
        assert!(item.is_some(), "a put was polled after it was done");
        let put = |state: &mut State<S>, place: &mut Option<usize>| {
            let put = state.put(place, item.take()?);
            put.map_err(|not_yet| *item = Some(not_yet)).ok()
        };
        let polled = poll_turn(&self.state, place, waker, |state| &mut state.putters, put);
        polled.map(|(outcome, woken)| {
            wake(woken);
            outcome
        })
    }

    /// Takes an item, or waits.
    #[inline]
    pub(super) fn get_or_wait(
        &self,
        place: &mut Option<usize>,
        waker: &Waker,
    ) -> Poll<Result<S::Item, Closed>> {
        if place.is_none()
            && let Some(item) = self.take_at_once()
        {
            return Poll::Ready(Ok(item));
        }
        self.poll_get(place, waker)
    }

    #[cold]
    fn poll_get(&self, place: &mut Option<usize>, waker: &Waker) -> Poll<Result<S::Item, Closed>> {
        let get = |state: &mut State<S>, place: &mut Option<usize>| state.get(place).ok();
        let polled = poll_turn(&self.state, place, waker, |state| &mut state.getters, get);
        polled.map(|(item, woken)| {
            wake(woken);
            item
        })
    }

    pub(super) fn poll_get_batch(
        &self,
        place: &mut Option<usize>,
        most: usize,
        batch: &mut Vec<S::Item>,
        waker: &Waker,
    ) -> Poll<Result<usize, Closed>> {
        let get =
            |state: &mut State<S>, place: &mut Option<usize>| state.get_many(place, most, batch);
        let polled = poll_turn(&self.state, place, waker, |state| &mut state.getters, get);
        polled.map(|(count, wakes)| {
            wakes.wake();
            count
        })
    }

    pub(super) fn poll_join(&self, place: &mut Option<usize>, waker: &Waker) -> Poll<()> {
        let join = |state: &mut State<S>, place: &mut Option<usize>| {
            let is_all_done = state.is_all_done();
            state.joiners.take_turn(place, is_all_done).then_some(())
        };
        poll_turn(&self.state, place, waker, |state| &mut state.joiners, join)
    }

    /// Gives up a place of one who waits to put.
    #[cold]
    pub(super) fn leave_putters(&self, place: usize) {
        self.leave(place, |state| &mut state.putters);
    }

    /// Gives up a place of one who waits to get.
    #[cold]
    pub(super) fn leave_getters(&self, place: usize) {
        self.leave(place, |state| &mut state.getters);
    }

    /// Gives up a place of one who waits to join.
    #[cold]
    pub(super) fn leave_joiners(&self, place: usize) {
        let left = self.lock().joiners.leave(place);
        drop(left);
    }

    fn leave(&self, place: usize, line: fn(&mut State<S>) -> &mut Line) {
        let mut state = self.lock();
        if state.is_closed {
            return;
        }
        let line = line(&mut state);
        let left = line.leave(place);
        // A turn that is given up is the next one's.
        let woken = if left.is_none() { line.call() } else { None };
        drop(state);
        drop(left);
        wake(woken);
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        lock(&self.state)
    }
}

#[inline]
fn wake(woken: Option<Waker>) {
    if let Some(waker) = woken {
        waker.wake();
    }
}
