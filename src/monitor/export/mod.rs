//! What a registry holds, for others to read.

pub(super) mod json;
mod number;
mod prometheus;
#[cfg(not(feature = "tracing"))]
#[path = "silent.rs"]
pub(super) mod tracing;
#[cfg(feature = "tracing")]
pub(super) mod tracing;

pub(super) use self::prometheus::Text;

/// The percentiles that are told of a histogram, and their quantiles as the text format has them.
const PERCENTILES: [(f64, &str); 5] =
    [(50.0, "0.5"), (90.0, "0.9"), (95.0, "0.95"), (99.0, "0.99"), (99.9, "0.999")];
