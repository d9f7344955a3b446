use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use mtaio_runtime::{DynRuntime, Instant, Runtime};

use super::shard::Shard;
use crate::config::ConfigError;
use crate::limit::error::{TryAcquireError, WeightError};
use crate::limit::rate::{Rate, Terms};
use crate::queue::lock;

/// A [`RateLimiter`](crate::limit::RateLimiter) for each key: for each client, address or tenant,
/// all with the same rate and burst.
///
/// A key takes one word beside itself, and only as long as it has not got its whole burst back: then
/// it is as good as one that was never seen, and its place is taken by another. No task sweeps; what
/// is done for it is a small part of each look-up. So the memory follows the number of keys that are
/// active: after a sweep it is at most twice what they need.
///
/// Who [waits](Self::acquire) takes what the key will have next, and is told when that is: a key keeps
/// no line, and still those who wait for it are admitted in the order of coming.
///
/// Keys are hashed with keys of the runtime's entropy, so that nobody who does not know them can
/// choose some that fall together. `Hash` and `Eq` of a key must not use the limiter. Clones share
/// the keys.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::{Retryable, RuntimeExt};
/// use mtaio::limit::{KeyedRateLimiter, Rate};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let logins = KeyedRateLimiter::<String>::new(&rt, Rate::per_minute(6)?, 3)?;
/// for _ in 0..3 {
///     assert!(logins.try_acquire("ada").is_ok());
/// }
/// let refused = logins.try_acquire("ada").unwrap_err();
/// assert_eq!(refused.retry_after(), Some(Duration::from_secs(10)));
/// assert!(logins.try_acquire("bob").is_ok(), "each has a rate of its own");
///
/// rt.sleep(Duration::from_secs(10)).await;
/// assert!(logins.try_acquire("ada").is_ok());
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub struct KeyedRateLimiter<K, R: Runtime = DynRuntime> {
    pub(super) rt: R,
    keys: Arc<Keys<K>>,
}

struct Keys<K> {
    rate: Rate,
    burst: u32,
    hasher: ahash::RandomState,
    shards: [Mutex<Shard<K>>; SHARDS],
}

/// As many as keep a few threads from meeting often.
const SHARDS: usize = 16;

/// What a [`KeyedRateLimiter`] is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyedStats {
    /// How many keys are remembered: all that lack a part of their burst, and some that no longer do.
    pub keys: usize,
    /// The memory that they take, without what they themselves point to.
    pub bytes: usize,
}

impl<K> KeyedRateLimiter<K> {
    /// A limiter that does not show the runtime in its type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `burst` is zero, or more than what comes in 100 years.
    pub fn new<R: Runtime>(rt: &R, rate: Rate, burst: u32) -> Result<Self, ConfigError> {
        Self::with_runtime(&DynRuntime::new(rt), rate, burst)
    }
}

impl<K, R: Runtime> KeyedRateLimiter<K, R> {
    /// A limiter on a runtime of known type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `burst` is zero, or more than what comes in 100 years.
    pub fn with_runtime(rt: &R, rate: Rate, burst: u32) -> Result<Self, ConfigError> {
        let terms = Terms::new(rate, burst, rt.now())?;
        let [a, b, c, d] = std::array::from_fn(|_| rt.entropy());
        let hasher = ahash::RandomState::with_seeds(a, b, c, d);
        let shards = std::array::from_fn(|_| Mutex::new(Shard::new(terms)));
        Ok(Self { rt: rt.clone(), keys: Arc::new(Keys { rate, burst, hasher, shards }) })
    }

    /// The rate of each key.
    pub fn rate(&self) -> Rate {
        self.keys.rate
    }

    /// The most that can be admitted at once under a key.
    pub fn burst(&self) -> u32 {
        self.keys.burst
    }

    /// Forgets all keys: each has its whole burst again. Those who wait are admitted when they were to
    /// be.
    pub fn clear(&self) {
        for shard in &self.keys.shards {
            let _swept = lock(shard).clear();
        }
    }

    /// What it is at.
    pub fn stats(&self) -> KeyedStats {
        let mut stats = KeyedStats { keys: 0, bytes: size_of::<Keys<K>>() };
        for shard in &self.keys.shards {
            let shard = lock(shard);
            stats.keys += shard.len();
            stats.bytes += shard.bytes();
        }
        stats
    }
}

