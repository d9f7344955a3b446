//! The one error of all builders.

use std::time::Duration;

use thiserror::Error;

use crate::retryable::Retryable;

/// A setting was refused when the thing was built: it names the field, its value, and what is
/// allowed.
///
/// # Examples
///
/// ```
/// use mtaio::TaskExecutor;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let refused = TaskExecutor::new(&rt).limit(0).unwrap_err();
/// assert_eq!(refused.to_string(), "`limit` is 0, allowed is 1 or more");
/// assert_eq!(refused.field(), "limit");
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{field}` is {value}, allowed is {allowed}")]
pub struct ConfigError {
    field: &'static str,
    value: String,
    allowed: &'static str,
}

impl ConfigError {
    /// Refuses `value` for `field`; for the builders of custom parts too.
    pub fn new(field: &'static str, value: impl Into<String>, allowed: &'static str) -> Self {
        Self { field, value: value.into(), allowed }
    }

    /// The name of the setting, as its method is called.
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// What it was set to.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What it may be set to.
    pub const fn allowed(&self) -> &'static str {
        self.allowed
    }
}

impl Retryable for ConfigError {
    /// Never: it would be refused again.
    fn is_retryable(&self) -> bool {
        false
    }
}

/// The longest time that a setting may name: what is beyond it is a mistake, not a wish.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Refuses a period that is zero or absurd.
pub(crate) fn check_period(field: &'static str, period: Duration) -> Result<(), ConfigError> {
    if period.is_zero() || period > LONGEST {
        let allowed = "more than zero and at most 100 years";
        return Err(ConfigError::new(field, format!("{period:?}"), allowed));
    }
    Ok(())
}
