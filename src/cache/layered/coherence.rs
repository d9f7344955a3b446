//! What was changed elsewhere is not answered any more.

use std::hash::Hash;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mtaio_runtime::Runtime;

use super::layered_cache::Inner;
use crate::cache::node::{Invalidation, Invalidations};
use crate::contain::contain;

impl<K, V, R> Inner<K, V, R>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    R: Runtime,
{
    /// Acts on what was told and not acted on yet. What was told before the call is acted on when it
    /// returns, whoever does it.
    #[inline]
    pub(super) fn settle(&self) {
        for invalidations in &self.invalidations {
            if invalidations.mailbox().is_unsettled() {
                self.act(invalidations);
            }
        }
    }

    #[cold]
    fn act(&self, invalidations: &Invalidations) {
        let (end, told) = invalidations.mailbox().unsettled();
        for invalidation in told {
            self.invalidated.fetch_add(1, Ordering::Relaxed);
            match invalidation {
                Invalidation::Key(key) => match contain(|| self.remote.key_of(&key)) {
                    Ok(Some(Ok(key))) => self.forget(&key),
                    // Of another namespace.
                    Ok(None) => {}
                    // One of these keys, and nobody knows which.
                    Ok(Some(Err(()))) | Err(_) => self.forget_all(),
                },
                Invalidation::All => self.forget_all(),
                Invalidation::Lost => {
                    self.epoch.fetch_add(1, Ordering::AcqRel);
                }
            }
        }
        invalidations.mailbox().settle(end);
    }

    /// How often the connection was lost: what is asked for from now on belongs to it.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// `key` was changed. What is being read or written of it does not get in any more.
    pub(super) fn forget(&self, key: &K) {
        self.claims.void(self.local.hash(key));
        self.local.invalidate(key);
    }

    pub(super) fn forget_all(&self) {
        self.claims.void_all();
        self.local.clear();
    }

    /// What is known of `key` is not to be relied upon: it is no more than better than nothing. What is
    /// being read of it does not get in any more.
    pub(super) fn doubt(&self, key: &K) {
        self.local.void(key);
        if self.is_stale_allowed {
            self.local.touch_with_ttl(key, Duration::ZERO);
        } else {
            self.local.invalidate(key);
        }
    }
}
