use std::future::Future;

use crate::limit::error::{AcquireError, TryAcquireError, WeightError};
use crate::limit::limiter::Limiter;

/// A limiter, and what is asked of it: `&limiter`, or `(&limiter, weight)`.
pub trait Ask: Send + Sync {
    /// What the limiter admits.
    type Permit: Send;

    /// The limiter's [rank](Limiter::rank).
    fn rank(&self) -> Option<u64>;

    /// Asks it for that at once.
    ///
    /// # Errors
    ///
    /// Those of the limiter.
    fn try_acquire(&self) -> Result<Self::Permit, TryAcquireError>;

    /// Waits for that.
    ///
    /// # Errors
    ///
    /// Those of the limiter.
    ///
    /// # Cancel safety
    ///
    /// That of the limiter.
    fn acquire(&self) -> impl Future<Output = Result<Self::Permit, AcquireError>> + Send;

    /// Gives that back, as if it had never been.
    fn refund(&self, permit: Self::Permit);

    /// What is asked of it.
    fn weight(&self) -> u32;

    /// Whether it may ever admit a `weight`.
    ///
    /// # Errors
    ///
    /// [`WeightError`] if it never does.
    fn check(&self, weight: u32) -> Result<(), WeightError>;
}

fn check<L: Limiter>(limiter: &L, weight: u32) -> Result<(), WeightError> {
    match limiter.try_acquire_many(weight) {
        Ok(permit) => limiter.refund(permit, weight),
        Err(TryAcquireError::Limited { .. }) => {}
        Err(TryAcquireError::Weight(refused)) => return Err(refused),
    }
    Ok(())
}

impl<'a, L: Limiter> Ask for &'a L {
    type Permit = L::Permit<'a>;

    fn rank(&self) -> Option<u64> {
        L::rank(self)
    }

    fn try_acquire(&self) -> Result<L::Permit<'a>, TryAcquireError> {
        let limiter: &'a L = self;
        limiter.try_acquire_many(1)
    }

    fn acquire(&self) -> impl Future<Output = Result<L::Permit<'a>, AcquireError>> + Send {
        let limiter: &'a L = self;
        limiter.acquire_many(1)
    }

    fn refund(&self, permit: L::Permit<'a>) {
        L::refund(self, permit, 1);
    }

    fn weight(&self) -> u32 {
        1
    }

    fn check(&self, weight: u32) -> Result<(), WeightError> {
        check(*self, weight)
    }
}

impl<'a, L: Limiter> Ask for (&'a L, u32) {
    type Permit = L::Permit<'a>;

    fn rank(&self) -> Option<u64> {
        self.0.rank()
    }

    fn try_acquire(&self) -> Result<L::Permit<'a>, TryAcquireError> {
        self.0.try_acquire_many(self.1)
    }

    fn acquire(&self) -> impl Future<Output = Result<L::Permit<'a>, AcquireError>> + Send {
        self.0.acquire_many(self.1)
    }

    fn refund(&self, permit: L::Permit<'a>) {
        self.0.refund(permit, self.1);
    }

    fn weight(&self) -> u32 {
        self.1
    }

    fn check(&self, weight: u32) -> Result<(), WeightError> {
        check(self.0, weight)
    }
}

/// Several limiters, for [`acquire_all`](super::acquire_all): a tuple of 2 to 6, each an [`Ask`].
///
/// You don't implement it: its methods go through them by their index.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no tuple of 2 to 6 limiters",
    note = "name each by reference, alone or with a weight: `acquire_all((&a, (&b, 3)))`"
)]
pub trait LimiterSet: Send + Sync {
    /// What all of them admitted, in their order.
    type Permits: Send;
    /// What some of them admitted.
    type Slots: Default + Send;
    /// How many there are.
    const COUNT: usize;

    /// The rank of one.
    fn rank(&self, index: usize) -> Option<u64>;

    /// What is asked of one.
    fn weight(&self, index: usize) -> u32;

    /// Whether one may ever admit a `weight`.
    ///
    /// # Errors
    ///
    /// [`WeightError`] if it never does.
    fn check(&self, index: usize, weight: u32) -> Result<(), WeightError>;

    /// Tries one, unless it has admitted already.
    ///
    /// # Errors
    ///
    /// Those of the limiter.
    fn try_acquire(&self, index: usize, slots: &mut Self::Slots) -> Result<(), TryAcquireError>;

    /// Waits for one.
    ///
    /// # Errors
    ///
    /// Those of the limiter.
    ///
    /// # Cancel safety
    ///
    /// That of the limiter.
    fn acquire(
        &self,
        index: usize,
        slots: &mut Self::Slots,
    ) -> impl Future<Output = Result<(), AcquireError>> + Send;

    /// Refunds what was admitted, the last first.
    fn give_back(&self, slots: &mut Self::Slots);

    /// All of it, if nothing is missing.
    fn all(slots: Self::Slots) -> Option<Self::Permits>;
}

/// The tuples differ in nothing but their length.
macro_rules! tuples {
    ($($count:literal: $($name:ident $index:tt)+, backwards [$($back:tt)+];)+) => { $(
        impl<$($name: Ask),+> LimiterSet for ($($name,)+) {
            type Permits = ($($name::Permit,)+);
            type Slots = ($(Option<$name::Permit>,)+);
            const COUNT: usize = $count;

            fn rank(&self, index: usize) -> Option<u64> {
                match index {
                    $($index => self.$index.rank(),)+
                    _ => None,
                }
            }

            fn weight(&self, index: usize) -> u32 {
                match index {
                    $($index => self.$index.weight(),)+
                    _ => 0,
                }
            }

            fn check(&self, index: usize, weight: u32) -> Result<(), WeightError> {
                match index {
                    $($index => self.$index.check(weight),)+
                    _ => Ok(()),
                }
            }

            fn try_acquire(
                &self,
                index: usize,
                slots: &mut Self::Slots,
            ) -> Result<(), TryAcquireError> {
                match index {
                    $($index => {
                        if slots.$index.is_none() {
                            slots.$index = Some(self.$index.try_acquire()?);
                        }
                    })+
                    _ => {}
                }
                Ok(())
            }

            async fn acquire(
                &self,
                index: usize,
                slots: &mut Self::Slots,
            ) -> Result<(), AcquireError> {
                match index {
                    $($index => slots.$index = Some(self.$index.acquire().await?),)+
                    _ => {}
                }
                Ok(())
            }

            fn give_back(&self, slots: &mut Self::Slots) {
                $(if let Some(permit) = slots.$back.take() {
                    self.$back.refund(permit);
                })+
            }

            fn all(slots: Self::Slots) -> Option<Self::Permits> {
                Some(($(slots.$index?,)+))
            }
        }
    )+ };
}

tuples! {
    2: A 0 B 1, backwards [1 0];
    3: A 0 B 1 C 2, backwards [2 1 0];
    4: A 0 B 1 C 2 D 3, backwards [3 2 1 0];
    5: A 0 B 1 C 2 D 3 E 4, backwards [4 3 2 1 0];
    6: A 0 B 1 C 2 D 3 E 4 F 5, backwards [5 4 3 2 1 0];
}
