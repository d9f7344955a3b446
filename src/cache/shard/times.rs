use mtaio_runtime::Instant;

/// Until when an entry holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// From here on it is expired.
    pub(crate) deadline: Instant,
    /// As `deadline`, however often it is used.
    pub(crate) at_most: Instant,
    /// From here on it is worth a refresh.
    pub(crate) refresh: Instant,
}

/// What a cache's times have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// How long an entry lives that nobody uses, in nanoseconds.
    pub(crate) idle: Option<u64>,
    /// How long an expired entry is kept in case that nothing better is to be had.
    pub(crate) grace: u64,
    /// Whether entries are refreshed before they expire.
    pub(crate) has_refresh: bool,
}

/// The times of each slot, in arrays that are empty until one of them has a time.
#[repr(C)]
pub(crate) struct Times {
    deadlines: Vec<u64>,
    timing: Timing,
    at_most: Vec<u64>,
    refresh: Vec<u64>,
    /// No deadline is before this.
    earliest: u64,
    /// A sweep goes from the last slot to the first, in steps: how many are left, and the earliest
    /// deadline of those that were seen or set meanwhile.
    left: usize,
    seen: u64,
}

const NEVER: u64 = u64::MAX;

impl Times {
    pub(crate) fn new(timing: Timing) -> Self {
        let (deadlines, at_most, refresh) = (Vec::new(), Vec::new(), Vec::new());
        Self { timing, deadlines, at_most, refresh, earliest: NEVER, left: 0, seen: NEVER }
    }

    /// Whether some entry has a time.
    #[inline]
    pub(crate) const fn is_used(&self) -> bool {
        !self.deadlines.is_empty()
    }

    #[inline]
    pub(crate) fn is_expired(&self, slot: u32, now: Instant) -> bool {
        self.deadlines.get(slot as usize).is_some_and(|deadline| *deadline <= now.as_nanos())
    }

    /// Whether not even one who takes what is stale is to have it.
    pub(crate) fn is_over(&self, slot: u32, now: Instant) -> bool {
        self.deadlines.get(slot as usize).is_some_and(|deadline| self.is_past(*deadline, now))
    }

    /// For how long `slot` has been expired.
    pub(crate) fn staleness(&self, slot: u32, now: Instant) -> u64 {
        let deadline = self.deadlines.get(slot as usize).copied().unwrap_or(NEVER);
        now.as_nanos().saturating_sub(deadline)
    }

    pub(crate) fn wants_refresh(&self, slot: u32, now: Instant) -> bool {
        self.refresh.get(slot as usize).is_some_and(|refresh| *refresh <= now.as_nanos())
    }

    /// Notes that `slot` was used.
    pub(crate) fn used(&mut self, slot: u32, now: Instant) {
        let Some(idle) = self.timing.idle else { return };
        let (Some(deadline), Some(at_most)) =
            (self.deadlines.get_mut(slot as usize), self.at_most.get(slot as usize))
        else {
            return;
        };
        // The clock of who comes late is not to take time away again.
        *deadline = now.as_nanos().saturating_add(idle).min(*at_most).max(*deadline);
    }

    pub(crate) fn reserve(&mut self, more: usize) {
        if self.is_used() {
            self.deadlines.reserve_exact(more);
            self.at_most.reserve_exact(if self.timing.idle.is_some() { more } else { 0 });
            self.refresh.reserve_exact(if self.timing.has_refresh { more } else { 0 });
        }
    }

    /// Sets the times of `slot`, one of `slots`.
    pub(crate) fn set(&mut self, slot: u32, span: &Span, slots: usize, most: usize) {
        let place = slot as usize;
        if self.deadlines.is_empty() {
            if span.deadline == Instant::MAX {
                return;
            }
            self.begin(slots, most);
        }
        let deadline = span.deadline.as_nanos();
        put(&mut self.deadlines, place, deadline);
        if self.timing.idle.is_some() {
            put(&mut self.at_most, place, span.at_most.as_nanos());
        }
        if self.timing.has_refresh {
            put(&mut self.refresh, place, span.refresh.as_nanos());
        }
        self.earliest = self.earliest.min(deadline);
        self.seen = self.seen.min(deadline);
    }

    /// The first entry with a time: the others have none.
    #[cold]
    fn begin(&mut self, slots: usize, most: usize) {
        self.deadlines.reserve_exact(most);
        self.deadlines.resize(slots, NEVER);
        if self.timing.idle.is_some() {
            self.at_most = vec![NEVER; slots];
        }
        if self.timing.has_refresh {
            self.refresh = vec![NEVER; slots];
        }
    }

    pub(crate) fn swap_remove(&mut self, slot: u32) {
        let place = slot as usize;
        if self.is_used() {
            self.deadlines.swap_remove(place);
        }
        if !self.at_most.is_empty() {
            self.at_most.swap_remove(place);
        }
        if !self.refresh.is_empty() {
            self.refresh.swap_remove(place);
        }
    }

    /// Whether something may be over.
    #[inline]
    pub(crate) const fn is_due(&self, now: Instant) -> bool {
        self.is_past(self.earliest, now)
    }

    /// The slots that the next `steps` of a sweep will look at.
    pub(crate) fn ahead(&self, steps: usize) -> impl Iterator<Item = u32> + use<> {
        let left = if self.left == 0 { self.deadlines.len() } else { self.left };
        let left = left.min(self.deadlines.len());
        // Slots are numbered in 32 bits.
        (left.saturating_sub(steps)..left).map(|slot| slot as u32)
    }

    /// The next slot that is over, of at most `steps` that are looked at. The last slots are looked
    /// at first: what is then moved into a slot that became free has been looked at already.
    pub(crate) fn next_over(&mut self, now: Instant, steps: &mut usize) -> Option<u32> {
        if self.left == 0 {
            (self.left, self.seen) = (self.deadlines.len(), NEVER);
        }
        self.left = self.left.min(self.deadlines.len());
        while *steps > 0 && self.left > 0 {
            *steps -= 1;
            self.left -= 1;
            let deadline = self.deadlines[self.left];
            if self.is_past(deadline, now) {
                return Some(self.left as u32);
            }
            self.seen = self.seen.min(deadline);
        }
        if self.left == 0 {
            self.earliest = self.seen;
            *steps = 0;
        }
        None
    }

    #[inline]
    const fn is_past(&self, deadline: u64, now: Instant) -> bool {
        deadline.saturating_add(self.timing.grace) <= now.as_nanos()
    }
}

fn put<T>(column: &mut Vec<T>, place: usize, value: T) {
    match column.get_mut(place) {
        Some(known) => *known = value,
        None => column.push(value),
    }
}
