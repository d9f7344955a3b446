use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::task::{Poll, Wake, Waker};

use mtaio_runtime::{Instant, Runtime, Sleep};

use super::gauge::{Gauge, Refused};
use super::timer::Timer;
use crate::contain::{contain, discard};
use crate::limit::error::{AcquireError, TryAcquireError};
use crate::queue::{Line, Wakes, lock};
use crate::time::{Deadline, Elapsed};

/// A [`Gauge`], and those who wait for it. See the [module](super).
pub(in crate::limit) struct Room<G: Gauge, R: Runtime> {
    gauge: G,
    rt: R,
    state: Mutex<State<G::Ticket, R::Sleep>>,
    /// Wakes the room, without keeping it alive.
    bell: OnceLock<Waker>,
}

struct State<T, S> {
    line: Line<Asked<T>>,
    /// The weight of all who wait for a turn.
    queued: u64,
    /// Until when those wait who don't wait for ever, with their places.
    deadlines: BTreeSet<(Instant, usize)>,
    timer: Timer<S>,
}

/// What one who waits leaves at its place.
struct Asked<T> {
    weight: u32,
    since: Instant,
    deadline: Option<Deadline>,
    turn: Turn<T>,
}

/// What a turn is good for.
#[derive(Clone, Copy)]
enum Turn<T> {
    /// It has not come yet.
    None,
    /// Admitted.
    Admitted(T),
    /// The time to wait is up.
    Late(Elapsed),
}

impl<G: Gauge, R: Runtime> Room<G, R> {
    pub(in crate::limit) fn new(rt: R, gauge: G) -> Arc<Self> {
        let (line, deadlines, timer) = (Line::new(), BTreeSet::new(), Timer::new());
        let state = Mutex::new(State { line, queued: 0, deadlines, timer });
        Arc::new(Self { gauge, rt, state, bell: OnceLock::new() })
    }

    #[inline]
    pub(in crate::limit) const fn gauge(&self) -> &G {
        &self.gauge
    }

    #[inline]
    pub(in crate::limit) const fn runtime(&self) -> &R {
        &self.rt
    }

    /// How many wait.
    pub(in crate::limit) fn waiting(&self) -> usize {
        lock(&self.state).line.waiting()
    }

    #[inline]
    pub(in crate::limit) fn try_acquire(
        &self,
        weight: u32,
        now: Instant,
    ) -> Result<G::Ticket, TryAcquireError> {
        self.gauge.try_admit(weight, now).map_err(|refused| self.refusal(refused, weight, now))
    }

    #[cold]
    fn refusal(&self, refused: Refused, weight: u32, now: Instant) -> TryAcquireError {
        match refused {
            Refused::Weight(error) => error.into(),
            Refused::Limited => {
                let queued = lock(&self.state).queued;
                let due = self.gauge.due(queued + u64::from(weight), now);
                TryAcquireError::Limited { retry_after: Some(due - now) }
            }
        }
    }

    pub(in crate::limit) fn refund(self: &Arc<Self>, ticket: G::Ticket, weight: u32) {
        self.gauge.refund(ticket, weight);
        if self.gauge.is_waiting() {
            self.pump();
        }
    }

    /// The first poll of one who wants to be admitted: takes a `place` if it has to wait.
    pub(super) fn poll_first(
        self: &Arc<Self>,
        place: &mut Option<usize>,
        weight: u32,
        waker: &Waker,
    ) -> Poll<Result<G::Ticket, AcquireError>> {
        let now = self.rt.now();
        match self.gauge.try_admit(weight, now) {
            Ok(ticket) => Poll::Ready(Ok(ticket)),
            Err(Refused::Weight(error)) => Poll::Ready(Err(error.into())),
            Err(Refused::Limited) => self.enter(place, weight, waker.clone(), now),
        }
    }

    #[cold]
    fn enter(
        self: &Arc<Self>,
        place: &mut Option<usize>,
        weight: u32,
        waker: Waker,
        now: Instant,
    ) -> Poll<Result<G::Ticket, AcquireError>> {
        let deadline = Deadline::current();
        let mut state = lock(&self.state);
        let is_first = state.line.waiting() == 0;
        if is_first {
            // From here on nobody else is admitted, so what is refused now waits.
            self.gauge.set_waiting(true);
            if let Some(ticket) = self.gauge.admit_first(weight, now) {
                self.gauge.set_waiting(false);
                drop(state);
                discard(waker);
                return Poll::Ready(Ok(ticket));
            }
        }
        let due = self.gauge.due(state.queued + u64::from(weight), now);
        if let Some(deadline) = deadline.filter(|deadline| due > deadline.instant()) {
            if is_first {
                self.gauge.set_waiting(false);
            }
            drop(state);
            discard(waker);
            return Poll::Ready(Err(Elapsed::inherited(deadline, now, now).into()));
        }
        let asked = Asked { weight, since: now, deadline, turn: Turn::None };
        // Whoever has no place replaces no waker.
        let _none = state.line.wait_with(place, waker, asked);
        state.queued += u64::from(weight);
        if let (Some(deadline), Some(place)) = (deadline, *place) {
            state.deadlines.insert((deadline.instant(), place));
        }
        let wanted = self.next(&state, now);
        state.timer.want(wanted);
        drop(state);
        if !self.set_timer() {
            self.pump();
        }
        Poll::Pending
    }

