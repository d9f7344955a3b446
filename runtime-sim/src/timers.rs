use std::collections::BTreeMap;
use std::mem;
use std::task::Waker;

use mtaio_runtime::{Instant, TaskName};

/// The timers that somebody waits for, by the instant at which they fire.
#[derive(Default)]
pub(crate) struct Timers {
    queue: BTreeMap<TimerKey, Timer>,
    next_id: u64,
}

/// Where a timer stands in the queue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimerKey {
    pub(crate) at: Instant,
    id: u64,
}

pub(crate) struct Timer {
    pub(crate) waker: Waker,
    /// The task that polled it first, for diagnoses.
    pub(crate) owner: Option<TaskName>,
}

impl Timers {
    pub(crate) fn insert(&mut self, at: Instant, timer: Timer) -> TimerKey {
        let key = TimerKey { at, id: self.next_id };
        self.next_id += 1;
        self.queue.insert(key, timer);
        key
    }

    /// Changes whom the timer wakes. Gives back the waker that is left over, to be dropped outside
    /// of the lock.
    pub(crate) fn set_waker(&mut self, key: TimerKey, waker: Waker) -> Waker {
        match self.queue.get_mut(&key) {
            Some(timer) => mem::replace(&mut timer.waker, waker),
            None => waker,
        }
    }

    /// Takes a timer out of the queue; what is in it is to be dropped outside of the lock.
    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<Timer> {
        self.queue.remove(&key)
    }

    /// Takes the timers of the earliest deadline out of the queue, if one will ever come.
    pub(crate) fn fire(&mut self, wakers: &mut Vec<Waker>) -> Option<Instant> {
        let (&TimerKey { at, .. }, _) = self.queue.first_key_value()?;
        if at == Instant::MAX {
            return None;
        }
        while let Some(first) = self.queue.first_entry()
            && first.key().at == at
        {
            wakers.push(first.remove().waker);
        }
        Some(at)
    }

    /// Whose timers these are, one entry a timer.
    pub(crate) fn owners(&self) -> Vec<TaskName> {
        let owner = |timer: &Timer| timer.owner.clone().unwrap_or(TaskName::new("no task"));
        self.queue.values().map(owner).collect()
    }
}