impl<K: Hash + Eq, R: Runtime> KeyedRateLimiter<K, R> {
    /// Admits one under `key`, or refuses.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::Limited`] if the key has no token, or if others wait for those that come; it
    /// says when to try again.
    #[inline]
    pub fn try_acquire<Q>(&self, key: &Q) -> Result<(), TryAcquireError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.try_acquire_many_at(key, 1, self.rt.now())
    }

    /// Admits a `weight` under `key`, or refuses.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::Limited`] as for [`try_acquire`](Self::try_acquire), and
    /// [`TryAcquireError::Weight`] if the weight is zero or more than the burst.
    pub fn try_acquire_many<Q>(&self, key: &Q, weight: u32) -> Result<(), TryAcquireError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.try_acquire_many_at(key, weight, self.rt.now())
    }

    /// As [`try_acquire`](Self::try_acquire), for who knows what time it is: an instant of the
    /// limiter's runtime, of this moment or a little before.
    ///
    /// # Errors
    ///
    /// Those of [`try_acquire`](Self::try_acquire).
    #[inline]
    pub fn try_acquire_at<Q>(&self, key: &Q, now: Instant) -> Result<(), TryAcquireError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.try_acquire_many_at(key, 1, now)
    }

    /// As [`try_acquire_many`](Self::try_acquire_many), for who knows what time it is. See
    /// [`try_acquire_at`](Self::try_acquire_at).
    ///
    /// # Errors
    ///
    /// Those of [`try_acquire_many`](Self::try_acquire_many).
    #[inline]
    pub fn try_acquire_many_at<Q>(
        &self,
        key: &Q,
        weight: u32,
        now: Instant,
    ) -> Result<(), TryAcquireError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        WeightError::check(weight, self.keys.burst)?;
        let hash = self.hash(key);
        let shard = self.shard(hash);
        let mut locked = lock(shard);
        let swept = locked.is_due(now).then(|| locked.sweep(now, |key| self.hash(key.borrow())));
        let known = locked.admit(hash, |known| known.borrow() == key, weight, now);
        drop(locked);
        drop(swept);
        known.unwrap_or_else(|| self.admit_new(key, hash, weight, now))
    }

    /// Admits under a key that was not there a moment ago.
    #[cold]
    fn admit_new<Q>(
        &self,
        key: &Q,
        hash: u64,
        weight: u32,
        now: Instant,
    ) -> Result<(), TryAcquireError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        // Foreign code, which is not to run under the lock.
        let owned = key.to_owned();
        let mut locked = lock(self.shard(hash));
        if let Some(known) = locked.admit(hash, |known| known.borrow() == key, weight, now) {
            drop(locked);
            return known;
        }
        let hasher = |key: &K| self.hash(key.borrow());
        let swept = locked.is_full().then(|| locked.sweep(now, hasher));
        locked.insert(hash, owned, weight, now, hasher);
        drop(locked);
        drop(swept);
        Ok(())
    }

    /// Gives back a `weight` that was admitted under `key` and not made use of.
    pub fn refund<Q>(&self, key: &Q, weight: u32)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hash(key);
        lock(self.shard(hash)).refund(hash, |known| known.borrow() == key, weight);
    }

    /// Forgets `key`: it has its whole burst again. Whether it was remembered is the answer. Those who
    /// wait are admitted when they were to be.
    pub fn remove<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hash(key);
        let removed = lock(self.shard(hash)).remove(hash, |known| known.borrow() == key);
        removed.is_some()
    }

    #[inline]
    pub(super) fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.keys.hasher.hash_one(key)
    }

    /// Neither the highest bits decide, nor the lowest: the tables use these.
    #[inline]
    pub(super) fn shard(&self, hash: u64) -> &Mutex<Shard<K>> {
        &self.keys.shards[(hash >> 48) as usize % SHARDS]
    }
}

impl<K, R: Runtime> Clone for KeyedRateLimiter<K, R> {
    fn clone(&self) -> Self {
        Self { rt: self.rt.clone(), keys: Arc::clone(&self.keys) }
    }
}

impl<K, R: Runtime> fmt::Debug for KeyedRateLimiter<K, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedRateLimiter")
            .field("rate", &self.keys.rate)
            .field("burst", &self.keys.burst)
            .finish_non_exhaustive()
    }
}
