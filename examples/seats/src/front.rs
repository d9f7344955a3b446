use std::time::Duration;

use mtaio::limit::{ConcurrencyLimiter, Rate, RateLimiter};
use mtaio::monitor::Registry;
use mtaio::{ConfigError, Runtime};

/// What the front door lets through. Who comes too often waits a little; where too many wait
/// already, or the wait would be too long, one is told to come again.
#[derive(Clone)]
pub struct Front {
    /// How often.
    pub rate: RateLimiter,
    /// How many at once; a few more may wait, and not for long.
    pub slots: ConcurrencyLimiter,
}

impl Front {
    /// How long a request may take.
    pub const LIMIT: Duration = Duration::from_millis(450);

    /// A front door on `rt`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if its settings make no sense, which would be a bug of this example.
    pub fn new<R: Runtime>(rt: &R) -> Result<Self, ConfigError> {
        let rate = RateLimiter::new(rt, Rate::per_second(200)?, 20)?;
        let slots = ConcurrencyLimiter::new(rt, 3)?
            .waiting_room(3)
            .longest_wait(Duration::from_millis(100))?;
        Ok(Self { rate, slots })
    }

    /// Shows its limits among the metrics.
    pub(crate) fn show(&self, registry: &Registry) -> Result<(), ConfigError> {
        let Self { rate, slots } = self.clone();
        registry.watch("front", move || rate.stats())?;
        registry.watch("front", move || slots.stats())?;
        Ok(())
    }
}
