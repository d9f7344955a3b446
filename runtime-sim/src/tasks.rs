use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;

use mtaio_runtime::TaskName;

use crate::Schedule;
use crate::choice::Choices;
use crate::schedule::Picker;
use crate::waker::Wakers;

/// The tasks that have not ended, and which of them can run.
pub(crate) struct Tasks {
    slots: Vec<Slot>,
    /// Slots without a task.
    free: Vec<usize>,
    /// Slots whose task is to be polled, in the order in which they could be; none twice, none
    /// without a task at rest.
    ready: VecDeque<usize>,
    picker: Picker,
}

/// Which task it is; the generation tells it from others that had the slot before or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskId {
    pub(crate) index: usize,
    generation: u64,
}

#[derive(Default)]
struct Slot {
    generation: u64,
    task: Option<Task>,
}

struct Task {
    name: TaskName,
    /// Whether a [`CancelPlan`](crate::cancel::CancelPlan) is about it.
    cancellable: bool,
    woken: bool,
    /// The number of its present waker.
    serial: u64,
    /// Whether since its last poll a waker was woken that is not the present one.
    stale_wake: bool,
    /// The number of its last poll among those of all tasks.
    last_poll: u64,
    /// `None` while the task is being polled.
    at_rest: Option<(Wakers, Work)>,
}

pub(crate) enum Work {
    /// The scenario's own future, which the driver keeps: it may borrow and need not be `Send`.
    Root,
    Detached(Pin<Box<dyn Future<Output = ()> + Send>>),
}

/// A task taken out to be polled, and dropped, outside of the lock.
pub(crate) struct Running {
    pub(crate) id: TaskId,
    pub(crate) wakers: Wakers,
    pub(crate) work: Work,
}

impl Tasks {
    pub(crate) fn new(schedule: Schedule) -> Self {
        let picker = Picker::new(schedule);
        Self { slots: Vec::new(), free: Vec::new(), ready: VecDeque::new(), picker }
    }

    /// Adds a task that is to be polled.
    pub(crate) fn insert(
        &mut self,
        name: TaskName,
        cancellable: bool,
        work: Work,
        wakers: impl FnOnce(TaskId) -> Wakers,
    ) {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        let slot = &mut self.slots[index];
        let wakers = wakers(TaskId { index, generation: slot.generation });
        slot.task = Some(Task {
            name,
            cancellable,
            woken: true,
            serial: 0,
            stale_wake: false,
            last_poll: 0,
            at_rest: Some((wakers, work)),
        });
        self.ready.push_back(index);
    }

    /// Makes a task runnable: once, however often it is woken, not after it has ended, and not by
    /// a waker that a later one has replaced. One that is being polled becomes so when it is back.
    /// Tells whether this made it so.
    pub(crate) fn wake(&mut self, id: TaskId, serial: u64) -> bool {
        let Some(task) = self.task_mut(id) else { return false };
        if serial != task.serial {
            task.stale_wake = true;
            return false;
        }
        if task.woken {
            return false;
        }
        task.woken = true;
        if task.at_rest.is_some() {
            self.ready.push_back(id.index);
        }
        true
    }

    pub(crate) fn any_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The task that would run if none were chosen.
    pub(crate) fn first_ready(&self) -> Option<TaskId> {
        self.ready.front().map(|&index| self.id(index))
    }

    /// Takes out one of the runnable tasks.
    pub(crate) fn take_ready(&mut self, choices: &mut Choices) -> Option<Running> {
        if self.ready.is_empty() {
            return None;
        }
        let Self { ready, picker, .. } = self;
        let pick = choices.pick(ready, |generator| picker.pick(ready, generator));
        // The others keep their order, so that a single choice out of the ordinary stays one.
        let index = self.ready.remove(pick);
        index.and_then(|index| self.take(self.id(index)))
    }

    /// Takes out a task that waits and was not woken.
    pub(crate) fn take_waiting(&mut self, id: TaskId) -> Option<Running> {
        self.task_mut(id).filter(|task| !task.woken)?;
        self.take(id)
    }

