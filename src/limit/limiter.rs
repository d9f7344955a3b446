use std::future::Future;

use super::error::{AcquireError, TryAcquireError};

/// Something that admits so much and no more: of a rate, at once, or by a rule of your own.
///
/// An admission has a weight, 1 unless said. What it is, its [`Permit`](Self::Permit), is nothing
/// for a rate, and a guard for what is held until the work is done.
///
/// It borrows nothing: what keeps a permit while it waits is then `Send` to every compiler from the
/// oldest supported one on.
pub trait Limiter: Send + Sync + 'static {
    /// What who was admitted holds; dropping it ends the admission.
    type Permit<'a>: Send
    where
        Self: 'a;

    /// Admits a `weight` at once, or refuses.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError`] if the limit is reached, if others wait already, or if it is never
    /// admitted.
    fn try_acquire_many(&self, weight: u32) -> Result<Self::Permit<'_>, TryAcquireError>;

    /// Waits until a `weight` is admitted.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if it is never admitted, if no more may wait, or if the time to wait is up.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place among those who wait, and what it was granted
    /// already.
    fn acquire_many(
        &self,
        weight: u32,
    ) -> impl Future<Output = Result<Self::Permit<'_>, AcquireError>> + Send;

    /// Gives back an admission that was not made use of, as if it had never been.
    fn refund(&self, permit: Self::Permit<'_>, weight: u32);

    /// Ends an admission and tells how the work went, for limiters that learn from that.
    fn complete(&self, permit: Self::Permit<'_>, outcome: Outcome) {
        let _ = outcome;
        drop(permit);
    }

    /// Where it stands among the limiters that are [acquired together](super::acquire_all): one of a
    /// lower rank may be held while one of a higher rank is waited for. `None`, unless said, is
    /// never held meanwhile.
    ///
    /// No two limiters that admit what others give back may have the same, and the handles of one
    /// have one: so it is noticed where the same limiter is named twice. What comes with time alone has
    /// the highest, [`u64::MAX`].
    fn rank(&self) -> Option<u64> {
        None
    }

    /// Admits a weight of 1 at once, or refuses. See
    /// [`try_acquire_many`](Self::try_acquire_many).
    ///
    /// # Errors
    ///
    /// [`TryAcquireError`] if the limit is reached, or if others wait already.
    fn try_acquire(&self) -> Result<Self::Permit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Waits until a weight of 1 is admitted. See [`acquire_many`](Self::acquire_many).
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if no more may wait, or if the time to wait is up.
    ///
    /// # Cancel safety
    ///
    /// That of [`acquire_many`](Self::acquire_many).
    fn acquire(&self) -> impl Future<Output = Result<Self::Permit<'_>, AcquireError>> + Send {
        self.acquire_many(1)
    }
}

/// How a piece of work went, as far as a limiter asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It failed because too much is asked of whoever does it: refused, or not done in time.
    Overload,
    /// It failed for another reason, or was given up: that tells nothing of the load.
    Ignore,
}
