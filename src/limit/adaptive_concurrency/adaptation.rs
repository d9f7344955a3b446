use std::ops::RangeInclusive;

use crate::config::ConfigError;

/// How an [`AdaptiveConcurrency`](super::AdaptiveConcurrency) finds its limit.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "it does nothing by itself: give it to `AdaptiveConcurrency::new`"]
pub struct Adaptation {
    pub(super) least: u32,
    pub(super) most: u32,
    pub(super) start: u32,
    pub(super) tolerance: f64,
}

impl Adaptation {
    /// From 1 to 1,000, beginning with 20; latencies up to 1.2 times that without a load are well.
    pub const fn new() -> Self {
        Self { least: 1, most: 1_000, start: 20, tolerance: 1.2 }
    }

    /// The least and the most that the limit may be.
    pub const fn range(mut self, range: RangeInclusive<u32>) -> Self {
        (self.least, self.most) = (*range.start(), *range.end());
        self
    }

    /// The limit to begin with, moved into the range where it lies outside.
    pub const fn start(mut self, limit: u32) -> Self {
        self.start = limit;
        self
    }

    /// How many times the latency without a queue is still well: what is more is taken for a queue
    /// where the work is done. The limit goes up to about so many times what that can do at once.
    /// Where latencies vary much by themselves, more than 1.2 keeps that from being taken for load.
    pub const fn tolerance(mut self, times: f64) -> Self {
        self.tolerance = times;
        self
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.least == 0 || self.least > self.most {
            let value = format!("{}..={}", self.least, self.most);
            return Err(ConfigError::new("range", value, "from 1 or more, and its end no less"));
        }
        if self.start == 0 {
            return Err(ConfigError::new("start", "0", "1 or more"));
        }
        // Written so that it refuses NaN.
        if !(1.05..=10.0).contains(&self.tolerance) {
            let value = self.tolerance.to_string();
            return Err(ConfigError::new("tolerance", value, "1.05 to 10"));
        }
        Ok(())
    }
}

impl Default for Adaptation {
    fn default() -> Self {
        Self::new()
    }
}