    fn take(&mut self, id: TaskId) -> Option<Running> {
        let task = self.task_mut(id)?;
        let (wakers, work) = task.at_rest.take()?;
        task.woken = false;
        Some(Running { id, wakers, work })
    }

    /// Notes that a task is polled. Where wakers of it are still about they are none any more,
    /// unless `keep_wakers`: the one of its last poll is the one to wake.
    ///
    /// A poll out of turn, which has no number, is not one by which the task moves.
    pub(crate) fn begin_poll(
        &mut self,
        running: &mut Running,
        number: Option<u64>,
        keep_wakers: bool,
    ) {
        let Some(task) = self.task_mut(running.id) else { return };
        task.last_poll = number.unwrap_or(task.last_poll);
        task.stale_wake = false;
        if !keep_wakers && running.wakers.is_kept() {
            task.serial += 1;
            running.wakers.replace(task.serial);
        }
    }

    /// Puts a task back that has not ended.
    pub(crate) fn put_back(&mut self, Running { id, wakers, work }: Running) {
        let Some(task) = self.task_mut(id) else { return };
        task.at_rest = Some((wakers, work));
        if task.woken {
            self.ready.push_back(id.index);
            self.picker.yielded(id.index);
        }
    }

    /// Frees the slot of a task that was taken out and has ended.
    pub(crate) fn remove(&mut self, id: TaskId) -> Option<TaskName> {
        let slot = &mut self.slots[id.index];
        slot.generation += 1;
        self.free.push(id.index);
        self.picker.ended(id.index);
        slot.task.take().map(|task| task.name)
    }

    pub(crate) fn name(&self, id: TaskId) -> Option<TaskName> {
        self.task(id).map(|task| task.name.clone())
    }

    pub(crate) fn is_cancellable(&self, id: TaskId) -> bool {
        self.task(id).is_some_and(|task| task.cancellable)
    }

    pub(crate) fn had_stale_wake(&self, id: TaskId) -> bool {
        self.task(id).is_some_and(|task| task.stale_wake)
    }

    pub(crate) fn names(&self) -> Vec<TaskName> {
        self.slots.iter().filter_map(|slot| Some(slot.task.as_ref()?.name.clone())).collect()
    }

    /// How many tasks wait, between two turns.
    pub(crate) fn waiting(&self) -> usize {
        self.slots.len() - self.free.len() - self.ready.len()
    }

    /// The tasks that wait and were not woken since the poll of this number.
    pub(crate) fn waiting_since(&self, poll: u64) -> Vec<TaskId> {
        let waits = |task: &Task| !task.woken && task.at_rest.is_some() && task.last_poll <= poll;
        self.ids_where(waits)
    }

    /// The tasks that were polled after the poll of this number.
    pub(crate) fn polled_after(&self, poll: u64) -> Vec<TaskId> {
        self.ids_where(|task| task.last_poll > poll)
    }

    /// All that is left, to be dropped outside of the lock.
    pub(crate) fn into_works(self) -> impl Iterator<Item = (TaskName, impl Sized)> {
        self.slots.into_iter().filter_map(|slot| slot.task).map(|task| (task.name, task.at_rest))
    }

    fn ids_where(&self, holds: impl Fn(&Task) -> bool) -> Vec<TaskId> {
        let holds = |index: &usize| self.slots[*index].task.as_ref().is_some_and(&holds);
        (0..self.slots.len()).filter(holds).map(|index| self.id(index)).collect()
    }

    fn id(&self, index: usize) -> TaskId {
        TaskId { index, generation: self.slots[index].generation }
    }

    fn task(&self, id: TaskId) -> Option<&Task> {
        let slot = self.slots.get(id.index)?;
        slot.task.as_ref().filter(|_| slot.generation == id.generation)
    }

    fn task_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        let slot = self.slots.get_mut(id.index)?;
        slot.task.as_mut().filter(|_| slot.generation == id.generation)
    }
}
