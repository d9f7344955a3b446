use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use triomphe::Arc;

use super::error::{JoinError, discard};
use crate::Ambient;

/// Where a task's two ends meet: the future that a runtime polls, and the [`Task`](super::Task).
///
/// Wakers and values are foreign code: they are cloned, woken and dropped outside of the lock.
pub(super) struct Cell<T> {
    /// Read at each poll without the lock; written before the lock is taken, so that either the
    /// aborter finds the waker of a pending future or that future finds the flag.
    aborted: AtomicBool,
    /// What the task inherited.
    ambient: Ambient,
    /// Which waker is in `state.worker`. Only the working end asks, so that it needs no lock to see
    /// that its waker is the same as ever.
    registered: WakerIdentity,
    state: Mutex<State<T>>,
}

struct State<T> {
    outcome: Outcome<T>,
    /// Wakes who waits for the outcome.
    joiner: Option<Waker>,
    /// Wakes the future, to be told that it was aborted.
    worker: Option<Waker>,
}

enum Outcome<T> {
    /// Still running, and somebody may ask for the result.
    Awaited,
    /// Still running, and nobody will.
    Unwanted,
    Done(Result<T, JoinError>),
    /// Ended, with nothing left to tell.
    Gone,
}

/// What tells a waker from the others that exist, as [`Waker::will_wake`] does. It says nothing of
/// one that is gone: the cell keeps the waker that it knows.
#[derive(Default)]
struct WakerIdentity {
    data: AtomicUsize,
    vtable: AtomicUsize,
}

impl WakerIdentity {
    fn is(&self, waker: &Waker) -> bool {
        self.data.load(Ordering::Relaxed) == waker.data().addr()
            && self.vtable.load(Ordering::Relaxed) == ptr::from_ref(waker.vtable()).addr()
    }

    fn set(&self, waker: &Waker) {
        self.data.store(waker.data().addr(), Ordering::Relaxed);
        self.vtable.store(ptr::from_ref(waker.vtable()).addr(), Ordering::Relaxed);
    }
}

impl<T> Cell<T> {
    pub(super) fn new() -> Self {
        Self {
            aborted: AtomicBool::new(false),
            ambient: Ambient::current(),
            registered: WakerIdentity::default(),
            state: Mutex::new(State { outcome: Outcome::Awaited, joiner: None, worker: None }),
        }
    }

    pub(super) const fn ambient(&self) -> &Ambient {
        &self.ambient
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.aborted.load(Ordering::Acquire)
    }

    /// Notes whom an abort has to wake; false when the abort is here already.
    pub(super) fn register_worker(&self, waker: &Waker) -> bool {
        if self.registered.is(waker) {
            return true;
        }
        let waker = waker.clone();
        self.registered.set(&waker);
        let replaced = self.lock().worker.replace(waker);
        drop(replaced);
        !self.is_aborted()
    }

    /// Publishes how the task ended. The first outcome stays.
    ///
    /// It takes the working end's share of the cell and gives it up before it wakes the joiner, who
    /// then finds the cell its own.
    #[inline]
    pub(super) fn finish(cell: Arc<Self>, result: Result<T, JoinError>) {
        let mut state = cell.lock();
        let unwanted = match state.outcome {
            Outcome::Awaited => {
                state.outcome = Outcome::Done(result);
                None
            }
            Outcome::Unwanted => {
                state.outcome = Outcome::Gone;
                Some(result)
            }
            Outcome::Done(_) | Outcome::Gone => Some(result),
        };
        let (joiner, worker) = (state.joiner.take(), state.worker.take());
        drop(state);
        drop(worker);
        drop(cell);
        if let Some(joiner) = joiner {
            joiner.wake();
        }
        if let Some(unwanted) = unwanted {
            // Nobody will hear of a value whose destructor panics, and the runtime must not.
            discard(unwanted);
        }
    }

    /// The result, when `cell` is the only share left: no lock is needed then.
    #[inline]
    pub(super) fn into_result(cell: Arc<Self>) -> Option<Result<T, JoinError>> {
        let state = Arc::try_unwrap(cell).ok()?.state.into_inner();
        match state.unwrap_or_else(PoisonError::into_inner).outcome {
            Outcome::Done(result) => Some(result),
            Outcome::Awaited | Outcome::Unwanted | Outcome::Gone => None,
        }
    }

    /// Takes the outcome, or leaves the waker. At the `first` poll there is none yet, so it is cloned
    /// beforehand, and the lock taken once.
    #[inline]
    pub(super) fn poll_join(&self, cx: &Context<'_>, first: bool) -> Poll<Result<T, JoinError>> {
        let mut joiner = first.then(|| cx.waker().clone());
        loop {
            let mut state = self.lock();
            if let Some(result) = state.take_result() {
                return Poll::Ready(result);
            }
            if state.joiner.as_ref().is_some_and(|joiner| joiner.will_wake(cx.waker())) {
                return Poll::Pending;
            }
            if let Some(joiner) = joiner.take() {
                let replaced = state.joiner.replace(joiner);
                drop(state);
                drop(replaced);
                return Poll::Pending;
            }
            drop(state);
            // It may have ended until the lock is taken again.
            joiner = Some(cx.waker().clone());
        }
    }

    /// Gives up the outcome; one that is there already is dropped here.
    pub(super) fn forget_outcome(&self) {
        let mut state = self.lock();
        let left = match state.outcome {
            Outcome::Awaited | Outcome::Unwanted => Outcome::Unwanted,
            Outcome::Done(_) | Outcome::Gone => Outcome::Gone,
        };
        let outcome = mem::replace(&mut state.outcome, left);
        let joiner = state.joiner.take();
        drop(state);
        drop((outcome, joiner));
    }

    /// Asks the future to be dropped at its next poll, and wakes it for that.
    pub(super) fn abort(&self) {
        self.aborted.store(true, Ordering::Release);
        // Once is enough: the poll that this leads to is the last.
        let worker = self.lock().worker.take();
        if let Some(worker) = worker {
            worker.wake();
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        matches!(self.lock().outcome, Outcome::Done(_) | Outcome::Gone)
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    #[inline]
    fn take_result(&mut self) -> Option<Result<T, JoinError>> {
        // Looked at first: a value that may be large is moved only when it is there.
        if !matches!(self.outcome, Outcome::Done(_)) {
            return None;
        }
        match mem::replace(&mut self.outcome, Outcome::Gone) {
            Outcome::Done(result) => Some(result),
            _ => unreachable!("matched above, under the same lock"),
        }
    }
}

/// A [`Cell`] seen by those who don't know the task's value.
pub(super) trait Abort: Send + Sync {
    fn abort(&self);
    fn is_finished(&self) -> bool;
}

impl<T: Send> Abort for Cell<T> {
    fn abort(&self) {
        Self::abort(self);
    }

    fn is_finished(&self) -> bool {
        Self::is_finished(self)
    }
}
