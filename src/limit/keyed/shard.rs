use std::mem::needs_drop;

use hashbrown::HashTable;
use mtaio_runtime::Instant;

use crate::limit::error::TryAcquireError;
use crate::limit::rate::Terms;

/// A part of the keys, each with its `tat` (see [`Terms`]).
///
/// A key whose `tat` has passed is as good as one that was never there. It is taken out when the
/// table would have to grow, and else once in a number of look-ups that makes up for it.
pub(super) struct Shard<K> {
    terms: Terms,
    table: HashTable<(K, u64)>,
    /// Look-ups until the next sweep.
    sweep_in: usize,
}

/// Keys that were taken out of a shard, to be dropped without its lock.
#[must_use = "to be dropped without the lock"]
pub(super) struct Swept<K>(#[expect(dead_code, reason = "it is held to be dropped")] Vec<(K, u64)>);

/// What comes to a key later, and is one's already.
#[derive(Clone, Copy)]
pub(super) struct Reserved {
    pub(super) due: Instant,
    /// The `tat` after it, and what that is counted from.
    tat: u64,
    base: u64,
}

/// Look-ups a key, from one sweep to the next: so a look-up pays for a fraction of a key.
const LOOKUPS: usize = 4;
const FEWEST_LOOKUPS: usize = 256;

impl<K> Shard<K> {
    pub(super) const fn new(terms: Terms) -> Self {
        Self { terms, table: HashTable::new(), sweep_in: FEWEST_LOOKUPS }
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.table.allocation_size()
    }

    /// Whether it is time to [sweep](Self::sweep), or to count time from nearer to `now`.
    #[inline]
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        self.sweep_in = self.sweep_in.saturating_sub(1);
        self.sweep_in == 0 || self.terms.is_beyond(now)
    }

    /// Whether the table would grow for a new key.
    pub(super) fn is_full(&self) -> bool {
        self.table.len() == self.table.capacity()
    }

    /// Admits, if the key is there; none if it is not.
    #[inline]
    pub(super) fn admit(
        &mut self,
        hash: u64,
        is_key: impl Fn(&K) -> bool,
        weight: u32,
        now: Instant,
    ) -> Option<Result<(), TryAcquireError>> {
        let (_, tat) = self.table.find_mut(hash, |(key, _)| is_key(key))?;
        let ticks = self.terms.ticks(now);
        Some(match self.terms.admit(*tat, ticks, weight, 0) {
            Some(next) => {
                *tat = next;
                Ok(())
            }
            None => {
                let due = self.terms.due(*tat, ticks, weight.into());
                Err(TryAcquireError::Limited { retry_after: Some(due - now) })
            }
        })
    }

    /// Takes what the key will have after all that was reserved before; none if it is not there.
    /// Where that is later than `latest` nothing is taken, and when it is the answer.
    pub(super) fn reserve(
        &mut self,
        hash: u64,
        is_key: impl Fn(&K) -> bool,
        weight: u32,
        now: Instant,
        latest: Option<Instant>,
    ) -> Option<Result<Reserved, Instant>> {
        let (_, tat) = self.table.find_mut(hash, |(key, _)| is_key(key))?;
        let ticks = self.terms.ticks(now);
        let due = self.terms.due(*tat, ticks, weight.into());
        if latest.is_some_and(|latest| due > latest) {
            return Some(Err(due));
        }
        *tat = (*tat).max(ticks).saturating_add(self.terms.worth(weight));
        Some(Ok(Reserved { due, tat: *tat, base: self.terms.base() }))
    }

    /// Gives back what was reserved, if nobody has reserved since: others are told when they are
    /// due, and that is not changed.
    pub(super) fn give_back(
        &mut self,
        hash: u64,
        is_key: impl Fn(&K) -> bool,
        weight: u32,
        reserved: Reserved,
    ) {
        let Reserved { tat: after, base, .. } = reserved;
        if let Some((_, tat)) = self.table.find_mut(hash, |(key, _)| is_key(key))
            && (*tat, self.terms.base()) == (after, base)
        {
            *tat = tat.saturating_sub(self.terms.worth(weight));
        }
    }

    /// Admits under a key that is not there. A whole burst is.
    pub(super) fn insert(
        &mut self,
        hash: u64,
        key: K,
        weight: u32,
        now: Instant,
        hasher: impl Fn(&K) -> u64,
    ) {
        let ticks = self.terms.ticks(now);
        if let Some(tat) = self.terms.admit(0, ticks, weight, 0) {
            self.table.insert_unique(hash, (key, tat), |(key, _)| hasher(key));
        }
    }

    pub(super) fn refund(&mut self, hash: u64, is_key: impl Fn(&K) -> bool, weight: u32) {
        if let Some((_, tat)) = self.table.find_mut(hash, |(key, _)| is_key(key)) {
            *tat = tat.saturating_sub(self.terms.worth(weight));
        }
    }

    pub(super) fn remove(&mut self, hash: u64, is_key: impl Fn(&K) -> bool) -> Option<K> {
        let found = self.table.find_entry(hash, |(key, _)| is_key(key)).ok()?;
        Some(found.remove().0.0)
    }

    pub(super) fn clear(&mut self) -> Swept<K> {
        Swept(std::mem::take(&mut self.table).into_iter().collect())
    }

    /// Takes out what is as good as new, and gives back the memory that the others don't need.
    pub(super) fn sweep(&mut self, now: Instant, hasher: impl Fn(&K) -> u64) -> Swept<K> {
        if self.terms.is_beyond(now) {
            let moved = self.terms.moved_to(now);
            for (_, tat) in self.table.iter_mut() {
                // More than a burst, where it is reserved.
                *tat = moved.ticks(now).saturating_add(self.terms.debt(*tat, now));
            }
            self.terms = moved;
        }
        let now = self.terms.ticks(now);
        let mut swept = Vec::new();
        if needs_drop::<K>() {
            swept.extend(self.table.extract_if(|(_, tat)| *tat <= now));
        } else {
            self.table.retain(|(_, tat)| *tat > now);
        }
        // As much again as there is: a table that shrinks and grows by turns has no rest.
        self.table.shrink_to(self.table.len() * 2, |(key, _)| hasher(key));
        self.sweep_in = (self.table.capacity() * LOOKUPS).max(FEWEST_LOOKUPS);
        Swept(swept)
    }
}
