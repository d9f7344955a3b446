use std::sync::atomic::{AtomicUsize, Ordering};

use hashbrown::HashTable;
use parking_lot::Mutex;

/// The writes that are under way, by the hashes of their keys: what is written may be kept in the
/// process only where nobody else has changed the key meanwhile, here or elsewhere.
///
/// Two keys of one hash are taken for one: that keeps a value from being kept, and nothing else.
#[derive(Default)]
pub(super) struct Claims {
    /// How many keys are listed: mostly none.
    listed: AtomicUsize,
    list: Mutex<HashTable<Claim>>,
}

struct Claim {
    hash: u64,
    writers: usize,
    is_void: bool,
}

/// One write that is under way.
#[must_use = "dropping it ends the claim"]
pub(super) struct Writing<'a> {
    claims: &'a Claims,
    hash: u64,
}

impl Claims {
    /// Begins a write. Of two at a time nobody knows which one comes last: neither is kept.
    pub(super) fn begin(&self, hash: u64) -> Writing<'_> {
        let mut list = self.list.lock();
        if let Some(claim) = list.find_mut(hash, |claim| claim.hash == hash) {
            claim.writers += 1;
            claim.is_void = true;
        } else {
            list.insert_unique(hash, Claim { hash, writers: 1, is_void: false }, |claim| {
                claim.hash
            });
            self.listed.fetch_add(1, Ordering::SeqCst);
        }
        drop(list);
        Writing { claims: self, hash }
    }

    /// The key was changed elsewhere: for who then takes it out.
    pub(super) fn void(&self, hash: u64) {
        if self.listed.load(Ordering::SeqCst) > 0
            && let Some(claim) = self.list.lock().find_mut(hash, |claim| claim.hash == hash)
        {
            claim.is_void = true;
        }
    }

    /// As [`void`](Self::void), for all keys.
    pub(super) fn void_all(&self) {
        if self.listed.load(Ordering::SeqCst) > 0 {
            self.list.lock().iter_mut().for_each(|claim| claim.is_void = true);
        }
    }
}

impl Writing<'_> {
    /// Calls `keep` if the key was not changed meanwhile. Who voids the claim at the same time does so
    /// before, or else takes out after that what was kept.
    pub(super) fn keep<T>(&self, keep: impl FnOnce() -> T) -> Option<T> {
        let list = self.claims.list.lock();
        let claim = list.find(self.hash, |claim| claim.hash == self.hash);
        claim.is_some_and(|claim| !claim.is_void).then(keep)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        let mut list = self.claims.list.lock();
        let Ok(mut entry) = list.find_entry(self.hash, |claim| claim.hash == self.hash) else {
            return;
        };
        entry.get_mut().writers -= 1;
        if entry.get().writers == 0 {
            entry.remove();
            self.claims.listed.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
