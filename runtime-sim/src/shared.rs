use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use mtaio_runtime::{Instant, Panic, TaskName};

use crate::choice::Choices;
use crate::tasks::{TaskId, Tasks, Work};
use crate::timers::{Timer, TimerKey, Timers};
use crate::waker::TaskWaker;

/// What the handles, the sleeps, the wakers and the driver of one simulation share.
///
/// No foreign code runs under the lock: futures are polled, and futures and wakers are woken,
/// cloned and dropped, outside of it.
pub(crate) struct Shared {
    /// Nanoseconds; written under the lock.
    now: AtomicU64,
    /// Written under the lock.
    ended: AtomicBool,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) tasks: Tasks,
    pub(crate) timers: Timers,
    pub(crate) choices: Choices,
    /// The task that is being polled.
    pub(crate) current: Option<TaskId>,
    pub(crate) polls: u64,
    /// Panics that ended a task, and that nobody else will hear of.
    pub(crate) panics: Vec<(TaskName, Panic)>,
}

impl Shared {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            state: Mutex::new(State {
                tasks: Tasks::default(),
                timers: Timers::default(),
                choices: Choices::new(seed),
                current: None,
                polls: 0,
                panics: Vec::new(),
            }),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_nanos(self.now.load(Ordering::Acquire))
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Adds a task, or drops its future where the run is over.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        name: TaskName,
        future: Pin<Box<dyn Future<Output = ()> + Send>>,
    ) {
        let mut state = self.lock();
        if self.has_ended() {
            drop(state);
            drop(future);
        } else {
            state.tasks.insert(name, Work::Detached(future), |id| TaskWaker::waker(self, id));
        }
    }

    pub(crate) fn spawn_root(self: &Arc<Self>, name: TaskName) {
        self.lock().tasks.insert(name, Work::Root, |id| TaskWaker::waker(self, id));
    }

    /// Polls a timer: ready at its deadline, else in the queue, to wake `waker`.
    pub(crate) fn poll_timer(
        &self,
        deadline: Instant,
        key: &mut Option<TimerKey>,
        waker: &Waker,
    ) -> Poll<()> {
        if self.has_ended() {
            return Poll::Pending;
        }
        if self.now() >= deadline {
            self.remove_timer(key);
            return Poll::Ready(());
        }
        let waker = waker.clone();
        let mut state = self.lock();
        // Another thread may have come here while the clock moved.
        if self.has_ended() || self.now() >= deadline {
            drop(state);
            return self.poll_timer(deadline, key, &waker);
        }
        let replaced = match *key {
            Some(key) => Some(state.timers.set_waker(key, waker)),
            None => {
                let owner = state.current.and_then(|id| state.tasks.name(id));
                *key = Some(state.timers.insert(deadline, Timer { waker, owner }));
                None
            }
        };
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    /// Takes a timer out of the queue, if it is still there.
    pub(crate) fn remove_timer(&self, key: &mut Option<TimerKey>) {
        // Those that the clock has reached are out already.
        if let Some(key) = key.take()
            && key.at > self.now()
        {
            let timer = self.lock().timers.remove(key);
            drop(timer);
        }
    }

    /// Moves a timer that is in the queue. Whom it wakes stays the same.
    pub(crate) fn move_timer(&self, deadline: Instant, key: &mut Option<TimerKey>) {
        let Some(old) = key.take() else { return };
        let mut state = self.lock();
        let Some(timer) = state.timers.remove(old) else { return };
        if deadline > self.now() {
            *key = Some(state.timers.insert(deadline, timer));
        } else {
            drop(state);
            timer.waker.wake();
        }
    }

    /// Moves the clock to the earliest deadline and hands out the wakers of its timers. False if
    /// there is none to come.
    pub(crate) fn advance(&self, state: &mut State, wakers: &mut Vec<Waker>) -> bool {
        let reached = state.timers.fire(wakers);
        if let Some(at) = reached {
            self.now.store(at.as_nanos(), Ordering::Release);
        }
        reached.is_some()
    }

    /// Ends the run: from here on nothing is taken in, and what is left is dropped, in the order
    /// of the slots.
    pub(crate) fn tear_down(&self) {
        let mut state = self.lock();
        self.ended.store(true, Ordering::Release);
        let tasks = mem::take(&mut state.tasks);
        let timers = mem::take(&mut state.timers);
        drop(state);
        for (name, work) in tasks.into_works() {
            self.contain(|| Some(name), || drop(work));
        }
        self.contain(|| None, || drop(timers));
    }

    /// Calls foreign code that nobody answers for: a panic of it is noted under `name`.
    pub(crate) fn contain(&self, name: impl FnOnce() -> Option<TaskName>, f: impl FnOnce()) {
        if let Err(panic) = contain(f) {
            self.note_panic(name(), panic);
        }
    }

    pub(crate) fn note_panic(&self, name: Option<TaskName>, panic: Panic) {
        let name = name.unwrap_or(TaskName::new("a waker"));
        self.lock().panics.push((name, panic));
    }
}

/// Calls `f` and turns a panic into a value.
pub(crate) fn contain<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(f)).map_err(Panic::new)
}
