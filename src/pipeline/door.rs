use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_listener::Event;
use mtaio_runtime::{Runtime, TaskName};

use super::error::PipelineError;
use super::link::Link;

/// Sets up a pipeline's stages for the first who comes, and closes them after the last who leaves.
///
/// Both run as tasks of their own, so that nobody who is dropped leaves a stage half set up.
pub(super) struct Door<C, E> {
    pub(super) link: C,
    state: Mutex<State<E>>,
    changed: Event,
}

struct State<E> {
    phase: Phase,
    /// Who is inside, or waits to be.
    holders: usize,
    /// Why the setup failed, for one of those who wait.
    error: Option<PipelineError<E>>,
    close_errors: Vec<PipelineError<E>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    Opening,
    Open,
    Closing,
}

impl<E> State<E> {
    /// What there is to do for who wants in; who sees that it is closed opens it.
    fn look(&mut self) -> Result<Phase, PipelineError<E>> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let phase = self.phase;
        if phase == Phase::Closed {
            self.phase = Phase::Opening;
        }
        Ok(phase)
    }

    /// The errors of the close, unless it goes on.
    fn closed(&mut self) -> Option<Vec<PipelineError<E>>> {
        (self.phase != Phase::Closing).then(|| std::mem::take(&mut self.close_errors))
    }

    /// Nobody gets in, and one of those who wait learns why. The answer is what it replaces.
    fn refuse(&mut self, error: PipelineError<E>) -> Option<PipelineError<E>> {
        self.phase = Phase::Closed;
        if self.holders == 0 { Some(error) } else { self.error.replace(error) }
    }
}

impl<C, E> Door<C, E> {
    pub(super) const fn new(link: C) -> Self {
        let state =
            State { phase: Phase::Closed, holders: 0, error: None, close_errors: Vec::new() };
        Self { link, state: Mutex::new(state), changed: Event::new() }
    }

    pub(super) fn is_open(&self) -> bool {
        self.lock().phase == Phase::Open
    }

    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a transition, and lets those who wait look again.
    /// (What was there is answered, for its errors to be dropped without the lock.)
    fn settle<T>(&self, change: impl FnOnce(&mut State<E>) -> T) -> T {
        let replaced = change(&mut self.lock());
        self.changed.notify(usize::MAX);
        replaced
    }
}

/// Somebody inside, or on the way in.
pub(super) struct Holder<
    In: Send + 'static,
    E: Send + 'static,
    C: Link<In, E> + 'static,
    R: Runtime,
> {
    door: Arc<Door<C, E>>,
    rt: R,
    marker: std::marker::PhantomData<fn(In)>,
}

impl<In: Send + 'static, E: Send + 'static, C: Link<In, E> + 'static, R: Runtime>
    Holder<In, E, C, R>
{
    /// Comes in; the first sets up.
    pub(super) async fn enter(door: Arc<Door<C, E>>, rt: R) -> Result<Self, PipelineError<E>> {
        door.lock().holders += 1;
        let holder = Self { door: Arc::clone(&door), rt, marker: std::marker::PhantomData };
        loop {
            let changed = door.changed.listen();
            let phase = door.lock().look()?;
            match phase {
                Phase::Open => return Ok(holder),
                Phase::Closed => holder.start(true),
                Phase::Opening | Phase::Closing => {}
            }
            changed.await;
        }
    }

    /// What it is a holder of.
    pub(super) fn link(&self) -> &C {
        &self.door.link
    }

    /// Begins to set up, or to close.
    fn start(&self, opens: bool) {
        let transition = Transition { door: Arc::clone(&self.door), is_done: false };
        if opens {
            let opening = async move { transition.open().await };
            self.rt.spawn_detached(TaskName::from("pipeline setup"), opening);
        } else {
            let closing = async move { transition.close().await };
            self.rt.spawn_detached(TaskName::from("pipeline close"), closing);
        }
    }

    /// Leaves; if that was the last, waits until all is closed, and answers the errors.
    pub(super) async fn leave(self) -> Vec<PipelineError<E>> {
        let door = Arc::clone(&self.door);
        drop(self);
        loop {
            let changed = door.changed.listen();
            if let Some(errors) = door.lock().closed() {
                return errors;
            }
            changed.await;
        }
    }
}

impl<In: Send + 'static, E: Send + 'static, C: Link<In, E> + 'static, R: Runtime> Drop
    for Holder<In, E, C, R>
{
    fn drop(&mut self) {
        let mut state = self.door.lock();
        state.holders -= 1;
        if state.holders > 0 {
            return;
        }
        let unheard = state.error.take();
        let closes = state.phase == Phase::Open;
        if closes {
            state.phase = Phase::Closing;
        }
        drop(state);
        drop(unheard);
        if closes {
            self.start(false);
        }
    }
}

/// A setup or a close that runs; where it is dropped before its end, the runtime is gone.
struct Transition<C, E> {
    door: Arc<Door<C, E>>,
    is_done: bool,
}

impl<C, E: Send> Transition<C, E> {
    async fn open<In: Send>(mut self)
    where
        C: Link<In, E>,
    {
        let result = self.door.link.setup().await;
        self.is_done = true;
        match result {
            Ok(()) => {
                let is_left = self.door.settle(|state| {
                    let is_left = state.holders == 0;
                    state.phase = if is_left { Phase::Closing } else { Phase::Open };
                    is_left
                });
                if is_left {
                    // All who wanted in have gone.
                    self.is_done = false;
                    self.close().await;
                }
            }
            Err(error) => drop(self.door.settle(|state| state.refuse(error))),
        }
    }

    async fn close<In: Send>(mut self)
    where
        C: Link<In, E>,
    {
        let mut errors = Vec::new();
        self.door.link.close(&mut errors).await;
        self.is_done = true;
        drop(self.door.settle(|state| {
            state.phase = Phase::Closed;
            std::mem::replace(&mut state.close_errors, errors)
        }));
    }
}

impl<C, E> Drop for Transition<C, E> {
    fn drop(&mut self) {
        if !self.is_done {
            drop(self.door.settle(|state| state.refuse(PipelineError::RuntimeGone)));
        }
    }
}

impl<C, E> fmt::Debug for Door<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").field("phase", &self.lock().phase).finish_non_exhaustive()
    }
}
