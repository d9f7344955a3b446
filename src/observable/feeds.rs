use std::collections::VecDeque;
use std::task::Waker;

use slab::Slab;

use crate::queue::Wakes;

/// Those who want to know of every change, each with room for so many that it has not seen yet.
pub(super) struct Feeds<C> {
    feeds: Slab<Feed<C>>,
}

struct Feed<C> {
    changes: VecDeque<C>,
    most: usize,
    /// There was no room for one: what was there is of no use then.
    has_missed: bool,
    missed: u64,
    waker: Option<Waker>,
}

/// What there is to see.
pub(super) enum Seen<C> {
    Change(C),
    /// Some changes were missed: the state has to be looked at.
    Missed,
    Nothing,
}

impl<C> Feeds<C> {
    pub(super) const fn new() -> Self {
        Self { feeds: Slab::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.feeds.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.feeds.len()
    }
}

impl<C: Clone> Feeds<C> {
    pub(super) fn open(&mut self, most: usize) -> usize {
        let changes = VecDeque::new();
        self.feeds.insert(Feed { changes, most, has_missed: false, missed: 0, waker: None })
    }

    /// Takes a feed away; it is to be dropped without the lock.
    pub(super) fn shut(&mut self, at: usize) -> impl Sized + use<C> {
        self.feeds.remove(at)
    }

    /// Tells all of a change. What they miss goes to the `garbage`.
    pub(super) fn tell(&mut self, change: &C, garbage: &mut Vec<C>, wakes: &mut Wakes) {
        for (_, feed) in &mut self.feeds {
            if feed.has_missed {
                feed.missed += 1;
            } else if feed.changes.len() < feed.most {
                feed.changes.push_back(change.clone());
            } else {
                feed.missed += 1 + feed.changes.len() as u64;
                feed.has_missed = true;
                garbage.extend(feed.changes.drain(..));
            }
            if let Some(waker) = feed.waker.take() {
                wakes.push(waker);
            }
        }
    }

    pub(super) fn next(&mut self, at: usize) -> Seen<C> {
        let feed = &mut self.feeds[at];
        if std::mem::take(&mut feed.has_missed) {
            return Seen::Missed;
        }
        feed.changes.pop_front().map_or(Seen::Nothing, Seen::Change)
    }

    /// Wakes `waker` at the next change. The answer is to be dropped without the lock.
    pub(super) fn wait(&mut self, at: usize, waker: Waker) -> Option<Waker> {
        self.feeds[at].waker.replace(waker)
    }

    pub(super) fn missed(&self, at: usize) -> u64 {
        self.feeds[at].missed
    }

    pub(super) fn wake_all(&mut self, wakes: &mut Wakes) {
        for (_, feed) in &mut self.feeds {
            if let Some(waker) = feed.waker.take() {
                wakes.push(waker);
            }
        }
    }
}
