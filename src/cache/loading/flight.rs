use std::mem;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use mtaio_runtime::Instant;

use super::flights::Landed;
use crate::queue::{Line, Wakes};

/// How many of those who wait for a leader keep a timer for it: one of them may be forgotten, too.
const WATCHERS: usize = 2;

/// The load of a key, and who wants to know what it comes to.
pub(super) struct Flight<K, V> {
    pub(super) key: K,
    pub(super) hash: u32,
    /// Whether its key is as it was when this began.
    pub(super) is_listed: bool,
    is_led: bool,
    /// The number of the last lead: one of before has been superseded.
    lead: u32,
    /// Who leads, waits, holds a lease, or has not seen yet what it came to.
    members: usize,
    line: Line,
    watchers: usize,
    /// Since when the one who leads is watched.
    watched_since: Option<Instant>,
    landed: Option<Landed<V>>,
}

/// Who is aboard of a flight.
pub(super) struct Ticket {
    pub(super) flight: usize,
    /// Where it waits in line.
    place: Option<usize>,
    watches: bool,
    pub(super) is_aboard: bool,
}

/// What who waits is told.
pub(super) enum Turn<V> {
    Landed(Landed<V>),
    /// The lead, by its number.
    Lead(u32),
}

/// What comes of a look at the clock.
pub(super) enum Watch {
    /// There is nothing to do before this.
    Until(Instant),
    /// It has taken too long: the lead is now the watcher's.
    Lead(u32),
    /// Others watch.
    No,
}

impl Ticket {
    pub(super) const fn new(flight: usize) -> Self {
        Self { flight, place: None, watches: false, is_aboard: true }
    }
}

impl<K, V> Flight<K, V> {
    /// One with a member, and without a leader.
    pub(super) const fn new(key: K, hash: u32) -> Self {
        Self {
            key,
            hash,
            is_listed: true,
            is_led: false,
            lead: 0,
            members: 1,
            line: Line::new(),
            watchers: 0,
            watched_since: None,
            landed: None,
        }
    }

    /// One more is aboard.
    pub(super) const fn join(&mut self) {
        self.members += 1;
    }

    /// Gives the lead to one who has just come aboard, if it is to be had.
    pub(super) fn lead(&mut self) -> Option<u32> {
        let is_free = !self.is_led && self.line.turns() == 0 && self.line.waiting() == 0;
        is_free.then(|| self.begin_lead())
    }

    /// What the one with this `ticket` is told, if there is something.
    pub(super) fn turn(&mut self, ticket: &mut Ticket, wakes: &mut Wakes) -> Option<Turn<V>> {
        if let Some(landed) = &self.landed {
            return Some(Turn::Landed(Arc::clone(landed)));
        }
        let is_free = !self.is_led && self.line.turns() == 0 && self.line.waiting() == 0;
        // Who is called while another leads is to watch, and waits on.
        if self.line.take_turn(&mut ticket.place, is_free) && !self.is_led {
            self.end_watch(ticket);
            self.call_watchers(wakes);
            return Some(Turn::Lead(self.begin_lead()));
        }
        None
    }

    /// Whether the one with this `ticket` waits for `waker` to be woken already.
    pub(super) fn knows(&self, ticket: &Ticket, waker: &Waker) -> bool {
        self.line.knows(ticket.place, waker)
    }

    /// Waits in line. The answer is to be dropped without the lock.
    pub(super) fn wait(&mut self, ticket: &mut Ticket, waker: Waker) -> Option<Waker> {
        self.line.wait(&mut ticket.place, waker)
    }

    /// Whether the one with this `ticket`, who waits, watches who leads, or should.
    pub(super) const fn wants_watch(&self, ticket: &Ticket) -> bool {
        ticket.watches || self.watchers < WATCHERS
    }

    /// Watches who leads. The waker is its own, and to be dropped without the lock.
    pub(super) fn watch(
        &mut self,
        ticket: &mut Ticket,
        now: Instant,
        patience: Duration,
        wakes: &mut Wakes,
    ) -> (Watch, Option<Waker>) {
        if self.landed.is_some() || !self.wants_watch(ticket) {
            return (Watch::No, None);
        }
        if !mem::replace(&mut ticket.watches, true) {
            self.watchers += 1;
        }
        let due = *self.watched_since.get_or_insert(now) + patience;
        if now < due {
            return (Watch::Until(due), None);
        }
        let own = ticket.place.take().and_then(|place| self.line.leave(place));
        self.end_watch(ticket);
        self.call_watchers(wakes);
        (Watch::Lead(self.begin_lead()), own)
    }

    /// Tells all who wait what the lead with this number came to: the first that succeeded, or the
    /// failure of one that was not superseded.
    pub(super) fn land(&mut self, lead: u32, landed: Landed<V>, wakes: &mut Wakes) {
        if self.landed.is_none() && self.is_word_of(lead, &landed) {
            self.landed = Some(landed);
            self.line.end(wakes);
        }
    }

    /// Whether what a lead came to is for all.
    pub(super) fn is_word_of(&self, lead: u32, landed: &Landed<V>) -> bool {
        landed.is_ok() || lead == self.lead
    }

    /// Gives up the lead with this number; the answer is whom to wake, who is to take it.
    pub(super) fn abandon(&mut self, lead: u32) -> Option<Waker> {
        if lead != self.lead {
            return None;
        }
        self.is_led = false;
        self.line.call()
    }

    /// Goes; whether nobody is left aboard. The waker is its own, and to be dropped without the lock.
    pub(super) fn leave(
        &mut self,
        ticket: &mut Ticket,
        wakes: &mut Wakes,
    ) -> (bool, Option<Waker>) {
        self.members -= 1;
        ticket.is_aboard = false;
        let mut own = None;
        // Where it has landed, places are void.
        if self.landed.is_none() {
            // First, or it would be itself who is called.
            let place = ticket.place.take();
            own = place.and_then(|place| self.line.leave(place));
            // A turn that is given up is the next one's.
            if place.is_some() && own.is_none() {
                self.line.call_many(1, wakes);
            }
            if self.end_watch(ticket) {
                self.call_watchers(wakes);
            }
        }
        (self.members == 0, own)
    }

    const fn begin_lead(&mut self) -> u32 {
        self.is_led = true;
        self.lead = self.lead.wrapping_add(1);
        self.watched_since = None;
        self.lead
    }

    /// Watches no more; whether it did.
    const fn end_watch(&mut self, ticket: &mut Ticket) -> bool {
        let watched = mem::replace(&mut ticket.watches, false);
        if watched {
            self.watchers -= 1;
        }
        watched
    }

    /// Gives some a turn to watch who leads, if too few do: one of them may be forgotten.
    fn call_watchers(&mut self, wakes: &mut Wakes) {
        if self.watchers < WATCHERS {
            self.line.call_many(WATCHERS, wakes);
        }
    }
}
