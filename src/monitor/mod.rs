//! What a program does, in numbers: metrics, and what reads them.

mod collector;
mod export;
mod labels;
mod metric;
mod registry;
mod stats;

pub use self::collector::{Collection, Collector};
pub use self::labels::Labels;
pub use self::metric::{Counter, Distribution, Gauge, Histogram, HistogramOptions, HistogramValue};
pub use self::registry::{
    CollectorId, Family, Kind, Labelled, Registry, RegistryStats, Sample, Snapshot, Value,
};
pub use self::stats::{PolicyCounts, RunTotals, Stats};
