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
    /// Who has left, and waits to hear how it closed.
    leavers: usize,
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

    /// It is closed, as well as may be: for those who wait to hear of it. The answer is what nobody
    /// is told.
    fn close(&mut self, errors: Vec<PipelineError<E>>) -> Vec<PipelineError<E>> {
        self.phase = Phase::Closed;
        if self.leavers == 0 { errors } else { std::mem::replace(&mut self.close_errors, errors) }
    }

    /// Nobody gets in, and one of those who wait learns why. The answer is what it replaces.
    fn refuse(&mut self, error: PipelineError<E>) -> Option<PipelineError<E>> {
        self.phase = Phase::Closed;
        if self.holders == 0 { Some(error) } else { self.error.replace(error) }
    }
}

impl<C, E> Door<C, E> {
    pub(super) const fn new(link: C) -> Self {
        let phase = Phase::Closed;
        let state = State { phase, holders: 0, leavers: 0, error: None, close_errors: Vec::new() };
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
    is_out: bool,
    marker: std::marker::PhantomData<fn(In)>,
}

impl<In: Send + 'static, E: Send + 'static, C: Link<In, E> + 'static, R: Runtime>
    Holder<In, E, C, R>
{
    /// Comes in; the first sets up.
    pub(super) async fn enter(door: Arc<Door<C, E>>, rt: R) -> Result<Self, PipelineError<E>> {
        door.lock().holders += 1;
        let marker = std::marker::PhantomData;
        let holder = Self { door: Arc::clone(&door), rt, is_out: false, marker };
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
        let under_way = Some(if opens { Phase::Opening } else { Phase::Closing });
        let transition = Transition { door: Arc::clone(&self.door), under_way };
        if opens {
            let opening = async move { transition.open().await };
            self.rt.spawn_detached(TaskName::from("pipeline setup"), opening);
        } else {
            let closing = async move { transition.close().await };
            self.rt.spawn_detached(TaskName::from("pipeline close"), closing);
        }
    }

    /// Leaves; if that was the last, waits until all is closed, and answers the errors.
    pub(super) async fn leave(mut self) -> Vec<PipelineError<E>> {
        let leaver = Leaver::new(Arc::clone(&self.door));
        if !self.exit() {
            // Others keep it open, and what they come to is theirs.
            return Vec::new();
        }
        loop {
            let changed = leaver.0.changed.listen();
            if let Some(errors) = leaver.0.lock().closed() {
                return errors;
            }
            changed.await;
        }
    }

    /// Goes, once; whether that closes it.
    fn exit(&mut self) -> bool {
        if std::mem::replace(&mut self.is_out, true) {
            return false;
        }
        let mut state = self.door.lock();
        state.holders -= 1;
        if state.holders > 0 {
            return false;
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
        closes
    }
}

/// Somebody who has left and waits to hear how it closed.
struct Leaver<C, E>(Arc<Door<C, E>>);

impl<C, E> Leaver<C, E> {
    fn new(door: Arc<Door<C, E>>) -> Self {
        door.lock().leavers += 1;
        Self(door)
    }
}

impl<C, E> Drop for Leaver<C, E> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.leavers -= 1;
        let is_last = state.leavers == 0;
        let unheard = if is_last { std::mem::take(&mut state.close_errors) } else { Vec::new() };
        drop(state);
        drop(unheard);
    }
}

impl<In: Send + 'static, E: Send + 'static, C: Link<In, E> + 'static, R: Runtime> Drop
    for Holder<In, E, C, R>
{
    fn drop(&mut self) {
        self.exit();
    }
}

/// A setup or a close that runs; where it is dropped before its end, the runtime is gone.
struct Transition<C, E> {
    door: Arc<Door<C, E>>,
    /// What is under way; nothing any more at the end.
    under_way: Option<Phase>,
}

impl<C, E: Send> Transition<C, E> {
    async fn open<In: Send>(mut self)
    where
        C: Link<In, E>,
    {
        let result = self.door.link.setup().await;
        self.under_way = None;
        match result {
            Ok(()) => {
                let is_left = self.door.settle(|state| {
                    let is_left = state.holders == 0;
                    state.phase = if is_left { Phase::Closing } else { Phase::Open };
                    is_left
                });
                if is_left {
                    // All who wanted in have gone.
                    self.under_way = Some(Phase::Closing);
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
        self.under_way = None;
        drop(self.door.settle(|state| state.close(errors)));
    }
}

impl<C, E> Drop for Transition<C, E> {
    fn drop(&mut self) {
        match self.under_way {
            Some(Phase::Closing) => {
                let gone = vec![PipelineError::RuntimeGone];
                drop(self.door.settle(|state| state.close(gone)));
            }
            Some(_) => drop(self.door.settle(|state| state.refuse(PipelineError::RuntimeGone))),
            None => {}
        }
    }
}

impl<C, E> fmt::Debug for Door<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").field("phase", &self.lock().phase).finish_non_exhaustive()
    }
}
