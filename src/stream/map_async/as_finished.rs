use std::collections::VecDeque;

use super::order::{Begin, Order};

/// Results come as calls finish: the mode of [`MapAsync::unordered`](super::MapAsync::unordered).
pub struct AsFinished<T> {
    ready: VecDeque<T>,
}

impl<T> AsFinished<T> {
    pub(super) const fn new(ready: VecDeque<T>) -> Self {
        Self { ready }
    }
}

impl<I, T> Order<I, T> for AsFinished<T> {
    fn has_room(&self, in_flight: usize, limit: usize) -> bool {
        in_flight + self.ready.len() < limit
    }

    fn take_in(&mut self, index: u64, item: I) -> Option<Begin<I>> {
        Some(Begin { ticket: 0, index, item })
    }

    fn begin_waiting(&mut self) -> Option<Begin<I>> {
        None
    }

    fn settle(&mut self, _: Option<u64>, result: T) {
        self.ready.push_back(result);
    }

    fn pop(&mut self) -> Option<T> {
        self.ready.pop_front()
    }

    fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    fn held(&self) -> (usize, usize) {
        (self.ready.len(), 0)
    }
}
