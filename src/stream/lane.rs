use std::collections::VecDeque;
use std::mem;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use crate::queue::lock;

/// From the one who groups to the one who reads a group: a bounded queue of one sender and one
/// receiver, each of whom knows when the other is gone.
pub(super) struct Lane<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    items: VecDeque<T>,
    capacity: usize,
    /// Nothing will be put any more.
    is_ended: bool,
    /// Nobody reads any more.
    is_gone: bool,
    reader: Option<Waker>,
    sender: Option<Waker>,
}

/// What became of an item.
pub(super) enum Put<T> {
    Taken,
    /// There is no room; who puts is woken when there is.
    Full(T),
    /// Nobody reads any more.
    Gone(T),
}

impl<T> Lane<T> {
    pub(super) fn new(capacity: usize, first: T) -> Self {
        let state = State {
            items: VecDeque::from([first]),
            capacity,
            is_ended: false,
            is_gone: false,
            reader: None,
            sender: None,
        };
        Self { state: Mutex::new(state) }
    }

    pub(super) fn put(&self, item: T, cx: &Context<'_>) -> Put<T> {
        // Wakers are foreign: they are cloned, woken and dropped without the lock.
        let mut waker = None;
        loop {
            let mut state = lock(&self.state);
            if state.is_gone {
                return Put::Gone(item);
            }
            if state.items.len() < state.capacity {
                state.items.push_back(item);
                let reader = state.reader.take();
                drop(state);
                wake(reader);
                return Put::Taken;
            }
            if knows(&state.sender, cx) {
                return Put::Full(item);
            }
            if let Some(waker) = waker.take() {
                let replaced = state.sender.replace(waker);
                drop(state);
                drop(replaced);
                return Put::Full(item);
            }
            drop(state);
            waker = Some(cx.waker().clone());
        }
    }

    pub(super) fn poll_take(&self, cx: &Context<'_>) -> Poll<Option<T>> {
        let mut waker = None;
        loop {
            let mut state = lock(&self.state);
            if let Some(item) = state.items.pop_front() {
                let sender = state.sender.take();
                drop(state);
                wake(sender);
                return Poll::Ready(Some(item));
            }
            if state.is_ended {
                return Poll::Ready(None);
            }
            if knows(&state.reader, cx) {
                return Poll::Pending;
            }
            if let Some(waker) = waker.take() {
                let replaced = state.reader.replace(waker);
                drop(state);
                drop(replaced);
                return Poll::Pending;
            }
            drop(state);
            waker = Some(cx.waker().clone());
        }
    }

    /// Nothing will be put any more.
    pub(super) fn end(&self) {
        let mut state = lock(&self.state);
        state.is_ended = true;
        let reader = state.reader.take();
        drop(state);
        wake(reader);
    }

    /// Nobody reads any more: what is there is dropped.
    pub(super) fn leave(&self) {
        let mut state = lock(&self.state);
        state.is_gone = true;
        let (items, reader) = (mem::take(&mut state.items), state.reader.take());
        let sender = state.sender.take();
        drop(state);
        // Who waits for room is told before an item's destructor gets to panic.
        wake(sender);
        drop((items, reader));
    }

    pub(super) fn is_gone(&self) -> bool {
        lock(&self.state).is_gone
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.state).items.len()
    }
}

fn knows(known: &Option<Waker>, cx: &Context<'_>) -> bool {
    known.as_ref().is_some_and(|known| known.will_wake(cx.waker()))
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
