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

use super::registry::{Kind, Value};

/// What a family may have series of: [`Counter`], [`Gauge`], [`Histogram`].
pub trait Metric: Clone + Send + Sync + sealed::Sealed + 'static {
    #[doc(hidden)]
    const KIND: Kind;
}

pub(super) mod sealed {
    pub trait Sealed {
        /// What it is at.
        fn value(&self) -> super::Value;
    }
}

impl Metric for Counter {
    const KIND: Kind = Kind::Counter;
}

impl Metric for Gauge {
    const KIND: Kind = Kind::Gauge;
}

impl Metric for Histogram {
    const KIND: Kind = Kind::Histogram;
}

impl sealed::Sealed for Counter {
    fn value(&self) -> Value {
        Value::Counter(self.get())
    }
}

impl sealed::Sealed for Gauge {
    fn value(&self) -> Value {
        Value::Gauge(self.get())
    }
}

impl sealed::Sealed for Histogram {
    fn value(&self) -> Value {
        Value::Histogram(Box::new(self.value()))
    }
}
