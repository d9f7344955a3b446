use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Wake, Waker};

use mtaio_runtime::Runtime;

use super::state::{State, Word};
use super::stats::ConcurrencyStats;
use crate::contain::contain;
use crate::limit::error::{TryAcquireError, WeightError};
use crate::queue::{Wakes, lock};

/// What the handles of a limiter share.
///
/// While nobody waits, taking and giving back is one atomic operation each. As soon as somebody
/// does, the word is marked, and all goes through the line.
pub(in crate::limit) struct Core<R: Runtime> {
    rt: R,
    /// Drawn from the runtime, so that no two have the same, and a simulation repeats it.
    rank: u64,
    word: Word,
    state: Mutex<State<R>>,
    /// What the timer wakes: the limiter itself, so that it needs none of those who wait to tell
    /// the others.
    bell: Waker,
}

impl<R: Runtime> Core<R> {
    pub(super) fn new(rt: &R, limit: u32, heaviest: u32) -> Arc<Self> {
        Arc::new_cyclic(|core| Self {
            rt: rt.clone(),
            rank: rt.entropy() >> 1,
            word: Word::new(limit),
            state: Mutex::new(State::new(limit, heaviest)),
            bell: Waker::from(Arc::new(Bell { core: Weak::clone(core) })),
        })
    }

    pub(super) const fn runtime(&self) -> &R {
        &self.rt
    }

    pub(super) const fn rank(&self) -> u64 {
        self.rank
    }

    pub(super) const fn word(&self) -> &Word {
        &self.word
    }

    /// Takes `weight` if it is free and nobody waits.
    #[inline]
    pub(super) fn take(&self, weight: u32) -> bool {
        weight > 0 && self.word.take(weight)
    }

    #[inline]
    pub(super) fn try_take(&self, weight: u32) -> Result<(), TryAcquireError> {
        if self.take(weight) { Ok(()) } else { self.try_take_or_refuse(weight) }
    }

    #[cold]
    fn try_take_or_refuse(&self, weight: u32) -> Result<(), TryAcquireError> {
        let state = self.lock();
        WeightError::check(weight, state.heaviest)?;
        let taken = state.take(&self.word, weight);
        state.settle(&self.word);
        if taken { Ok(()) } else { Err(TryAcquireError::Limited { retry_after: None }) }
    }

    /// Gives `weight` back.
    #[inline]
    pub(super) fn give(&self, weight: u32) {
        if self.word.give(weight) {
            self.change(|_, _| ());
        }
    }

    /// Changes something, and grants what can be granted after that.
    #[cold]
    pub(super) fn change(&self, change: impl FnOnce(&mut State<R>, &mut Wakes)) {
        let mut wakes = Wakes::default();
        let mut state = self.lock();
        change(&mut state, &mut wakes);
        state.grant(&self.word, &mut wakes);
        drop(state);
        wakes.wake();
    }

    pub(super) fn set_limit(&self, limit: u32, heaviest: u32) {
        self.change(|state, wakes| state.set(&self.word, limit, heaviest, wakes));
    }

    /// Takes `weight`, which is out, off the limit.
    pub(super) fn write_off(&self, weight: u32) {
        self.change(|state, wakes| state.write_off(&self.word, weight, wakes));
    }

    /// Sees to the timer: that it is set to when the first time is up.
    #[cold]
    pub(super) fn tend(&self) {
        self.tend_and_wake(Wakes::default());
    }

    /// Last the wakes: one of them may panic, and the timer is for others.
    fn tend_and_wake(&self, mut wakes: Wakes) {
        loop {
            let mut state = self.lock();
            let due = state.first_due();
            state.timer.want(due);
            let Some(mut taken) = state.timer.take() else { break };
            drop(state);

            let is_set = taken.set(&self.rt, &self.bell);
            self.lock().timer.put_back(taken, is_set);
            if !is_set {
                self.expire(&mut wakes);
            }
        }
        wakes.wake();
    }

    /// Tells those whose time is up, and grants to those behind them.
    fn expire(&self, wakes: &mut Wakes) {
        let now = self.rt.now();
        let mut state = self.lock();
        state.expire(now, wakes);
        state.grant(&self.word, wakes);
    }

    /// The timer has rung.
    fn ring(&self) {
        let mut wakes = Wakes::default();
        self.lock().timer.rang();
        self.expire(&mut wakes);
        self.tend_and_wake(wakes);
    }

    pub(super) fn stats(&self) -> ConcurrencyStats {
        let state = self.lock();
        let State { limit, turned_away, elapsed, .. } = *state;
        let in_use = i64::from(limit) - self.word.free();
        ConcurrencyStats {
            limit,
            // Never less than zero, as nothing is given back that was not taken.
            in_use: u64::try_from(in_use).unwrap_or(0),
            waiting: state.line.waiting(),
            turned_away,
            elapsed,
        }
    }

    pub(super) fn limit(&self) -> u32 {
        self.lock().limit
    }

    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, State<R>> {
        lock(&self.state)
    }
}

/// What the timer wakes. The limiter may be gone by then.
struct Bell<R: Runtime> {
    core: Weak<Core<R>>,
}

impl<R: Runtime> Wake for Bell<R> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(core) = self.core.upgrade() {
            // It runs inside of the runtime, where a waker that panics is nobody's.
            if let Err(panic) = contain(|| core.ring()) {
                std::mem::forget(panic);
            }
        }
    }
}
