use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll};

use mtaio_runtime::{Ambient, TaskName};

use crate::failure::{Diagnosis, Finding};
use crate::shared::{Shared, State, contain};
use crate::tasks::{Running, Work};

/// What ends a run that would not end by itself, and what is no failure of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_polls: u64,
    pub(crate) allow_leaks: bool,
}

/// Runs a scenario to its end, whichever that is, and tears the simulation down.
pub(crate) fn run(
    shared: &Arc<Shared>,
    root: Pin<Box<dyn Future<Output = ()> + '_>>,
    name: TaskName,
    limits: Limits,
) -> Result<(), Finding> {
    shared.spawn_root(name.clone());
    let mut driver = Driver { shared, limits, root: Some(root) };
    // The instants of an outer runtime's deadline would mean nothing in here.
    let verdict = Ambient::empty().enter(|| {
        let verdict = driver.drive();
        shared.contain(|| Some(name), || driver.root = None);
        shared.tear_down();
        verdict
    });
    let mut state = shared.lock();
    let panics = mem::take(&mut state.panics);
    if panics.is_empty() {
        return verdict;
    }
    // Whatever went wrong after a panic went wrong because of it, perhaps.
    let (tasks, panics) = panics.into_iter().unzip();
    Err(Finding { panics, ..driver.finding(&state, Diagnosis::Panicked, tasks) })
}

struct Driver<'a, 'f> {
    shared: &'a Shared,
    limits: Limits,
    /// `None` once the scenario is done.
    root: Option<Pin<Box<dyn Future<Output = ()> + 'f>>>,
}

impl<'a> Driver<'a, '_> {
    fn drive(&mut self) -> Result<(), Finding> {
        let mut wakers = Vec::new();
        let mut state = self.shared.lock();
        loop {
            if state.polls >= self.limits.max_polls && state.tasks.any_ready() {
                let runnable = state.tasks.ready_names();
                return Err(self.finding(&state, Diagnosis::Livelock, runnable));
            }
            let State { tasks, choices, .. } = &mut *state;
            if let Some(running) = tasks.take_ready(choices) {
                state = self.step(state, running);
                if self.root.is_none() && (self.limits.allow_leaks || !state.panics.is_empty()) {
                    return Ok(());
                }
            } else if self.root.is_none() {
                return self.check_leaks(&state);
            } else if self.shared.advance(&mut state, &mut wakers) {
                drop(state);
                for waker in wakers.drain(..) {
                    self.shared.contain(|| None, || waker.wake());
                }
                state = self.shared.lock();
            } else {
                let waiting = state.tasks.names();
                return Err(self.finding(&state, Diagnosis::Deadlock, waiting));
            }
        }
    }

    /// Polls one task, outside of the lock.
    fn step(
        &mut self,
        mut state: MutexGuard<'a, State>,
        mut running: Running,
    ) -> MutexGuard<'a, State> {
        state.polls += 1;
        state.current = Some(running.id);
        drop(state);

        let polled = contain(|| self.poll(&mut running));
        if matches!(polled, Ok(Poll::Pending)) {
            let mut state = self.shared.lock();
            state.current = None;
            state.tasks.put_back(running);
            return state;
        }
        let Running { id, waker, work } = running;
        let name = || self.shared.lock().tasks.name(id);
        if let Err(panic) = polled {
            self.shared.note_panic(name(), panic);
        }
        let root = match work {
            Work::Root => self.root.take(),
            Work::Detached(_) => None,
        };
        self.shared.contain(name, || drop((work, root, waker)));
        let mut state = self.shared.lock();
        state.current = None;
        state.tasks.remove(id);
        state
    }

    fn poll(&mut self, running: &mut Running) -> Poll<()> {
        let mut cx = Context::from_waker(&running.waker);
        match (&mut running.work, &mut self.root) {
            (Work::Detached(future), _) => future.as_mut().poll(&mut cx),
            (Work::Root, Some(root)) => root.as_mut().poll(&mut cx),
            (Work::Root, None) => Poll::Ready(()),
        }
    }

    /// What is left when the scenario is done and nothing can run any more.
    fn check_leaks(&self, state: &State) -> Result<(), Finding> {
        let finding = self.finding(state, Diagnosis::Leak, state.tasks.names());
        if finding.tasks.is_empty() && finding.timers.is_empty() { Ok(()) } else { Err(finding) }
    }

    fn finding(&self, state: &State, diagnosis: Diagnosis, tasks: Vec<TaskName>) -> Finding {
        Finding {
            diagnosis,
            at: self.shared.now(),
            polls: state.polls,
            tasks,
            timers: state.timers.owners(),
            panics: Vec::new(),
        }
    }
}
