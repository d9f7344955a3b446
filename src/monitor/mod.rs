//! What a program does, in numbers: metrics, and what reads them.
//!
//! ```
//! use std::time::Duration;
//! use mtaio::monitor::{HistogramOptions, Registry};
//! use mtaio::{Runtime, RuntimeExt, TaskExecutor};
//!
//! # mtaio_sim::Sim::run(0, |rt| async move {
//! let registry = Registry::new();
//! let replies = registry.counters("http_replies_total", "Replies.", ["status"])?;
//! let last_minute = HistogramOptions::new().window(&rt, Duration::from_secs(60));
//! let latency = registry.histogram_with("http_reply_seconds", "Time of a reply.", &last_minute)?;
//!
//! let executor = TaskExecutor::new(&rt);
//! registry.watch("http", { let executor = executor.clone(); move || executor.stats() })?;
//!
//! let ok = replies.with(["200"]);
//! let start = rt.now();
//! executor.run(rt.sleep(Duration::from_millis(20))).await?;
//! latency.record_duration(rt.now() - start);
//! ok.inc();
//!
//! let text = registry.render();
//! assert!(text.contains("http_replies_total{status=\"200\"} 1\n"));
//! assert!(text.contains("http_reply_seconds{quantile=\"0.99\"} 0.02\n"));
//! assert!(text.contains("mtaio_executor_started_total{name=\"http\"} 1\n"));
//! # Ok::<(), mtaio::Error>(())
//! # }).unwrap();
//! ```
//!
//! # Metrics
//!
//! A [`Registry`] is made, not global, and knows metrics by their names. It needs no runtime; only a
//! histogram with a window does, for its clock.
//!
//! - [`Counter`], [`Gauge`] and [`Histogram`] are handles, for what the code counts itself, at a few
//!   nanoseconds each time.
//! - [`Labelled`] families have a bound: what goes beyond it is counted in one series.
//! - [`Stats`]: what every part of this library has counted already, by [`Registry::watch`].
//! - [`Collector`]: what a program counts in its own way.
//!
//! [`Registry::gather`] gives a [`Snapshot`], which is also written [as JSON](Snapshot::to_json), and
//! [`Registry::render`] the text that Prometheus scrapes.
//!
//! # Alerts
//!
//! A [`Monitor`] looks at the system and at a registry at an interval, remembers the last values of each
//! series, and holds [`Rule`]s: a [`Signal`] (a value, a rate, one over another) that is above or below a
//! bound for long enough. When a rule begins to hold and when it ends to, an [`Alert`] is emitted.
//!
//! # Spans
//!
//! A [`Profiler`] records where the time of futures goes, by [`Span`]s that know which one they are part
//! of, across tasks and threads.
//!
//! # Serving it
//!
//! `render` is a plain function that gives a `String`, so any server will do. With axum:
//!
//! ```text
//! let metrics = get(async move || ([(CONTENT_TYPE, Registry::CONTENT_TYPE)], registry.render()));
//! Router::new().route("/metrics", metrics)
//! ```
//!
//! And without one, from a thread of its own, whatever the path:
//!
//! ```no_run
//! use std::io::{self, BufRead, BufReader, Read, Write};
//! use std::net::TcpListener;
//! use std::thread;
//! use std::time::Duration;
//! use mtaio::monitor::Registry;
//!
//! fn serve(registry: Registry, address: &str) -> io::Result<()> {
//!     let listener = TcpListener::bind(address)?;
//!     thread::spawn(move || {
//!         for mut stream in listener.incoming().flatten() {
//!             // Who sends no request in time is not waited for.
//!             let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
//!             // Nor is more than this of a request read.
//!             let mut lines = BufReader::new((&stream).take(16 << 10)).lines();
//!             while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
//!             let text = registry.render();
//!             let (kind, length) = (Registry::CONTENT_TYPE, text.len());
//!             let head = format!("Content-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close");
//!             let _ = write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\n\r\n{text}");
//!         }
//!     });
//!     Ok(())
//! }
//! ```

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
