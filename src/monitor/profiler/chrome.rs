//! The trace event format of Chrome, in JSON. Times are microseconds, told to the nanosecond.

use std::fmt;
use std::time::Duration;

use mtaio_runtime::Instant;

use super::lanes;
use super::record::{ProfilerStats, SpanRecord};
use crate::monitor::export::json::Quoted;

/// Spans as a trace.
pub(super) struct Trace {
    /// In the order in which they began.
    spans: Vec<SpanRecord>,
    stats: ProfilerStats,
}

impl Trace {
    pub(super) fn new(mut spans: Vec<SpanRecord>, stats: ProfilerStats) -> Self {
        spans.sort_unstable_by_key(|span| (span.begun, span.id));
        Self { spans, stats }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (drawn, lanes) = lanes::draw(&self.spans);
        f.write_str(r#"{"displayTimeUnit":"ns","#)?;
        writeln!(f, r#""otherData":{{"dropped":"{}"}},"traceEvents":["#, self.stats.dropped)?;
        f.write_str(r#"{"name":"process_name","ph":"M","pid":1,"tid":0,"args":{"name":"mtaio"}}"#)?;
        for (lane, name) in (1..).zip(&lanes) {
            write!(f, ",\n{{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":{lane},")?;
            write!(f, r#""args":{{"name":{}}}}}"#, Quoted(name))?;
        }
        for (span, place) in self.spans.iter().zip(&drawn) {
            write_span(f, span, place.lane)?;
            if let Some(parent) = place.arrow_from {
                write_arrow(f, &self.spans[parent], drawn[parent].lane, span, place.lane)?;
            }
        }
        f.write_str("\n]}\n")
    }
}

fn write_span(f: &mut fmt::Formatter<'_>, span: &SpanRecord, lane: usize) -> fmt::Result {
    let (name, begun, took) = (span.name.to_string(), Micros::at(span.begun), Micros(span.took()));
    write!(f, ",\n{{\"name\":{},\"cat\":\"span\",\"ph\":\"X\",", Quoted(&name))?;
    write!(f, r#""ts":{begun},"dur":{took},"pid":1,"tid":{lane},"args":{{"id":{}"#, span.id)?;
    if let Some(parent) = span.parent {
        write!(f, r#","parent":{parent}"#)?;
    }
    write!(f, r#","outcome":"{}","polls":{}"#, span.outcome.name(), span.polls)?;
    for (key, time) in [
        ("waited_us", span.waited),
        ("busy_us", span.busy),
        ("idle_us", span.idle()),
        ("longest_poll_us", span.longest_poll),
    ] {
        write!(f, r#","{key}":{}"#, Micros(time))?;
    }
    f.write_str("}}")
}

/// From where in its parent a span came, to itself.
fn write_arrow(
    f: &mut fmt::Formatter<'_>,
    parent: &SpanRecord,
    from: usize,
    span: &SpanRecord,
    to: usize,
) -> fmt::Result {
    // It must lie within the parent, which may have ended before its child began.
    let left = span.begun.min(parent.ended).max(parent.begun);
    for (phase, at, lane) in [("\"s\"", left, from), ("\"f\",\"bp\":\"e\"", span.begun, to)] {
        write!(f, ",\n{{\"name\":\"child\",\"cat\":\"child\",\"ph\":{phase},\"id\":{},", span.id)?;
        write!(f, r#""ts":{},"pid":1,"tid":{lane}}}"#, Micros::at(at))?;
    }
    Ok(())
}

/// A time in microseconds: not by way of a float, which has no room for the nanoseconds of a year.
struct Micros(Duration);

impl Micros {
    const fn at(instant: Instant) -> Self {
        Self(Duration::from_nanos(instant.as_nanos()))
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0.as_micros(), self.0.subsec_nanos() % 1_000)
    }
}
