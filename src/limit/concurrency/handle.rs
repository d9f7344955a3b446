use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use super::core::Core;
use super::future::{AcquireOwnedPermit, AcquirePermit};
use super::permit::{OwnedPermit, Permit};
use super::stats::ConcurrencyStats;
use super::waiter::{End, Patience, Waiter};
use crate::config::{ConfigError, check_period};
use crate::limit::error::{AcquireError, TryAcquireError};
use crate::limit::limiter::Limiter;

/// Admits so much at once: calls to a service, connections, megabytes.
///
/// It is a handle: clones share what is admitted. What is said of waiting, how many may and how
/// long, is said of the handle and of the clones that are made of it: so the unimportant may be
/// given less patience than the rest.
///
/// Who waits is served in the order of coming, and nobody overtakes: not the light ones behind a
/// heavy one, and no [`try_acquire`](Self::try_acquire). A wait ends with the inherited
/// [`Deadline`](crate::time::Deadline), too. However many wait, there is one timer.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::{Runtime, RuntimeExt};
/// use mtaio::limit::{AcquireError, ConcurrencyLimiter};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let calls = ConcurrencyLimiter::new(&rt, 2)?
///     .waiting_room(100)
///     .longest_wait(Duration::from_secs(1))?;
///
/// let first = calls.acquire().await?;
/// let second = calls.acquire().await?;
/// assert_eq!(calls.stats().in_use, 2);
///
/// let late = calls.acquire().await.unwrap_err();
/// assert!(matches!(late, AcquireError::Elapsed(_)));
/// let turned_away = calls.clone().waiting_room(0).acquire().await.unwrap_err();
/// assert_eq!(turned_away, AcquireError::Full { waiting: 0 });
///
/// drop(first);
/// let third = calls.acquire_owned().await?; // Outlives the borrow: for a task.
/// rt.spawn(async move { drop(third) }).await.unwrap();
/// # drop(second);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
///
/// ## Weights, and another limit
///
/// ```
/// use mtaio::limit::ConcurrencyLimiter;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let megabytes = ConcurrencyLimiter::new(&rt, 100)?;
/// let big = megabytes.acquire_many(80).await?;
/// assert!(megabytes.try_acquire_many(30).is_err());
///
/// megabytes.set_limit(50)?; // Nobody loses what he has: 30 have to come back first.
/// assert!(megabytes.try_acquire().is_err());
/// drop(big);
/// let refused = megabytes.try_acquire_many(80).unwrap_err();
/// assert_eq!(refused.to_string(), "`weight` is 80, allowed is 1 to 50");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct ConcurrencyLimiter<R: Runtime = DynRuntime> {
    core: Arc<Core<R>>,
    patience: Patience,
}

impl ConcurrencyLimiter {
    /// A limiter that admits a weight of `limit` at once, and does not show the runtime in its
    /// type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `limit` is zero.
    pub fn new<R: Runtime>(rt: &R, limit: u32) -> Result<Self, ConfigError> {
        Self::with_runtime(&DynRuntime::new(rt), limit)
    }
}

impl<R: Runtime> ConcurrencyLimiter<R> {
    /// A limiter on a runtime of known type that admits a weight of `limit` at once.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `limit` is zero.
    pub fn with_runtime(rt: &R, limit: u32) -> Result<Self, ConfigError> {
        check_limit("limit", limit)?;
        Ok(Self::unequal(rt, limit, limit))
    }

    /// One that lets those wait who are heavier than the limit, up to `heaviest`: they are admitted
    /// when nobody else is.
    pub(in crate::limit) fn unequal(rt: &R, limit: u32, heaviest: u32) -> Self {
        Self { core: Core::new(rt, limit, heaviest), patience: Patience::ENDLESS }
    }

    /// Through this handle one waits only where fewer than `most` wait already; any number, unless
    /// said. With zero nobody waits.
    #[must_use = "it changes this handle, not the limiter"]
    pub const fn waiting_room(mut self, most: usize) -> Self {
        self.patience.room = most;
        self
    }

    /// Through this handle one waits at most for so long; for ever, unless said, or until the
    /// inherited deadline.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `longest` is zero (an empty [`waiting_room`](Self::waiting_room) is the
    /// word for that) or more than 100 years.
    pub fn longest_wait(mut self, longest: Duration) -> Result<Self, ConfigError> {
        check_period("longest_wait", longest)?;
        self.patience.longest = Some(longest);
        Ok(self)
    }

