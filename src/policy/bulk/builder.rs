use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use super::stats::Counters;
use super::{BoxCall, Bulk, Results, Shared};
use crate::callback::Callback;
use crate::config::{ConfigError, check_period};

/// The settings of a [`Bulk`], to be [built](Self::build).
#[must_use = "a builder does nothing until it is built"]
pub struct BulkBuilder<In, Out, E, R = DynRuntime> {
    rt: R,
    f: BoxCall<In, Out, E>,
    max_size: usize,
    max_delay: Duration,
}

/// More inputs than this in one call are a mistake, not a wish.
const MOST: usize = 1_000_000;

impl<In, Out, E, R> BulkBuilder<In, Out, E, R>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Send + 'static,
    R: Runtime,
{
    pub(super) fn new<F>(rt: R, f: F) -> Self
    where
        F: Callback<Vec<In>, Output = Results<Out, E>, Future: Send + 'static>
            + Send
            + Sync
            + 'static,
    {
        let f: BoxCall<In, Out, E> = Box::new(move |inputs| Box::pin(f.clone().call(inputs)));
        Self { rt, f, max_size: 100, max_delay: Duration::from_millis(10) }
    }

    /// With how many inputs the function is called at once, 1 to a million; 100 unless said.
    pub const fn max_size(mut self, inputs: usize) -> Self {
        self.max_size = inputs;
        self
    }

    /// How long the first of them waits for others; 10 ms unless said.
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a size that is not 1 to a million, and a delay that is zero or more than
    /// 100 years.
    pub fn build(self) -> Result<Bulk<In, Out, E, R>, ConfigError> {
        let Self { rt, f, max_size, max_delay } = self;
        if max_size == 0 || max_size > MOST {
            return Err(ConfigError::new("max_size", max_size.to_string(), "1 to 1000000"));
        }
        check_period("max_delay", max_delay)?;
        let (open, counters) = (Mutex::default(), Counters::default());
        Ok(Bulk { shared: Arc::new(Shared { rt, f, max_size, max_delay, open, counters }) })
    }
}

impl<In, Out, E, R> fmt::Debug for BulkBuilder<In, Out, E, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkBuilder")
            .field("max_size", &self.max_size)
            .field("max_delay", &self.max_delay)
            .finish_non_exhaustive()
    }
}
