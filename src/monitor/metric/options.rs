use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use super::scale;
use crate::config::{ConfigError, check_period};
use crate::monitor::registry::Kind;

/// What there is to set of a [`Histogram`](super::Histogram).
///
/// In Prometheus' text format a histogram is one of two things:
///
/// - without a window a **histogram**: how many values are not above each of some bounds, from the
///   beginning. It can be added up over several processes, and percentiles are asked of Prometheus.
/// - with a window a **summary**: the percentiles 50, 90, 95, 99 and 99.9 of the window, within 1 %,
///   of this process. Where bounds are set too, it is a histogram.
///
/// # Examples
///
/// ```
/// use mtaio::monitor::{HistogramOptions, Registry};
///
/// let registry = Registry::new();
/// let in_kib = HistogramOptions::new().bounds([1024.0, 4096.0, 65536.0]);
/// let sizes = registry.histogram_with("reply_bytes", "How large replies are.", &in_kib)?;
/// sizes.record(1500.0);
/// sizes.record(4096.0);
///
/// assert!(registry.render().contains(r#"reply_bytes_bucket{le="4096"} 2"#));
/// # Ok::<(), mtaio::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing by themselves: pass them to `histogram_with`"]
pub struct HistogramOptions {
    window: Option<(DynRuntime, Duration)>,
    bounds: Option<Arc<[f64]>>,
}

/// For seconds: powers of two from 1 ms to 16 s.
const BOUNDS: [f64; 15] = [
    0.0009765625,
    0.001953125,
    0.00390625,
    0.0078125,
    0.015625,
    0.03125,
    0.0625,
    0.125,
    0.25,
    0.5,
    1.0,
    2.0,
    4.0,
    8.0,
    16.0,
];

impl HistogramOptions {
    /// No window, and bounds for seconds: the powers of two from 1/1024 to 16.
    pub const fn new() -> Self {
        Self { window: None, bounds: None }
    }

    /// Percentiles are of the last `window` of time, by the clock of `rt`, which is looked at with
    /// each value.
    ///
    /// The window moves in six steps, so that what is recent is up to a sixth of it older.
    pub fn window<R: Runtime>(mut self, rt: &R, window: Duration) -> Self {
        self.window = Some((DynRuntime::new(rt), window));
        self
    }

    /// The bounds that the text format shows, each more than the one before.
    ///
    /// Values are counted in buckets of their own, and a bound counts as the upper edge of the one
    /// that it lies in, up to 1.6 % above it: that is the bound that is shown, so that what is told is
    /// exact. A number of seven bits times a power of two (as 1, 2.5, 0.375 or 3 * 1024) is such an
    /// edge.
    pub fn bounds(mut self, bounds: impl IntoIterator<Item = f64>) -> Self {
        self.bounds = Some(bounds.into_iter().collect());
        self
    }

    /// What is to be made of them, if they can be accepted.
    pub(in crate::monitor) fn check(&self) -> Result<Shape, ConfigError> {
        if let Some((_, window)) = &self.window {
            check_period("window", *window)?;
        }
        let bounds = match (&self.bounds, &self.window) {
            (Some(bounds), _) => Some(&**bounds),
            (None, None) => Some(&BOUNDS[..]),
            (None, Some(_)) => None,
        };
        let is_one = |bound: &f64| bound.is_finite() && *bound > 0.0;
        let given = bounds.unwrap_or_default();
        if !given.iter().all(is_one) || !given.is_sorted_by(|one, next| one < next) {
            let allowed = "finite, more than zero, and each more than the one before";
            return Err(ConfigError::new("bounds", format!("{given:?}"), allowed));
        }
        Ok(Shape { window: self.window.clone(), bounds: bounds.map(edges) })
    }
}

/// Options that were accepted.
#[derive(Clone)]
pub(in crate::monitor) struct Shape {
    pub(super) window: Option<(DynRuntime, Duration)>,
    /// The upper edges of buckets; `None` for a summary.
    pub(super) bounds: Option<Arc<[f64]>>,
}

impl Shape {
    pub(in crate::monitor) const fn kind(&self) -> Kind {
        if self.bounds.is_some() { Kind::Histogram } else { Kind::Summary }
    }

    /// Whether a histogram of this shape is one of the other as well.
    pub(in crate::monitor) fn is_like(&self, other: &Self) -> bool {
        let length = |shape: &Self| shape.window.as_ref().map(|(_, length)| *length);
        self.bounds == other.bounds && length(self) == length(other)
    }
}

/// The upper edges of the buckets that the bounds lie in, each once. What is above all is shown
/// anyway.
fn edges(bounds: &[f64]) -> Arc<[f64]> {
    let edge = |bound: &f64| scale::upper(scale::place_of(*bound));
    let mut edges: Vec<f64> = bounds.iter().map(edge).filter(|edge| edge.is_finite()).collect();
    edges.dedup();
    edges.into()
}

impl Default for HistogramOptions {
    fn default() -> Self {
        Self::new()
    }
}
