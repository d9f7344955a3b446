//! What a program does, in numbers: metrics, and what reads them.

mod collector;
mod export;
mod labels;
mod metric;
mod profiler;
mod registry;

pub use self::collector::{Collection, Collector};
pub use self::labels::Labels;
pub use self::metric::{
    Counter, Distribution, Gauge, Histogram, HistogramOptions, HistogramValue, Metric,
};
pub use self::profiler::{
    NameSummary, Outcome, Profiler, ProfilerStats, Span, SpanId, SpanRecord, Summary, Traced,
};
pub use self::registry::{Family, Kind, Labelled, Registry, Sample, Snapshot, Value};
