use crate::config::ConfigError;
use crate::limit::rate::Rate;

/// How an [`AdaptiveRateLimiter`](super::AdaptiveRateLimiter) changes a rate when it is told of a
/// load.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RateRule {
    /// Above a load of 0.9 the rate becomes 0.8 times what it was, below 0.5 it becomes 1.2 times
    /// that. Also, while the last load that was told, of whichever resource, is above 0.8, every
    /// rate counts half.
    Steps,
    /// Additive increase, multiplicative decrease, as TCP has it (Chiu and Jain, 1989): several that
    /// share a resource come to equal parts of it.
    Aimd {
        /// Above this load the rate falls, up to it the rate rises.
        threshold: f64,
        /// By so much the rate rises.
        increase: Rate,
        /// To so much of what it was the rate falls.
        factor: f64,
    },
}

impl RateRule {
    /// AIMD with what is usual: it falls to a half above a load of 0.8.
    pub const fn aimd(increase: Rate) -> Self {
        Self::Aimd { threshold: 0.8, increase, factor: 0.5 }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let Self::Aimd { threshold, factor, .. } = *self else { return Ok(()) };
        if !(threshold > 0.0 && threshold.is_finite()) {
            return Err(ConfigError::new(
                "threshold",
                threshold.to_string(),
                "more than 0 and finite",
            ));
        }
        if !(factor > 0.0 && factor < 1.0) {
            return Err(ConfigError::new(
                "factor",
                factor.to_string(),
                "more than 0 and less than 1",
            ));
        }
        Ok(())
    }

    /// What becomes of a rate, in items a second, under `load`.
    pub(super) fn adjust(&self, hertz: f64, load: f64) -> f64 {
        match *self {
            Self::Steps if load > 0.9 => hertz * 0.8,
            Self::Steps if load < 0.5 => hertz * 1.2,
            Self::Steps => hertz,
            Self::Aimd { threshold, factor, .. } if load > threshold => hertz * factor,
            Self::Aimd { increase, .. } => hertz + increase.to_hertz(),
        }
    }

    /// What part of its rate each resource has under `load`.
    pub(super) fn part(&self, load: f64) -> f64 {
        if matches!(self, Self::Steps) && load > 0.8 { 0.5 } else { 1.0 }
    }
}
