//! A bounded queue, by the book.

use std::collections::{BTreeSet, VecDeque};

use crate::subject::{Item, Subject};

/// Who waits for one kind of thing, and whose turn it is.
#[derive(Debug, Default)]
pub struct Line {
    pub waiting: VecDeque<usize>,
    pub turns: BTreeSet<usize>,
}

impl Line {
    pub fn call(&mut self) {
        self.turns.extend(self.waiting.pop_front());
    }

    /// Gives up a place; whether it had a turn.
    pub fn leave(&mut self, id: usize) -> bool {
        self.waiting.retain(|waiting| *waiting != id);
        self.turns.remove(&id)
    }
}

/// What the queue is to do. Items stand in the order in which they were put.
#[derive(Debug)]
pub struct Model {
    pub capacity: usize,
    pub items: Vec<Item>,
    pub in_work: usize,
    pub closed: bool,
    pub putters: Line,
    pub getters: Line,
    pub joiners: Line,
}

impl Model {
    pub fn new(capacity: usize) -> Self {
        let (putters, getters, joiners) = (Line::default(), Line::default(), Line::default());
        Self { capacity, items: vec![], in_work: 0, closed: false, putters, getters, joiners }
    }

    pub fn has_room(&self) -> bool {
        self.items.len() + self.putters.turns.len() < self.capacity
    }

    pub fn unclaimed(&self) -> usize {
        self.items.len() - self.getters.turns.len()
    }

    pub fn is_all_done(&self) -> bool {
        self.items.is_empty() && self.in_work == 0
    }

    /// For one who was let in.
    pub fn put(&mut self, item: Item) {
        self.items.push(item);
        self.getters.call();
    }

    /// For one who may.
    pub fn get<S: Subject>(&mut self) -> Item {
        self.in_work += 1;
        self.putters.call();
        self.items.remove(S::next(&self.items))
    }

    pub fn task_done(&mut self) -> bool {
        if self.in_work == 0 {
            return false;
        }
        self.in_work -= 1;
        if self.is_all_done() {
            let Line { waiting, turns } = &mut self.joiners;
            turns.extend(waiting.drain(..));
        }
        true
    }

    /// Nobody waits, or has a turn, in a closed queue; but for those who join.
    pub fn close(&mut self) {
        self.closed = true;
        (self.putters, self.getters) = (Line::default(), Line::default());
    }
}
