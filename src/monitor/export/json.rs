//! A snapshot as JSON, written by hand: it is one shape, and the core needs no `serde` for it.

use std::fmt::{self, Write};

use super::PERCENTILES;
use super::number::{name_of, push_finite, push_whole};
use crate::monitor::metric::{Distribution, HistogramValue};
use crate::monitor::registry::{Family, Sample, Snapshot, Value};

pub(in crate::monitor) fn write(snapshot: &Snapshot) -> String {
    let mut json = String::from("{\"families\":");
    list(&mut json, &snapshot.families, family);
    json.push('}');
    json
}

fn family(json: &mut String, family: &Family) {
    for (key, value) in [("{\"name\":", &*family.name), (",\"help\":", &*family.help)] {
        json.push_str(key);
        string(json, value);
    }
    json.push_str(",\"type\":");
    string(json, family.kind.name());
    json.push_str(",\"samples\":");
    list(json, &family.samples, sample);
    json.push('}');
}

fn sample(json: &mut String, sample: &Sample) {
    json.push_str("{\"labels\":{");
    for (at, (name, value)) in sample.labels.iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        string(json, name);
        json.push(':');
        string(json, value);
    }
    json.push_str("},\"value\":");
    match &sample.value {
        Value::Counter(count) => push_whole(json, *count),
        Value::Sum(value) | Value::Gauge(value) => number(json, *value),
        Value::Histogram(value) => histogram(json, value),
    }
    json.push('}');
}

fn histogram(json: &mut String, value: &HistogramValue) {
    distribution(json, &value.total);
    if let Some(recent) = &value.recent {
        // It goes into the object that has just ended.
        json.pop();
        json.push_str(",\"recent\":");
        distribution(json, recent);
        json.push('}');
    }
}

fn distribution(json: &mut String, values: &Distribution) {
    json.push_str("{\"count\":");
    push_whole(json, values.count());
    json.push_str(",\"sum\":");
    number(json, values.sum());
    for (key, value) in [(",\"min\":", values.min()), (",\"max\":", values.max())] {
        json.push_str(key);
        maybe(json, value);
    }
    json.push_str(",\"percentiles\":{");
    for (at, (percent, _)) in PERCENTILES.into_iter().enumerate() {
        json.push_str(if at > 0 { ",\"" } else { "\"" });
        push_finite(json, percent);
        json.push_str("\":");
        maybe(json, values.percentile(percent));
    }
    json.push_str("}}");
}

fn list<T>(json: &mut String, items: &[T], write: impl Fn(&mut String, &T)) {
    json.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        write(json, item);
    }
    json.push(']');
}

fn maybe(json: &mut String, value: Option<f64>) {
    match value {
        Some(value) => number(json, value),
        None => json.push_str("null"),
    }
}

fn number(json: &mut String, value: f64) {
    match name_of(value) {
        Some(name) => string(json, name),
        None => push_finite(json, value),
    }
}

fn string(json: &mut String, value: &str) {
    // A string takes all.
    let _ = write!(json, "{}", Quoted(value));
}

/// A string of JSON.
pub(in crate::monitor) struct Quoted<'a>(pub(in crate::monitor) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for char in self.0.chars() {
            match char {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str(r"\\")?,
                '\n' => f.write_str(r"\n")?,
                control if control < ' ' => write!(f, "\\u{:04x}", u32::from(control))?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}
