use std::time::Duration;

use thiserror::Error;

use crate::retryable::Retryable;

/// Something was not done in the time that it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not done within {limit:?}")]
pub struct Elapsed {
    limit: Duration,
}

impl Elapsed {
    /// What was given `limit` was not done in it.
    pub(crate) const fn new(limit: Duration) -> Self {
        Self { limit }
    }

    /// The time that was given.
    pub const fn limit(&self) -> Duration {
        self.limit
    }
}

impl Retryable for Elapsed {
    /// Always: it may be quicker the next time.
    fn is_retryable(&self) -> bool {
        true
    }
}
