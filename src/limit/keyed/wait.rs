use std::borrow::Borrow;
use std::hash::Hash;

use mtaio_runtime::{Instant, Runtime};

use super::limiter::KeyedRateLimiter;
use super::shard::Reserved;
use crate::limit::error::{AcquireError, TryAcquireError};
use crate::queue::lock;
use crate::time::{Deadline, Elapsed};

impl<K: Hash + Eq, R: Runtime> KeyedRateLimiter<K, R> {
    /// Waits until one is admitted under `key`.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Elapsed`] if an inherited [`Deadline`] is over before this is admitted: at once,
    /// as that is known at once, and nothing is spent.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives back what it was to be admitted. Where others have come to wait for
    /// the same key since, that is lost, since they were told when they are due.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use mtaio::Runtime;
    /// use mtaio::limit::{KeyedRateLimiter, Rate};
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let mails = KeyedRateLimiter::<String>::new(&rt, Rate::per_minute(1)?, 1)?;
    /// let start = rt.now();
    /// mails.acquire("ada").await?;
    /// mails.acquire("bob").await?;
    /// assert_eq!(rt.now(), start);
    /// mails.acquire("ada").await?;
    /// assert_eq!(rt.now() - start, Duration::from_secs(60));
    /// # Ok::<(), mtaio::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn acquire<Q>(&self, key: &Q) -> Result<(), AcquireError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.acquire_many(key, 1).await
    }

    /// Waits until a `weight` is admitted under `key`, as a whole.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Elapsed`] as for [`acquire`](Self::acquire), and [`AcquireError::Weight`] if the
    /// weight is zero or more than the burst.
    ///
    /// # Cancel safety
    ///
    /// That of [`acquire`](Self::acquire).
    pub async fn acquire_many<Q>(&self, key: &Q, weight: u32) -> Result<(), AcquireError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let now = self.rt.now();
        let deadline = Deadline::current();
        let latest = deadline.map(|deadline| deadline.instant());
        loop {
            match self.try_acquire_many_at(key, weight, now) {
                Ok(()) => return Ok(()),
                Err(TryAcquireError::Weight(refused)) => return Err(refused.into()),
                Err(TryAcquireError::Limited { .. }) => {}
            }
            match (self.reserve(key, weight, now, latest), deadline) {
                (Some(Ok(place)), _) => {
                    self.rt.sleep_until(place.reserved.due).await;
                    place.keep();
                    return Ok(());
                }
                (Some(Err(_late)), Some(deadline)) => {
                    return Err(Elapsed::inherited(deadline, now, now).into());
                }
                // It was taken out in between, and is as good as new.
                (Some(Err(_)) | None, _) => {}
            }
        }
    }

    fn reserve<'a, Q>(
        &'a self,
        key: &'a Q,
        weight: u32,
        now: Instant,
        latest: Option<Instant>,
    ) -> Option<Result<Place<'a, K, Q, R>, Instant>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hash(key);
        let mut shard = lock(self.shard(hash));
        let reserved = shard.reserve(hash, |known| known.borrow() == key, weight, now, latest)?;
        drop(shard);
        Some(reserved.map(|reserved| Place { limiter: self, key, hash, weight, reserved }))
    }
}

/// What is reserved, until it is time: dropping it gives that back.
struct Place<'a, K, Q, R>
where
    K: Hash + Eq + Borrow<Q>,
    Q: Eq + ?Sized,
    R: Runtime,
{
    limiter: &'a KeyedRateLimiter<K, R>,
    key: &'a Q,
    hash: u64,
    weight: u32,
    reserved: Reserved,
}

impl<K, Q, R> Place<'_, K, Q, R>
where
    K: Hash + Eq + Borrow<Q>,
    Q: Eq + ?Sized,
    R: Runtime,
{
    /// It is time.
    fn keep(self) {
        std::mem::forget(self);
    }
}

impl<K, Q, R> Drop for Place<'_, K, Q, R>
where
    K: Hash + Eq + Borrow<Q>,
    Q: Eq + ?Sized,
    R: Runtime,
{
    fn drop(&mut self) {
        let Self { limiter, key, hash, weight, reserved } = *self;
        let mut shard = lock(limiter.shard(hash));
        shard.give_back(hash, |known| known.borrow() == key, weight, reserved);
    }
}