    /// A later poll.
    pub(super) fn poll_again(
        &self,
        place: &mut Option<usize>,
        waker: &Waker,
    ) -> Poll<Result<G::Ticket, AcquireError>> {
        let mut state = lock(&self.state);
        if let Some(turn) = state.take_turn(place) {
            return Poll::Ready(turn);
        }
        if state.line.knows(*place, waker) {
            return Poll::Pending;
        }
        drop(state);

        let waker = waker.clone();
        let mut state = lock(&self.state);
        if let Some(turn) = state.take_turn(place) {
            // Not while a waker is dropped.
            drop(state);
            return Poll::Ready(turn);
        }
        let Some(held) = *place else { return Poll::Pending };
        let replaced = state.line.replace_waker(held, waker);
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    /// Gives up a place, and what was granted there.
    pub(super) fn leave(self: &Arc<Self>, place: usize) {
        let mut state = lock(&self.state);
        let &mut Asked { weight, deadline, turn, .. } = state.line.asked(place);
        let was_first = state.line.first_place() == Some(place);
        let waker = state.line.leave(place);
        let was_admitted = match turn {
            Turn::None => {
                state.no_longer_waits(weight, deadline, place);
                false
            }
            Turn::Admitted(ticket) => {
                self.gauge.refund(ticket, weight);
                true
            }
            Turn::Late(_) => false,
        };
        drop(state);
        if was_first || was_admitted {
            self.pump();
        }
        drop(waker);
    }

    /// Lets in whoever is due, sends away whose time is up, and sets the timer for the next.
    pub(in crate::limit) fn pump(self: &Arc<Self>) {
        let mut wakes = Wakes::default();
        loop {
            let now = self.rt.now();
            self.call(&mut lock(&self.state), now, &mut wakes);
            if self.set_timer() {
                break;
            }
        }
        wakes.wake();
    }

    fn call(&self, state: &mut State<G::Ticket, R::Sleep>, now: Instant, wakes: &mut Wakes) {
        while let Some(place) = state.line.first_place() {
            let weight = state.line.asked(place).weight;
            let Some(ticket) = self.gauge.admit_waiting(weight, now) else { break };
            state.call(place, Turn::Admitted(ticket), wakes);
        }
        while let Some(&(instant, place)) = state.deadlines.first() {
            let &mut Asked { since, deadline, .. } = state.line.asked(place);
            let Some(deadline) = deadline.filter(|_| instant <= now) else { break };
            state.call(place, Turn::Late(Elapsed::inherited(deadline, since, now)), wakes);
        }
        if state.line.waiting() == 0 {
            self.gauge.set_waiting(false);
        }
        let wanted = self.next(state, now);
        state.timer.want(wanted);
    }

    /// When there will be something to do.
    fn next(&self, state: &State<G::Ticket, R::Sleep>, now: Instant) -> Option<Instant> {
        let due = self.gauge.due(state.line.first()?.weight.into(), now);
        let deadline = state.deadlines.first().map(|&(deadline, _)| deadline);
        Some(deadline.map_or(due, |deadline| deadline.min(due)))
    }

    /// Sets the timer for what is wanted of it. The answer is false if that has come already.
    fn set_timer(self: &Arc<Self>) -> bool {
        loop {
            let taken = lock(&self.state).timer.take();
            let Some(mut taken) = taken else { return true };
            let is_set = taken.set(&self.rt, self.bell());
            lock(&self.state).timer.put_back(taken, is_set);
            if !is_set {
                return false;
            }
        }
    }

    fn bell(self: &Arc<Self>) -> &Waker {
        self.bell.get_or_init(|| Waker::from(Arc::new(Bell(Arc::downgrade(self)))))
    }
}

impl<T: Copy, S: Sleep> State<T, S> {
    /// Gives the one at `place` a turn.
    fn call(&mut self, place: usize, turn: Turn<T>, wakes: &mut Wakes) {
        let asked = self.line.asked(place);
        asked.turn = turn;
        let (weight, deadline) = (asked.weight, asked.deadline);
        if let Some(waker) = self.line.call_at(place) {
            wakes.push(waker);
        }
        self.no_longer_waits(weight, deadline, place);
    }

    fn no_longer_waits(&mut self, weight: u32, deadline: Option<Deadline>, place: usize) {
        self.queued -= u64::from(weight);
        if let Some(deadline) = deadline {
            self.deadlines.remove(&(deadline.instant(), place));
        }
    }

    fn take_turn(&mut self, place: &mut Option<usize>) -> Option<Result<T, AcquireError>> {
        let turn = self.line.asked((*place)?).turn;
        self.line.take_turn(place, false);
        match turn {
            Turn::None => None,
            Turn::Admitted(ticket) => Some(Ok(ticket)),
            Turn::Late(elapsed) => Some(Err(elapsed.into())),
        }
    }
}

/// What the timer wakes.
struct Bell<G: Gauge, R: Runtime>(Weak<Room<G, R>>);

impl<G: Gauge, R: Runtime> Wake for Bell<G, R> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(room) = self.0.upgrade() {
            lock(&room.state).timer.rang();
            // It runs inside of the runtime, where a waker that panics is nobody's.
            if let Err(panic) = contain(|| room.pump()) {
                std::mem::forget(panic);
            }
        }
    }
}