    /// Admits a weight of 1 at once, or refuses.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::Limited`] if the limit is reached, or if others wait already.
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<'_, R>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Admits a `weight` at once, or refuses.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError`] if the limit is reached, if others wait already, or if `weight` is zero
    /// or more than the limit.
    #[inline]
    pub fn try_acquire_many(&self, weight: u32) -> Result<Permit<'_, R>, TryAcquireError> {
        self.core.try_take(weight)?;
        Ok(Permit::taken(&self.core, weight))
    }

    /// As [`try_acquire`](Self::try_acquire), for a permit that borrows nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned(&self) -> Result<OwnedPermit<R>, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// As [`try_acquire_many`](Self::try_acquire_many), for a permit that borrows nothing.
    ///
    /// # Errors
    ///
    /// Those of [`try_acquire_many`](Self::try_acquire_many).
    pub fn try_acquire_many_owned(&self, weight: u32) -> Result<OwnedPermit<R>, TryAcquireError> {
        self.core.try_take(weight)?;
        Ok(OwnedPermit::taken(Arc::clone(&self.core), weight))
    }

    /// Waits until a weight of 1 is admitted.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if no more may wait, or if the time to wait is up. (And if so many permits
    /// were [forgotten](Permit::forget) that none is left.)
    ///
    /// # Cancel safety
    ///
    /// That of [`acquire_many`](Self::acquire_many).
    #[inline]
    pub fn acquire(&self) -> AcquirePermit<'_, R> {
        self.acquire_many(1)
    }

    /// Waits until a `weight` is admitted.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if no more may wait, if the time to wait is up, or if `weight` is zero or
    /// more than the limit, also by a limit that is set while it waits.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in the line, or what was granted already. Forgetting
    /// it loses that much and no more: what it would have been granted when it was its turn.
    #[inline]
    pub fn acquire_many(&self, weight: u32) -> AcquirePermit<'_, R> {
        AcquirePermit::new(&self.core, Waiter::new(weight, self.patience))
    }

    /// As [`acquire`](Self::acquire), for a permit that borrows nothing.
    ///
    /// # Errors
    ///
    /// Those of [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// That of [`acquire_many`](Self::acquire_many).
    pub fn acquire_owned(&self) -> AcquireOwnedPermit<R> {
        self.acquire_many_owned(1)
    }

    /// As [`acquire_many`](Self::acquire_many), for a permit that borrows nothing.
    ///
    /// # Errors
    ///
    /// Those of [`acquire_many`](Self::acquire_many).
    ///
    /// # Cancel safety
    ///
    /// That of [`acquire_many`](Self::acquire_many).
    pub fn acquire_many_owned(&self, weight: u32) -> AcquireOwnedPermit<R> {
        AcquireOwnedPermit::new(Arc::clone(&self.core), Waiter::new(weight, self.patience))
    }

    /// Sets what may be out at once, for all handles.
    ///
    /// A higher limit admits those who wait at once. A lower one takes nothing away from anybody:
    /// what is out comes back first, and nothing is admitted until less than the limit is out.
    /// Those who wait with more than it are refused, as they would stand in the way for ever.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `limit` is zero.
    pub fn set_limit(&self, limit: u32) -> Result<(), ConfigError> {
        check_limit("limit", limit)?;
        self.core.set_limit(limit, limit);
        Ok(())
    }

    /// Moves the limit, within what it was [made](Self::unequal) for.
    pub(in crate::limit) fn move_limit(&self, limit: u32, heaviest: u32) {
        self.core.set_limit(limit, heaviest);
    }

    /// What may be out at once.
    pub fn limit(&self) -> u32 {
        self.core.limit()
    }

    /// How it stands.
    pub fn stats(&self) -> ConcurrencyStats {
        self.core.stats()
    }

    pub(in crate::limit) fn runtime(&self) -> &R {
        self.core.runtime()
    }

    /// Whether at least half of `limit` is out.
    pub(in crate::limit) fn is_half_used(&self, limit: u32) -> bool {
        self.core.word().free() * 2 <= i64::from(limit)
    }

    /// Another limiter, with the patience of this handle.
    pub(in crate::limit) fn same_patience(&self, limit: u32) -> Self {
        Self { core: Core::new(self.runtime(), limit, limit), patience: self.patience }
    }

    /// When the time to wait is up for who begins now.
    pub(in crate::limit) fn end(&self) -> Option<End> {
        self.patience.end(self.runtime())
    }

    /// As [`acquire_many`](Self::acquire_many), for who waits already, until `end`.
    pub(in crate::limit) fn acquire_by(
        &self,
        weight: u32,
        end: Option<End>,
    ) -> AcquirePermit<'_, R> {
        AcquirePermit::new(&self.core, Waiter::within(weight, self.patience, end))
    }
}

impl<R: Runtime> Limiter for ConcurrencyLimiter<R> {
    type Permit<'a> = Permit<'a, R>;

    #[inline]
    fn try_acquire_many(&self, weight: u32) -> Result<Permit<'_, R>, TryAcquireError> {
        self.try_acquire_many(weight)
    }

    #[inline]
    fn acquire_many(
        &self,
        weight: u32,
    ) -> impl Future<Output = Result<Permit<'_, R>, AcquireError>> + Send {
        self.acquire_many(weight)
    }

    #[inline]
    fn refund(&self, permit: Permit<'_, R>, _weight: u32) {
        drop(permit);
    }

    fn rank(&self) -> Option<u64> {
        Some(self.core.rank())
    }
}

impl<R: Runtime> Clone for ConcurrencyLimiter<R> {
    fn clone(&self) -> Self {
        Self { core: Arc::clone(&self.core), patience: self.patience }
    }
}

impl<R: Runtime> fmt::Debug for ConcurrencyLimiter<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimiter").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

fn check_limit(field: &'static str, limit: u32) -> Result<(), ConfigError> {
    if limit == 0 {
        return Err(ConfigError::new(field, "0", "1 or more"));
    }
    Ok(())
}
