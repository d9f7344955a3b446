use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use mtaio_runtime::{Instant, Panic, TaskName};

use crate::cancel::CancelPlan;
use crate::choice::{Choices, Stream};
use crate::settings::Settings;
use crate::stalled::Stalls;
use crate::tasks::{TaskId, Tasks, Work};
use crate::timers::{Timer, TimerKey, Timers};
use crate::trace::{MOST_STEPS, Step, TraceHash, What, Why};
use crate::waker::Wakers;

/// What the handles, the sleeps, the wakers and the driver of one simulation share.
///
/// No foreign code runs under the lock: futures are polled, and futures and wakers are woken,
/// cloned and dropped, outside of it.
pub(crate) struct Shared {
    /// The simulation's own thread.
    thread: usize,
    /// Nanoseconds; written under the lock.
    now: AtomicU64,
    /// Written under the lock.
    ended: AtomicBool,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) tasks: Tasks,
    pub(crate) timers: Timers,
    pub(crate) choices: Choices,
    pub(crate) cancel: Option<CancelPlan>,
    pub(crate) stalls: Stalls,
    /// The task that is being polled.
    pub(crate) current: Option<TaskId>,
    pub(crate) spawned: u64,
    pub(crate) polls: u64,
    /// How many wakes, spawns and waits for a stall there were: what a poll does.
    pub(crate) effects: u64,
    /// The last poll in which a task was woken.
    pub(crate) last_wake_in_poll: u64,
    /// How far the wall clock is off, and whether it is behind.
    pub(crate) wall_clock: (Duration, bool),
    /// The first task that another thread woke, and that thread's name.
    pub(crate) foreign_wake: Option<(TaskName, String)>,
    /// Panics that ended a task, and that nobody else will hear of.
    pub(crate) panics: Vec<(TaskName, Panic)>,
    pub(crate) trace: TraceHash,
    /// The story of the run, if somebody will read it.
    pub(crate) steps: Option<Vec<Step>>,
}

impl Shared {
    pub(crate) fn new(
        settings: Settings,
        choices: Choices,
        cancel: Option<CancelPlan>,
        told: bool,
    ) -> Self {
        let state = State {
            settings,
            tasks: Tasks::new(settings.schedule),
            timers: Timers::default(),
            choices,
            cancel,
            stalls: Stalls::default(),
            current: None,
            spawned: 0,
            polls: 0,
            effects: 0,
            last_wake_in_poll: 0,
            wall_clock: (Duration::ZERO, false),
            foreign_wake: None,
            panics: Vec::new(),
            trace: TraceHash::default(),
            steps: told.then(Vec::new),
        };
        Self {
            thread: this_thread(),
            now: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            state: Mutex::new(state),
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
            self.insert(&mut state, name, Work::Detached(future));
        }
    }

    pub(crate) fn spawn_root(self: &Arc<Self>, name: TaskName) {
        self.insert(&mut self.lock(), name, Work::Root);
    }

    fn insert(self: &Arc<Self>, state: &mut State, name: TaskName, work: Work) {
        state.trace.mix(What::Spawn, state.spawned);
        state.spawned += 1;
        state.effects += 1;
        let cancellable = state.cancel.is_some_and(|plan| name.to_string() == plan.name);
        state.tasks.insert(name, cancellable, work, |id| Wakers::new(self, id));
    }

    pub(crate) fn wake(&self, id: TaskId, serial: u64) {
        let foreign = this_thread() != self.thread;
        let mut state = self.lock();
        let state = &mut *state;
        state.trace.mix(What::Wake, id.index as u64);
        if foreign
            && state.foreign_wake.is_none()
            && let Some(task) = state.tasks.name(id)
        {
            let thread = thread::current();
            state.foreign_wake = Some((task, thread.name().unwrap_or("unnamed").to_owned()));
        }
        if state.tasks.wake(id, serial) {
            state.effects += 1;
            if state.current.is_some() {
                state.last_wake_in_poll = state.polls;
            }
        }
    }

