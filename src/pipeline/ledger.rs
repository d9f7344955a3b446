//! Where every source item ends, exactly once.

use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that one task at a time changes: the run's. Others may look.
///
/// Everything in a run is polled by its one task, so that a load and a store do, which cost nothing
/// beside a locked addition.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    #[inline]
    pub(super) fn add(&self, n: u64) {
        self.set(self.get().wrapping_add(n));
    }

    #[inline]
    pub(super) fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many source items came to which end.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) taken: Count,
    pub(super) delivered: Count,
    pub(super) filtered: Count,
    pub(super) skipped: Count,
    pub(super) dead_lettered: Count,
    pub(super) failed: Count,
    pub(super) unprocessed: Count,
}

/// Where a source item ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Delivered,
    Filtered,
    Skipped,
    DeadLettered,
    Failed,
}

/// The source items that something stands for. Where it is dropped without an end of theirs, they
/// are unprocessed: so each of them ends, once, whatever happens.
#[derive(Debug)]
pub(super) struct Ticket<'a> {
    weight: u64,
    ledger: &'a Ledger,
}

impl<'a> Ticket<'a> {
    /// That of an item just taken from the source.
    #[inline]
    pub(super) fn taken(ledger: &'a Ledger) -> Self {
        ledger.taken.add(1);
        Self { weight: 1, ledger }
    }

    /// That of nothing, so far.
    pub(super) const fn none(ledger: &'a Ledger) -> Self {
        Self { weight: 0, ledger }
    }

    /// Stands for what `other` stands for as well.
    #[inline]
    pub(super) fn absorb(&mut self, mut other: Self) {
        self.weight += mem::take(&mut other.weight);
    }

    /// Hands all that it stands for to another.
    #[inline]
    pub(super) const fn split_off(&mut self) -> Self {
        let weight = self.weight;
        self.weight = 0;
        Self { weight, ledger: self.ledger }
    }

    #[inline]
    pub(super) fn end(mut self, end: End) {
        let count = match end {
            End::Delivered => &self.ledger.delivered,
            End::Filtered => &self.ledger.filtered,
            End::Skipped => &self.ledger.skipped,
            End::DeadLettered => &self.ledger.dead_lettered,
            End::Failed => &self.ledger.failed,
        };
        count.add(mem::take(&mut self.weight));
    }
}

impl Drop for Ticket<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.weight != 0 {
            self.ledger.unprocessed.add(self.weight);
        }
    }
}

/// The ticket of an item with which foreign code is called. Should that panic, it is in its place.
#[derive(Debug)]
pub(super) struct InHand<'p, 'a> {
    ticket: Ticket<'a>,
    place: &'p mut Option<Ticket<'a>>,
}

impl<'p, 'a> InHand<'p, 'a> {
    #[inline]
    pub(super) const fn new(ticket: Ticket<'a>, place: &'p mut Option<Ticket<'a>>) -> Self {
        Self { ticket, place }
    }

    /// It goes on.
    #[inline]
    pub(super) const fn pass(mut self) -> Ticket<'a> {
        let ticket = self.ticket.split_off();
        mem::forget(self);
        ticket
    }

    /// Lays it in its place.
    #[inline]
    pub(super) fn lay_down(self) {
        drop(self);
    }
}

impl Drop for InHand<'_, '_> {
    #[inline]
    fn drop(&mut self) {
        *self.place = Some(self.ticket.split_off());
    }
}

/// Something on its way, and the source items that it stands for.
#[derive(Debug)]
pub struct Tracked<'a, T> {
    pub(super) value: T,
    pub(super) ticket: Ticket<'a>,
}
