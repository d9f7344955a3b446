//! What a program does, in numbers: metrics, and what reads them.

mod alert;
mod collector;
mod export;
mod history;
mod labels;
mod metric;
mod profiler;
mod registry;
mod sampler;
mod stats;
mod system;

pub use self::alert::{Alert, AlertState, Rule, Severity, Signal};
pub use self::collector::{Collection, Collector};
pub use self::history::{Point, Series};
pub use self::labels::Labels;
pub use self::metric::{Counter, Distribution, Gauge, Histogram, HistogramOptions, HistogramValue};
pub use self::profiler::{
    NameSummary, Outcome, Profiler, ProfilerStats, Span, SpanId, SpanRecord, Summary, Traced,
};
pub use self::registry::{
    CollectorId, Family, Kind, Labelled, Registry, RegistryStats, Sample, Snapshot, Value,
};
pub use self::sampler::{Monitor, MonitorBuilder, MonitorStats, Reading};
pub use self::stats::{PolicyCounts, RunTotals, Stats};
pub use self::system::{Cpu, Io, Load, Memory, Proc, Process, System, SystemSource, Unsupported};
