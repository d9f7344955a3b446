use std::sync::{Mutex, MutexGuard};

use mtaio_runtime::Instant;

use crate::limit::error::WeightError;
use crate::limit::waiting::{Gauge, Refused};
use crate::queue::lock;

/// What was admitted in the present window and in the one before.
pub(super) struct Counts {
    start: Instant,
    /// Nanoseconds a window.
    length: u64,
    limit: u32,
    /// Whether what is left of the window before counts, by the part of it that still lies within a
    /// window's length.
    slides: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The number of the present window.
    window: u64,
    present: u32,
    before: u32,
    is_waiting: bool,
}

impl Counts {
    pub(super) fn new(start: Instant, length: u64, limit: u32, slides: bool) -> Self {
        Self { start, length, limit, slides, state: Mutex::default() }
    }

    pub(super) const fn limit(&self) -> u32 {
        self.limit
    }

    /// The state at `now`, and how far into its window that is.
    fn at(&self, now: Instant) -> (MutexGuard<'_, State>, u64) {
        let since = now.as_nanos().saturating_sub(self.start.as_nanos());
        let (window, into) = (since / self.length, since % self.length);
        let mut state = lock(&self.state);
        if window < state.window {
            // Another thread has looked at its clock a little later.
            return (state, 0);
        }
        match window - state.window {
            0 => {}
            1 => (state.before, state.present) = (state.present, 0),
            _ => (state.before, state.present) = (0, 0),
        }
        state.window = window;
        (state, into)
    }

    /// What would be left at `now`, if nobody waited.
    pub(super) fn available(&self, now: Instant) -> u32 {
        let (state, into) = self.at(now);
        let past = u64::try_from(self.past(&state, into).div_ceil(u128::from(self.length)));
        let used = u64::from(state.present) + past.unwrap_or(u64::MAX);
        self.limit - u32::try_from(used).unwrap_or(u32::MAX).min(self.limit)
    }

    /// How much of the window before counts, times a window's length.
    fn past(&self, state: &State, into: u64) -> u128 {
        let part = if self.slides { self.length - into } else { 0 };
        u128::from(state.before) * u128::from(part)
    }

    fn admit(&self, state: &mut State, into: u64, weight: u32) -> Option<u64> {
        let used = u128::from(state.present) + u128::from(weight);
        let length = u128::from(self.length);
        if self.past(state, into) + used * length > u128::from(self.limit) * length {
            return None;
        }
        state.present += weight;
        Some(state.window)
    }

    /// The instant so far into a window.
    fn instant(&self, window: u64, into: u64) -> Instant {
        let since = window.saturating_mul(self.length).saturating_add(into);
        Instant::from_nanos(self.start.as_nanos().saturating_add(since))
    }
}

impl Gauge for Counts {
    /// The window in which it was admitted.
    type Ticket = u64;

    fn try_admit(&self, weight: u32, now: Instant) -> Result<u64, Refused> {
        WeightError::check(weight, self.limit).map_err(Refused::Weight)?;
        let (mut state, into) = self.at(now);
        if state.is_waiting {
            return Err(Refused::Limited);
        }
        self.admit(&mut state, into, weight).ok_or(Refused::Limited)
    }

    fn admit_first(&self, weight: u32, now: Instant) -> Option<u64> {
        let (mut state, into) = self.at(now);
        self.admit(&mut state, into, weight)
    }

    fn admit_waiting(&self, weight: u32, now: Instant) -> Option<u64> {
        self.admit_first(weight, now)
    }

    fn due(&self, weight: u64, now: Instant) -> Instant {
        let (state, into) = self.at(now);
        let all = u64::from(state.present).saturating_add(weight);
        let limit = u64::from(self.limit);
        if all > limit {
            // No window has room for more than the limit.
            return self.instant(state.window.saturating_add(all.div_ceil(limit) - 1), 0);
        }
        // Where the part of the window before that still counts leaves enough room.
        let room = u128::from(limit - all) * u128::from(self.length);
        let part = room.checked_div(u128::from(state.before)).unwrap_or(u128::MAX);
        let part = u64::try_from(part).unwrap_or(u64::MAX).min(self.length);
        let enough = if self.slides { self.length - part } else { 0 };
        self.instant(state.window, enough.max(into))
    }

    fn set_waiting(&self, waiting: bool) {
        lock(&self.state).is_waiting = waiting;
    }

    fn is_waiting(&self) -> bool {
        lock(&self.state).is_waiting
    }

    fn refund(&self, window: u64, weight: u32) {
        let mut state = lock(&self.state);
        if window == state.window {
            state.present = state.present.saturating_sub(weight);
        } else if window + 1 == state.window {
            state.before = state.before.saturating_sub(weight);
        }
    }
}
