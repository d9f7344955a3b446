use std::collections::BTreeMap;
use std::mem;
use std::task::Waker;

use mtaio_runtime::{Instant, TaskName};

use crate::tasks::TaskId;

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
    pub(crate) owner: Option<(TaskId, TaskName)>,
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

    /// When the next one fires, if one ever will.
    pub(crate) fn next(&self) -> Option<Instant> {
        let (&TimerKey { at, .. }, _) = self.queue.first_key_value()?;
        (at < Instant::MAX).then_some(at)
    }

    /// Takes those that fire at `at`, the [next](Self::next) instant, out of the queue.
    pub(crate) fn fire(&mut self, at: Instant, wakers: &mut Vec<Waker>) {
        while let Some(first) = self.queue.first_entry()
            && first.key().at == at
        {
            wakers.push(first.remove().waker);
        }
    }

    /// Whether one that will fire is the task's.
    pub(crate) fn are_owned_by(&self, task: TaskId) -> bool {
        let is_owner = |timer: &Timer| timer.owner.as_ref().is_some_and(|(id, _)| *id == task);
        self.queue.iter().any(|(key, timer)| key.at < Instant::MAX && is_owner(timer))
    }

    /// Whose timers these are, one entry a timer.
    pub(crate) fn owners(&self) -> Vec<TaskName> {
        let name = |timer: &Timer| timer.owner.as_ref().map(|(_, name)| name.clone());
        self.queue.values().map(|timer| name(timer).unwrap_or(TaskName::new("no task"))).collect()
    }
}
