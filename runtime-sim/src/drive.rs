use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Waker};

use mtaio_runtime::{Ambient, Instant, TaskName};

use crate::Report;
use crate::choice::Choices;
use crate::failure::{Diagnosis, Finding};
use crate::shared::{Shared, State, contain};
use crate::tasks::{Running, TaskId, Work};
use crate::trace::{Step, Why};

/// What a run came to.
pub(crate) struct Ran {
    pub(crate) report: Report,
    pub(crate) steps: Vec<Step>,
    /// How many points there were at which the task to cancel could have been.
    pub(crate) cancel_points: u64,
}

/// Runs a scenario to its end, whichever that is, and tears the simulation down.
pub(crate) fn run(
    shared: &Arc<Shared>,
    root: Pin<Box<dyn Future<Output = ()> + '_>>,
    name: TaskName,
) -> (Ran, Result<(), Finding>) {
    shared.spawn_root(name.clone());
    let mut driver = Driver { shared, root: Some(root) };
    // The instants of an outer runtime's deadline would mean nothing in here.
    let verdict = Ambient::empty().enter(|| {
        let verdict = driver.drive();
        shared.contain(|| Some(name), || driver.root = None);
        shared.tear_down();
        verdict
    });
    let mut state = shared.lock();
    let panics = mem::take(&mut state.panics);
    let verdict = if panics.is_empty() {
        verdict
    } else {
        // Whatever went wrong after a panic went wrong because of it, perhaps.
        let (tasks, panics) = panics.into_iter().unzip();
        let finding = driver.finding(&state, Diagnosis::Panicked, tasks);
        Err(Finding { panics, ..finding })
    };
    let made = mem::replace(&mut state.choices, Choices::from_seed(0));
    let report = Report {
        at: shared.now(),
        tasks: state.spawned,
        polls: state.polls,
        trace_hash: state.trace.value(),
        replay: made.into_record(),
    };
    let steps = state.steps.take().unwrap_or_default();
    let cancel_points = state.cancel.map_or(0, |plan| plan.passed);
    (Ran { report, steps, cancel_points }, verdict)
}

pub(crate) struct Driver<'a, 'f> {
    pub(crate) shared: &'a Shared,
    /// `None` once the scenario is done.
    pub(crate) root: Option<Pin<Box<dyn Future<Output = ()> + 'f>>>,
}