    /// Polls a timer: ready at its deadline, or when it fires, where it is late; else in the queue,
    /// to wake `waker`.
    pub(crate) fn poll_timer(
        &self,
        deadline: Instant,
        key: &mut Option<TimerKey>,
        waker: &Waker,
    ) -> Poll<()> {
        if self.has_ended() {
            return Poll::Pending;
        }
        let due = key.map_or(deadline, |key| key.at);
        if self.now() >= due {
            *key = None;
            return Poll::Ready(());
        }
        let waker = waker.clone();
        let mut state = self.lock();
        // Another thread may have come here while the clock moved.
        if self.has_ended() || self.now() >= due {
            drop(state);
            return self.poll_timer(deadline, key, &waker);
        }
        let owner = state.current.and_then(|id| Some((id, state.tasks.name(id)?)));
        let replaced = match *key {
            Some(key) => Some(state.timers.set_waker(key, waker, owner)),
            None => {
                *key = Some(state.insert_timer(Timer { waker, deadline, owner }));
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
            *key = Some(state.insert_timer(Timer { deadline, ..timer }));
        } else {
            drop(state);
            timer.waker.wake();
        }
    }

    /// Moves the clock to `at`, the next instant at which timers fire, and hands out their wakers.
    pub(crate) fn advance(&self, state: &mut State, at: Instant, wakers: &mut Vec<Waker>) {
        state.timers.fire(at, wakers);
        state.trace.mix(What::Time, at.as_nanos());
        self.now.store(at.as_nanos(), Ordering::Release);
        if let Some(jump) = state.settings.faults.jump(&mut state.choices) {
            state.wall_clock = jump;
        }
    }

    /// Ends the run: from here on nothing is taken in, and what is left is dropped, in the order
    /// of the slots.
    pub(crate) fn tear_down(&self) {
        let mut state = self.lock();
        self.ended.store(true, Ordering::Release);
        let nothing = Tasks::new(state.settings.schedule);
        let tasks = mem::replace(&mut state.tasks, nothing);
        let timers = mem::take(&mut state.timers);
        let stalls = mem::take(&mut state.stalls);
        drop(state);
        for (name, work) in tasks.into_works() {
            self.contain(|| Some(name), || drop(work));
        }
        self.contain(|| None, || drop(timers));
        self.contain(|| None, || drop(stalls));
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

impl State {
    fn insert_timer(&mut self, timer: Timer) -> TimerKey {
        self.trace.mix(What::Timer, timer.deadline.as_nanos());
        let at = match timer.deadline {
            Instant::MAX => Instant::MAX,
            // Late is not never.
            deadline => (deadline + self.settings.faults.lateness(&mut self.choices)).min(LAST),
        };
        self.timers.insert(at, timer)
    }

    /// Whether the task is to end at this point.
    pub(crate) fn is_cancelled_here(&mut self, id: TaskId) -> bool {
        let Some(plan) = &mut self.cancel else { return false };
        if !self.tasks.is_cancellable(id) {
            return false;
        }
        let here = plan.passed == plan.at;
        plan.passed += 1;
        self.choices.decide(Stream::Cancel, 2, |_| u64::from(here)) == 1
    }

    pub(crate) fn tell(&mut self, at: Instant, id: TaskId, why: Why) {
        if let Some(steps) = &mut self.steps
            && steps.len() < MOST_STEPS
            && let Some(task) = self.tasks.name(id)
        {
            steps.push(Step { at, task, why });
        }
    }
}

/// The last instant that comes.
const LAST: Instant = Instant::from_nanos(u64::MAX - 1);

/// Calls `f` and turns a panic into a value.
pub(crate) fn contain<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(f)).map_err(Panic::new)
}

/// A number that no other living thread has.
fn this_thread() -> usize {
    thread_local!(static MARK: u8 = const { 0 });
    MARK.with(|mark| ptr::from_ref(mark).addr())
}
