use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::mem;
use std::task::Waker;

use mtaio_runtime::{Instant, TaskName};
use slab::Slab;

use crate::tasks::TaskId;

/// The timers that somebody waits for, by the instant at which they fire.
///
/// A timer that is dropped leaves at once, with its waker. Its entry in the order stays until it is
/// the first, or until there are more of such entries than timers.
#[derive(Default)]
pub(crate) struct Timers {
    order: BinaryHeap<Reverse<Entry>>,
    timers: Slab<Queued>,
    next_id: u64,
}

/// Where a timer is, and which of those that were there.
#[derive(Clone, Copy)]
pub(crate) struct TimerKey {
    pub(crate) at: Instant,
    id: u64,
    slot: usize,
}

pub(crate) struct Timer {
    pub(crate) waker: Waker,
    /// What was asked for: it may fire later.
    pub(crate) deadline: Instant,
    /// The task that polled it last, for diagnoses.
    pub(crate) owner: Owner,
}

pub(crate) type Owner = Option<(TaskId, TaskName)>;

/// Parts the timers into those that were there and those that came after.
#[derive(Clone, Copy)]
pub(crate) struct Mark(u64);

struct Queued {
    entry: Entry,
    timer: Timer,
}

/// Of timers at the same instant the one that was made first is the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: Instant,
    id: u64,
    slot: usize,
}

impl Timers {
    pub(crate) fn insert(&mut self, at: Instant, timer: Timer) -> TimerKey {
        let (id, slot) = (self.next_id, self.timers.vacant_key());
        self.next_id += 1;
        let entry = Entry { at, id, slot };
        self.timers.insert(Queued { entry, timer });
        self.order.push(Reverse(entry));
        TimerKey { at, id, slot }
    }

    /// Changes whom the timer wakes. Gives back the waker and the owner that are left over, to be
    /// dropped outside of the lock.
    pub(crate) fn set_waker(
        &mut self,
        key: TimerKey,
        waker: Waker,
        owner: Owner,
    ) -> (Waker, Owner) {
        match self.timers.get_mut(key.slot) {
            Some(Queued { entry, timer }) if entry.id == key.id => {
                (mem::replace(&mut timer.waker, waker), mem::replace(&mut timer.owner, owner))
            }
            _ => (waker, owner),
        }
    }

    /// Takes a timer out of the queue; what is in it is to be dropped outside of the lock.
    pub(crate) fn remove(&mut self, TimerKey { at, id, slot }: TimerKey) -> Option<Timer> {
        let timer = take(&mut self.timers, Entry { at, id, slot })?;
        if self.order.len() > 2 * self.timers.len() + FEW {
            let Self { order, timers, .. } = self;
            order.retain(|Reverse(entry)| is_queued(timers, entry));
        }
        Some(timer)
    }

    /// When the next one fires, if one ever will.
    pub(crate) fn next(&mut self) -> Option<Instant> {
        while let Some(Reverse(first)) = self.order.peek()
            && !is_queued(&self.timers, first)
        {
            self.order.pop();
        }
        self.order.peek().map(|first| first.0.at).filter(|&at| at < Instant::MAX)
    }

    /// Takes those that fire at `at`, the [next](Self::next) instant, out of the queue.
    pub(crate) fn fire(&mut self, at: Instant, wakers: &mut Vec<Waker>) {
        while let Some(first) = self.order.peek_mut()
            && first.0.at == at
        {
            let Reverse(entry) = PeekMut::pop(first);
            wakers.extend(take(&mut self.timers, entry).map(|timer| timer.waker));
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.timers.len()
    }

    /// The tasks whose timers will fire.
    pub(crate) fn tasks(&self) -> Vec<TaskId> {
        self.tasks_where(|queued| queued.entry.at < Instant::MAX)
    }

    /// The tasks whose timers should have fired by `now`.
    pub(crate) fn late_tasks(&self, now: Instant) -> Vec<TaskId> {
        self.tasks_where(|queued| queued.timer.deadline <= now)
    }

    /// What the next timer will be made by.
    pub(crate) const fn mark(&self) -> Mark {
        Mark(self.next_id)
    }

    /// Whether a timer of the task that was made since `mark` fires before those that it had.
    pub(crate) fn fires_earlier_since(&self, Mark(mark): Mark, task: TaskId) -> bool {
        let earliest = |is_new: bool| {
            let own = self.timers.iter().map(|(_, queued)| queued).filter(|queued| {
                let is_own = queued.timer.owner.as_ref().is_some_and(|(owner, _)| *owner == task);
                is_own && (queued.entry.id >= mark) == is_new
            });
            own.map(|queued| queued.entry.at).min()
        };
        earliest(true).is_some_and(|new| earliest(false).is_none_or(|old| new < old))
    }

    fn tasks_where(&self, holds: impl Fn(&Queued) -> bool) -> Vec<TaskId> {
        let owner = |queued: &Queued| queued.timer.owner.as_ref().map(|(id, _)| *id);
        let held = self.timers.iter().map(|(_, queued)| queued).filter(|queued| holds(queued));
        held.filter_map(owner).collect()
    }

    /// Whose timers these are, one entry a timer.
    pub(crate) fn owners(&self) -> Vec<TaskName> {
        let name = |timer: &Timer| timer.owner.as_ref().map(|(_, name)| name.clone());
        let name = |queued: &Queued| name(&queued.timer).unwrap_or(TaskName::new("no task"));
        self.timers.iter().map(|(_, queued)| name(queued)).collect()
    }
}

/// So many entries without a timer are no matter.
const FEW: usize = 64;

fn is_queued(timers: &Slab<Queued>, entry: &Entry) -> bool {
    timers.get(entry.slot).is_some_and(|queued| queued.entry.id == entry.id)
}

fn take(timers: &mut Slab<Queued>, entry: Entry) -> Option<Timer> {
    is_queued(timers, &entry).then(|| timers.remove(entry.slot).timer)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::choice::SplitMix64;

    fn timer() -> Timer {
        Timer { waker: Waker::noop().clone(), deadline: Instant::ZERO, owner: None }
    }

    #[test]
    fn they_fire_in_order_whatever_leaves_between() {
        let (mut timers, mut model) = (Timers::default(), BTreeMap::new());
        let mut generator = SplitMix64::new(1);
        for _ in 0..10_000 {
            match generator.below(4) {
                0 | 1 => {
                    let key = timers.insert(Instant::from_nanos(generator.below(50)), timer());
                    model.insert((key.at, key.id), key);
                }
                2 if !model.is_empty() => {
                    let nth = generator.below(model.len() as u64) as usize;
                    let (&model_key, &key) = model.iter().nth(nth).expect("as many there are");
                    model.remove(&model_key);
                    assert!(timers.remove(key).is_some());
                    assert!(timers.remove(key).is_none(), "it is gone");
                }
                _ => {
                    let next = model.keys().next().map(|&(at, _)| at);
                    assert_eq!(timers.next(), next);
                    let Some(at) = next else { continue };
                    let mut fired = Vec::new();
                    timers.fire(at, &mut fired);
                    let before = model.len();
                    model.retain(|&(model_at, _), _| model_at != at);
                    assert_eq!(fired.len(), before - model.len());
                }
            }
            assert_eq!(timers.timers.len(), model.len());
            assert!(timers.order.len() <= 2 * model.len() + FEW + 1);
        }
    }
}