impl<'a> Driver<'a, '_> {
    fn drive(&mut self) -> Result<(), Finding> {
        let mut wakers = Vec::new();
        let mut state = self.shared.lock();
        let settings = state.settings;
        loop {
            if state.polls >= settings.max_polls && state.tasks.any_ready() {
                return Err(self.over_limit(state, "polls (`Explore::max_polls`)"));
            }
            if let Some((running, why)) = state.next_turn() {
                state = self.turn(state, running, why);
                if let Some(foreign) = state.foreign_wake.take()
                    && !settings.allow_foreign_wakes
                {
                    return Err(self.foreign_wake(&state, foreign));
                }
                if self.root.is_none() && (settings.allow_leaks || !state.panics.is_empty()) {
                    return Ok(());
                }
            } else if state.stalls.take(&mut wakers) {
                state = self.wake(state, &mut wakers);
            } else if self.root.is_none() {
                return self.check_leaks(state);
            } else {
                if settings.rescue_before_time {
                    let lost;
                    (state, lost) = self.rescue_all(state);
                    if let Some(finding) = lost {
                        return Err(finding);
                    }
                }
                let Some(at) = state.timers.next() else {
                    return Err(self.stalled(state));
                };
                if at > settings.max_time {
                    return Err(self.over_limit(state, "virtual time (`Explore::max_time`)"));
                }
                self.shared.advance(&mut state, at, &mut wakers);
                state = self.wake(state, &mut wakers);
            }
        }
    }

    fn wake(&self, state: MutexGuard<'a, State>, wakers: &mut Vec<Waker>) -> MutexGuard<'a, State> {
        drop(state);
        for waker in wakers.drain(..) {
            self.shared.contain(|| None, || waker.wake());
        }
        self.shared.lock()
    }

    /// Polls one task, or ends it where it is to be cancelled, outside of the lock.
    pub(crate) fn turn(
        &mut self,
        mut state: MutexGuard<'a, State>,
        mut running: Running,
        why: Why,
    ) -> MutexGuard<'a, State> {
        let (id, now) = (running.id, self.shared.now());
        state.current = Some(id);
        // A poll out of turn is to change nothing.
        let cancellable = why != Why::Rescue;
        if cancellable && state.is_cancelled_here(id) {
            state.tell(now, id, Why::Cancelled);
            return self.end(state, running);
        }
        state.begin_poll(now, &mut running, why);
        drop(state);

        let polled = contain(|| self.poll(&mut running));
        let mut state = self.shared.lock();
        match polled {
            Ok(Poll::Pending) if cancellable && state.is_cancelled_here(id) => {
                state.tell(now, id, Why::Cancelled);
            }
            Ok(Poll::Pending) => {
                state.current = None;
                state.tasks.put_back(running);
                return state;
            }
            Ok(Poll::Ready(())) => {}
            Err(panic) => {
                let name = state.tasks.name(id);
                drop(state);
                self.shared.note_panic(name, panic);
                state = self.shared.lock();
            }
        }
        self.end(state, running)
    }

    fn poll(&mut self, running: &mut Running) -> Poll<()> {
        let waker = Waker::from(Arc::clone(&running.wakers.present));
        let mut cx = Context::from_waker(&waker);
        match (&mut running.work, &mut self.root) {
            (Work::Detached(future), _) => future.as_mut().poll(&mut cx),
            (Work::Root, Some(root)) => root.as_mut().poll(&mut cx),
            (Work::Root, None) => Poll::Ready(()),
        }
    }

    fn end(
        &mut self,
        state: MutexGuard<'a, State>,
        Running { id, wakers, work }: Running,
    ) -> MutexGuard<'a, State> {
        drop(state);
        let root = match work {
            Work::Root => self.root.take(),
            Work::Detached(_) => None,
        };
        let name = || self.shared.lock().tasks.name(id);
        self.shared.contain(name, || drop((work, root, wakers)));
        let mut state = self.shared.lock();
        state.current = None;
        state.tasks.remove(id);
        state
    }

    pub(crate) fn finding(
        &self,
        state: &State,
        diagnosis: Diagnosis,
        tasks: Vec<TaskName>,
    ) -> Finding {
        Finding {
            diagnosis,
            at: self.shared.now(),
            polls: state.polls,
            tasks,
            timers: state.timers.owners(),
            detail: None,
            panics: Vec::new(),
        }
    }
}

impl State {
    /// Takes out the task to poll next.
    fn next_turn(&mut self) -> Option<(Running, Why)> {
        let first = self.tasks.first_ready()?;
        if let Some(id) = self.spurious_poll() {
            return self.tasks.take_waiting(id).map(|running| (running, Why::Spurious));
        }
        // The name is for the story alone.
        let name = self.steps.as_ref().and_then(|_| self.tasks.name(first));
        let running = self.tasks.take_ready(&mut self.choices)?;
        let why = name.filter(|_| running.id != first).map_or(Why::First, Why::Before);
        Some((running, why))
    }

    fn spurious_poll(&mut self) -> Option<TaskId> {
        let Self { settings, choices, tasks, .. } = self;
        if settings.faults.spurious_polls.is_never() {
            return None;
        }
        let position = settings.faults.spurious_poll(choices, tasks.waiting())?;
        tasks.waiting_since(u64::MAX).get(position).copied()
    }

    fn begin_poll(&mut self, now: Instant, running: &mut Running, why: Why) {
        self.polls += 1;
        self.trace.mix(crate::trace::What::Poll, running.id.index as u64);
        let in_turn = matches!(why, Why::First | Why::Before(_));
        let number = in_turn.then_some(self.polls);
        self.tasks.begin_poll(running, number, self.settings.allow_stale_wakers);
        self.tell(now, running.id, why);
    }
}
