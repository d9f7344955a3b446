use std::task::{Poll, Waker};
use std::time::Duration;

use mtaio_runtime::{Instant, Runtime};

use super::core::Core;
use super::state::{Asked, State, Verdict};
use crate::limit::error::{AcquireError, WeightError};
use crate::time::{Deadline, Elapsed};

/// How many may wait, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) room: usize,
    pub(super) longest: Option<Duration>,
}

impl Patience {
    pub(super) const ENDLESS: Self = Self { room: usize::MAX, longest: None };
}

/// Somebody who asks for a weight, with a place in the line once that was in vain.
pub(super) struct Waiter {
    weight: u32,
    patience: Patience,
    place: Option<usize>,
    has_begun: bool,
    end: Option<End>,
}

/// When, and why, the time to wait is up.
#[derive(Clone, Copy)]
pub(in crate::limit) struct End {
    began: Instant,
    due: Instant,
    /// The inherited deadline, where it is not the longest wait.
    deadline: Option<Deadline>,
}

type Answer = Result<(), AcquireError>;

impl Waiter {
    pub(super) const fn new(weight: u32, patience: Patience) -> Self {
        Self { weight, patience, place: None, has_begun: false, end: None }
    }

    /// One who waits already, for something else, and has time until `end`.
    pub(super) const fn within(weight: u32, patience: Patience, end: Option<End>) -> Self {
        Self { weight, patience, place: None, has_begun: true, end }
    }

    /// What is granted is the caller's to give back.
    #[inline]
    pub(super) fn poll<R: Runtime>(&mut self, core: &Core<R>, waker: &Waker) -> Poll<Answer> {
        if self.place.is_none() && core.take(self.weight) {
            return Poll::Ready(Ok(()));
        }
        self.poll_wait(core, waker)
    }

    pub(super) const fn weight(&self) -> u32 {
        self.weight
    }

    #[cold]
    fn poll_wait<R: Runtime>(&mut self, core: &Core<R>, waker: &Waker) -> Poll<Answer> {
        let mut state = core.lock();
        if let Some(answer) = self.attempt(core, &mut state) {
            drop(state);
            return Poll::Ready(self.told(core, answer));
        }
        if state.line.knows(self.place, waker) {
            return Poll::Pending;
        }
        state.settle(core.word());
        drop(state);

        // Foreign code, which is not to run under the lock.
        let waker = waker.clone();
        if self.place.is_none() {
            if !self.has_begun {
                self.has_begun = true;
                self.end = self.patience.end(core.runtime());
            }
            if self.end.is_some_and(|end| end.due <= core.runtime().now()) {
                core.lock().elapsed += 1;
                return Poll::Ready(self.told(core, Verdict::Elapsed));
            }
        }

        let mut state = core.lock();
        if let Some(answer) = self.attempt(core, &mut state) {
            // Not while a waker is dropped.
            drop(state);
            return Poll::Ready(self.told(core, answer));
        }
        let due = self.end.map(|end| end.due);
        let is_new = self.place.is_none();
        let asked = Asked { weight: self.weight, due, verdict: Verdict::Granted };
        let replaced = state.line.wait_with(&mut self.place, waker, asked);
        if is_new && let (Some(place), Some(due)) = (self.place, due) {
            state.remember(place, due);
        }
        let is_timer_late = state.timer.is_late_for(due);
        drop(state);
        drop(replaced);
        if is_timer_late {
            core.tend();
        }
        Poll::Pending
    }

    /// What became of it by now; `None` is to wait.
    fn attempt<R: Runtime>(&mut self, core: &Core<R>, state: &mut State<R>) -> Option<Verdict> {
        if self.place.is_some() {
            return state.line.take(&mut self.place).map(|asked| asked.verdict);
        }
        if let Err(refused) = WeightError::check(self.weight, state.heaviest) {
            return Some(Verdict::TooHeavy(refused));
        }
        if state.take(core.word(), self.weight) {
            state.settle(core.word());
            return Some(Verdict::Granted);
        }
        let waiting = state.line.waiting();
        if waiting >= self.patience.room {
            state.settle(core.word());
            state.turned_away += 1;
            return Some(Verdict::Full { waiting });
        }
        None
    }

    fn told<R: Runtime>(&self, core: &Core<R>, verdict: Verdict) -> Answer {
        match (verdict, self.end) {
            (Verdict::Granted, _) => Ok(()),
            (Verdict::TooHeavy(refused), _) => Err(refused.into()),
            (Verdict::Full { waiting }, _) => Err(AcquireError::Full { waiting }),
            (Verdict::Elapsed, Some(end)) => Err(end.elapsed(core.runtime().now()).into()),
            (Verdict::Elapsed, None) => unreachable!("only a time that was given is up"),
        }
    }

    /// Gives up the place, or what was granted there.
    #[cold]
    pub(super) fn leave<R: Runtime>(&mut self, core: &Core<R>) {
        let mut state = core.lock();
        let granted = match state.line.take(&mut self.place) {
            Some(Asked { verdict: Verdict::Granted, weight, .. }) => weight,
            _ => 0,
        };
        let left = self.place.take().and_then(|place| {
            let due = state.line.asked(place).due;
            state.forget(place, due);
            state.line.leave(place)
        });
        drop(state);
        drop(left);
        // One that was first stands no longer in the way.
        core.word().give(granted);
        core.change(|_, _| ());
    }

    #[inline]
    pub(super) const fn is_waiting(&self) -> bool {
        self.place.is_some()
    }
}

impl Patience {
    /// When it is up for who begins to wait now.
    pub(super) fn end<R: Runtime>(self, rt: &R) -> Option<End> {
        let deadline = Deadline::current();
        if deadline.is_none() && self.longest.is_none() {
            return None;
        }
        let began = rt.now();
        let longest = self.longest.map(|longest| began.saturating_add(longest));
        let deadline =
            deadline.filter(|deadline| longest.is_none_or(|longest| deadline.instant() < longest));
        let due = deadline.map(|deadline| deadline.instant()).or(longest)?;
        Some(End { began, due, deadline })
    }
}

impl End {
    /// When it is.
    pub(in crate::limit) const fn due(self) -> Instant {
        self.due
    }

    /// It is over, and it is `now`.
    pub(in crate::limit) fn elapsed(self, now: Instant) -> Elapsed {
        let Self { began, due, deadline } = self;
        let limit = due.saturating_duration_since(began);
        let waited = now.saturating_duration_since(began);
        deadline.map_or_else(
            || Elapsed::timeout(limit, waited),
            |deadline| Elapsed::inherited(deadline, began, now),
        )
    }
}
