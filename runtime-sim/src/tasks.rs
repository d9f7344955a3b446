use std::future::Future;
use std::pin::Pin;
use std::task::Waker;

use mtaio_runtime::TaskName;

use crate::choice::{Choices, Stream};

/// The tasks that have not ended, and which of them can run.
#[derive(Default)]
pub(crate) struct Tasks {
    slots: Vec<Slot>,
    /// Slots without a task.
    free: Vec<usize>,
    /// Slots whose task is to be polled; none twice, none without a task at rest.
    ready: Vec<usize>,
}

/// Which task it is; the generation tells it from others that had the slot before or after.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskId {
    index: usize,
    generation: u64,
}

#[derive(Default)]
struct Slot {
    generation: u64,
    task: Option<Task>,
}

struct Task {
    name: TaskName,
    woken: bool,
    /// `None` while the task is being polled.
    at_rest: Option<(Waker, Work)>,
}

pub(crate) enum Work {
    /// The scenario's own future, which the driver keeps: it may borrow and need not be `Send`.
    Root,
    Detached(Pin<Box<dyn Future<Output = ()> + Send>>),
}

/// A task taken out to be polled, and dropped, outside of the lock.
pub(crate) struct Running {
    pub(crate) id: TaskId,
    pub(crate) waker: Waker,
    pub(crate) work: Work,
}

impl Tasks {
    /// Adds a task that is to be polled.
    pub(crate) fn insert(
        &mut self,
        name: TaskName,
        work: Work,
        waker: impl FnOnce(TaskId) -> Waker,
    ) {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        let slot = &mut self.slots[index];
        let waker = waker(TaskId { index, generation: slot.generation });
        slot.task = Some(Task { name, woken: true, at_rest: Some((waker, work)) });
        self.ready.push(index);
    }

    /// Makes a task runnable: once, however often it is woken, and not after it has ended. One
    /// that is being polled becomes so when it is back.
    pub(crate) fn wake(&mut self, id: TaskId) {
        let Some(slot) = self.slots.get_mut(id.index) else { return };
        if let Some(task) = &mut slot.task
            && slot.generation == id.generation
            && !task.woken
        {
            task.woken = true;
            if task.at_rest.is_some() {
                self.ready.push(id.index);
            }
        }
    }

    pub(crate) const fn any_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Takes out one of the runnable tasks.
    pub(crate) fn take_ready(&mut self, choices: &mut Choices) -> Option<Running> {
        if !self.any_ready() {
            return None;
        }
        let pick = choices.choose(Stream::Schedule, self.ready.len() as u64) as usize;
        let index = self.ready.swap_remove(pick);
        let Slot { generation, task: Some(task) } = &mut self.slots[index] else {
            unreachable!("a ready slot has a task");
        };
        let Some((waker, work)) = task.at_rest.take() else {
            unreachable!("a ready task is at rest");
        };
        task.woken = false;
        Some(Running { id: TaskId { index, generation: *generation }, waker, work })
    }

    /// Puts a task back that has not ended.
    pub(crate) fn put_back(&mut self, Running { id, waker, work }: Running) {
        if let Some(task) = &mut self.slots[id.index].task {
            task.at_rest = Some((waker, work));
            if task.woken {
                self.ready.push(id.index);
            }
        }
    }

    /// Frees the slot of a task that was taken out and has ended.
    pub(crate) fn remove(&mut self, id: TaskId) -> Option<TaskName> {
        let slot = &mut self.slots[id.index];
        slot.generation += 1;
        self.free.push(id.index);
        slot.task.take().map(|task| task.name)
    }

    pub(crate) fn name(&self, id: TaskId) -> Option<TaskName> {
        let task = self.slots.get(id.index)?.task.as_ref()?;
        Some(task.name.clone())
    }

    pub(crate) fn names(&self) -> Vec<TaskName> {
        self.slots.iter().filter_map(|slot| Some(slot.task.as_ref()?.name.clone())).collect()
    }

    pub(crate) fn ready_names(&self) -> Vec<TaskName> {
        let name = |&index: &usize| Some(self.slots[index].task.as_ref()?.name.clone());
        self.ready.iter().filter_map(name).collect()
    }

    /// All that is left, to be dropped outside of the lock.
    pub(crate) fn into_works(self) -> impl Iterator<Item = (TaskName, Option<(Waker, Work)>)> {
        self.slots.into_iter().filter_map(|slot| slot.task).map(|task| (task.name, task.at_rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_that_ended_make_room_for_the_next() {
        let (mut tasks, mut choices) = (Tasks::default(), Choices::new(1));
        for _ in 0..100 {
            tasks.insert(TaskName::new("brief"), Work::Root, |_| Waker::noop().clone());
            let running = tasks.take_ready(&mut choices).expect("it is ready");
            assert_eq!(tasks.remove(running.id), Some(TaskName::new("brief")));
        }
        assert_eq!(tasks.slots.len(), 1);
    }
}
