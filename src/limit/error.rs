use std::time::Duration;

use thiserror::Error;

use crate::retryable::Retryable;
use crate::time::Elapsed;

/// A weight that a limiter never admits, however long one waits: none at all, or more than it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("`weight` is {weight}, allowed is 1 to {most}")]
pub struct WeightError {
    weight: u32,
    most: u32,
}

impl WeightError {
    /// Refuses `weight` where `most` is the heaviest that can be admitted; for custom limiters too.
    pub const fn new(weight: u32, most: u32) -> Self {
        Self { weight, most }
    }

    /// Refuses `weight` unless it is 1 to `most`.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub const fn check(weight: u32, most: u32) -> Result<(), Self> {
        if weight == 0 || weight > most { Err(Self::new(weight, most)) } else { Ok(()) }
    }

    /// What was asked for.
    pub const fn weight(&self) -> u32 {
        self.weight
    }

    /// The heaviest that can be admitted.
    pub const fn most(&self) -> u32 {
        self.most
    }
}

impl Retryable for WeightError {
    /// Never: it would be refused again.
    fn is_retryable(&self) -> bool {
        false
    }
}

/// Why a limiter did not admit at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TryAcquireError {
    /// The limit is reached, or others wait already.
    #[error("the limit is reached{}", Hint(*retry_after))]
    Limited {
        /// In how long this may be admitted, where that is known.
        retry_after: Option<Duration>,
    },
    /// It is never admitted.
    #[error(transparent)]
    Weight(#[from] WeightError),
}

impl Retryable for TryAcquireError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Limited { .. })
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Limited { retry_after } => *retry_after,
            Self::Weight(_) => None,
        }
    }
}

/// Why a limiter did not admit who was ready to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// The time to wait is up, or would be before this is admitted.
    #[error(transparent)]
    Elapsed(#[from] Elapsed),
    /// As many wait already as may.
    #[error("{waiting} wait already, and no more may")]
    Full {
        /// How many wait.
        waiting: usize,
    },
    /// It is never admitted.
    #[error(transparent)]
    Weight(#[from] WeightError),
}

impl Retryable for AcquireError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Elapsed(elapsed) => elapsed.is_retryable(),
            Self::Full { .. } => true,
            Self::Weight(_) => false,
        }
    }
}

/// ", try again in .."
struct Hint(Option<Duration>);

impl std::fmt::Display for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |after| write!(f, ", try again in {after:?}"))
    }
}
