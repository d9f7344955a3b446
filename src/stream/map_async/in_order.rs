use std::collections::VecDeque;

use super::order::{Begin, Order};

/// Results come in the order of their items: the mode of [`MapAsync`](super::MapAsync) unless said.
pub struct InOrder<T> {
    /// A place for each item from the first whose result has not come out; its ticket is its index.
    results: VecDeque<Option<T>>,
    first: u64,
    /// The places that are filled.
    filled: usize,
}

impl<T> InOrder<T> {
    pub(super) const fn new() -> Self {
        Self { results: VecDeque::new(), first: 0, filled: 0 }
    }

    /// The results that are there.
    pub(super) fn into_results(self) -> VecDeque<T> {
        self.results.into_iter().flatten().collect()
    }
}

impl<I, T> Order<I, T> for InOrder<T> {
    /// Results that can't come out yet take the place of calls: memory is bounded by the limit.
    fn has_room(&self, _: usize, limit: usize) -> bool {
        self.results.len() < limit
    }

    fn take_in(&mut self, index: u64, item: I) -> Option<Begin<I>> {
        self.results.push_back(None);
        let ticket = self.first + self.results.len() as u64 - 1;
        Some(Begin { ticket, index, item })
    }

    fn begin_waiting(&mut self) -> Option<Begin<I>> {
        None
    }

    fn settle(&mut self, ticket: Option<u64>, result: T) {
        // Every item is taken in, and has a place until its result has come out.
        let place = ticket.and_then(|ticket| usize::try_from(ticket - self.first).ok());
        if let Some(place) = place.and_then(|place| self.results.get_mut(place)) {
            *place = Some(result);
            self.filled += 1;
        }
    }

    fn pop(&mut self) -> Option<T> {
        self.results.front()?.as_ref()?;
        self.first += 1;
        self.filled -= 1;
        self.results.pop_front().flatten()
    }

    fn is_ready(&self) -> bool {
        self.results.front().is_some_and(Option::is_some)
    }

    fn held(&self) -> (usize, usize) {
        (self.filled, 0)
    }
}
