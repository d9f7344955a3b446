use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use super::buckets::Buckets;
use super::distribution::Distribution;
use crate::config::ConfigError;

/// How values are spread: latencies, sizes. Clones are handles of the same one.
#[derive(Clone)]
pub struct Histogram(Arc<Inner>);

struct Inner {
    buckets: Buckets,
    options: HistogramOptions,
}

/// What there is to set of a [`Histogram`].
#[derive(Clone, Debug)]
#[must_use = "options do nothing by themselves: pass them to `histogram_with`"]
pub struct HistogramOptions {
    window: Option<(DynRuntime, Duration)>,
    bounds: Option<Arc<[f64]>>,
}

/// What a histogram held at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HistogramValue {
    /// All values so far.
    pub total: Distribution,
    /// Those of the window, if it has one.
    pub recent: Option<Distribution>,
}

impl Histogram {
    /// A histogram that no registry shows.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the window is zero or absurd.
    pub fn new(options: &HistogramOptions) -> Result<Self, ConfigError> {
        Ok(Self(Arc::new(Inner { buckets: Buckets::new(), options: options.clone() })))
    }

    /// Takes a value, in the unit that the histogram's name tells.
    #[inline]
    pub fn record(&self, value: f64) {
        if value >= 0.0 && value < f64::INFINITY {
            self.0.buckets.record(value, 1);
        }
    }

    /// Takes a time, in seconds.
    #[inline]
    pub fn record_duration(&self, duration: Duration) {
        self.record(duration.as_secs_f64());
    }

    /// All values so far.
    pub fn total(&self) -> Distribution {
        self.0.buckets.read()
    }

    /// The values of the window; all so far without one.
    pub fn recent(&self) -> Distribution {
        self.total()
    }

    pub(in crate::monitor) fn value(&self) -> HistogramValue {
        let recent = self.0.options.window.is_some().then(|| self.recent());
        HistogramValue { total: self.total(), recent }
    }
}

impl HistogramOptions {
    /// Without a window, and with the bounds of the text format that are the default.
    pub const fn new() -> Self {
        Self { window: None, bounds: None }
    }

    /// Percentiles are of the last `window` of time, by the clock of `rt`.
    pub fn window<R: Runtime>(mut self, rt: &R, window: Duration) -> Self {
        self.window = Some((DynRuntime::new(rt), window));
        self
    }

    /// The bounds of the buckets that the text format shows.
    pub fn bounds(mut self, bounds: impl IntoIterator<Item = f64>) -> Self {
        self.bounds = Some(bounds.into_iter().collect());
        self
    }
}

impl Default for HistogramOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Histogram").field(&self.total()).finish()
    }
}
