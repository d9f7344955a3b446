use std::collections::BTreeMap;
use std::sync::Mutex;
use std::task::{Poll, Waker};

use super::error::BulkError;
use crate::contain::discard;
use crate::queue::{Wakes, lock};

/// What is asked for together, by whom, and what it comes to.
pub(super) struct Batch<In, Out, E> {
    state: Mutex<State<In, Out, E>>,
}

struct State<In, Out, E> {
    /// By their number, which is the order of asking. Who goes away takes its entry along.
    entries: BTreeMap<u64, Entry<In, Out, E>>,
    next: u64,
    stage: Stage,
    /// Who calls the function.
    worker: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It waits for more.
    Filling,
    /// It is full, or told to begin: the worker may take the inputs.
    Ready,
    /// The worker has taken them.
    Taken,
}

struct Entry<In, Out, E> {
    input: Option<In>,
    result: Option<Result<Out, BulkError<E>>>,
    waker: Option<Waker>,
}

/// The inputs that the function is called with, and whose they are.
pub(super) struct Work<In> {
    pub(super) owners: Vec<u64>,
    pub(super) inputs: Vec<In>,
}

/// What the worker is to do.
pub(super) enum Turn<In> {
    Wait,
    Call(Work<In>),
    /// Nobody is left.
    End,
}

impl<In, Out, E> Batch<In, Out, E> {
    pub(super) const fn new() -> Self {
        let entries = BTreeMap::new();
        Self { state: Mutex::new(State { entries, next: 0, stage: Stage::Filling, worker: None }) }
    }

    /// Adds an input, and answers whose entry it is and how many there are.
    pub(super) fn add(&self, input: In) -> (u64, usize) {
        let mut state = lock(&self.state);
        let owner = state.next;
        state.next += 1;
        let entry = Entry { input: Some(input), result: None, waker: None };
        state.entries.insert(owner, entry);
        (owner, state.entries.len())
    }

    /// Takes the owner's result, or waits for it.
    pub(super) fn poll_result(&self, owner: u64, waker: &Waker) -> Poll<Result<Out, BulkError<E>>> {
        // Foreign code, which is not to run under the lock.
        let waker = waker.clone();
        let mut state = lock(&self.state);
        let Some(entry) = state.entries.get_mut(&owner) else {
            drop(state);
            panic!("polled after it was ready");
        };
        if entry.result.is_none() {
            let replaced = entry.waker.replace(waker);
            drop(state);
            drop(replaced);
            return Poll::Pending;
        }
        let entry = state.entries.remove(&owner);
        drop(state);
        match entry.and_then(|entry| entry.result) {
            Some(result) => Poll::Ready(result),
            None => unreachable!("it was just seen"),
        }
    }

    /// The owner goes away. Whether the batch is now empty, and need not wait for more.
    pub(super) fn leave(&self, owner: u64) -> bool {
        let mut state = lock(&self.state);
        let left = state.entries.remove(&owner);
        let is_empty = state.stage != Stage::Taken && state.entries.is_empty();
        drop(state);
        drop(left);
        is_empty
    }

    /// Whether nobody is in it.
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.state).entries.is_empty()
    }

    /// It waits for no more: nothing is added after that.
    pub(super) fn start(&self) {
        let mut state = lock(&self.state);
        if state.stage == Stage::Filling {
            state.stage = Stage::Ready;
        }
        let worker = state.worker.take();
        drop(state);
        if let Some(worker) = worker {
            worker.wake();
        }
    }

    /// What the worker is to do; where it is to wait, `waker` is woken when that changes.
    pub(super) fn turn(&self, waker: &Waker) -> Turn<In> {
        let waker = waker.clone();
        let mut state = lock(&self.state);
        if state.stage == Stage::Filling {
            let replaced = state.worker.replace(waker);
            drop(state);
            drop(replaced);
            return Turn::Wait;
        }
        state.stage = Stage::Taken;
        let mut work = Work { owners: Vec::new(), inputs: Vec::new() };
        for (owner, entry) in &mut state.entries {
            if let Some(input) = entry.input.take() {
                work.owners.push(*owner);
                work.inputs.push(input);
            }
        }
        drop(state);
        if work.inputs.is_empty() { Turn::End } else { Turn::Call(work) }
    }

    /// Gives each of `owners` its result, unless it has gone.
    pub(super) fn answer(
        &self,
        owners: &[u64],
        results: impl ExactSizeIterator<Item = Result<Out, BulkError<E>>>,
    ) {
        let mut nobodys = Vec::new();
        let mut wakes = Wakes::default();
        let mut state = lock(&self.state);
        for (owner, result) in owners.iter().zip(results) {
            match state.entries.get_mut(owner) {
                Some(entry) => {
                    entry.result = Some(result);
                    if let Some(waker) = entry.waker.take() {
                        wakes.push(waker);
                    }
                }
                None => nobodys.push(result),
            }
        }
        drop(state);
        wakes.wake();
        discard(nobodys);
    }

    /// Gives all that have no result this one.
    pub(super) fn end(&self, error: impl Fn() -> BulkError<E>) {
        let mut state = lock(&self.state);
        state.stage = Stage::Taken;
        let mut inputs = Vec::new();
        let mut wakes = Wakes::default();
        for entry in state.entries.values_mut().filter(|entry| entry.result.is_none()) {
            entry.result = Some(Err(error()));
            inputs.extend(entry.input.take());
            if let Some(waker) = entry.waker.take() {
                wakes.push(waker);
            }
        }
        drop(state);
        wakes.wake();
        discard(inputs);
    }
}
