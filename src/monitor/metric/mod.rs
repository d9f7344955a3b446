//! The handles by which values are told.

mod buckets;
mod cell;
mod counter;
mod distribution;
mod gauge;
mod histogram;
mod options;
mod owner;
mod scale;
mod window;

pub use self::counter::Counter;
pub use self::distribution::Distribution;
pub use self::gauge::Gauge;
pub use self::histogram::{Histogram, HistogramValue};
pub use self::options::HistogramOptions;

pub(super) use self::histogram::Cumulative;
pub(super) use self::options::Shape;
