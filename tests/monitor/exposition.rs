//! The text format and JSON: whatever a program names and counts, it is read back as it was.

use std::collections::BTreeMap;

use mtaio::Runtime;
use mtaio::monitor::{Collection, HistogramOptions, Registry, Snapshot, Value};
use mtaio_sim::Sim;
use serde_json::Value as Json;

use crate::common::ms;
use crate::parser::{Parsed, parse};

/// Texts that have broken exporters.
const NASTY: [&str; 16] = [
    "",
    " ",
    "\"",
    "\\",
    "\n",
    "\r\n",
    "\\n",
    "a\"} 1\nevil_total{x=\"",
    "},{",
    "# HELP x y",
    "名前\u{1F600}",
    "\u{0}\u{1}\u{7f}\u{85}\u{2028}",
    "le=\"+Inf\"",
    "{{}}%s%n",
    "tab\there",
    "\\\"\\\\",
];

#[test]
fn the_text_is_to_the_letter() {
    let registry = Registry::new();
    let replies = registry.counters("replies_total", "Replies.", ["status", "route"]).expect("new");
    replies.with(["500", "/b"]).add(2);
    replies.with(["200", "/b"]).inc();
    replies.with(["200", "/a"]).add(u64::MAX);
    registry.gauge("heat_celsius", "How hot\nit \\ is.").expect("new").set(-0.5);
    let sizes = HistogramOptions::new().bounds([0.5, 1.0, 1.01, 256.0]);
    let sizes = registry.histograms("size_bytes", "Sizes.", ["kind"], &sizes).expect("new");
    let sizes = sizes.with(["x"]);
    [0.25, 1.0, 1.0, 300.0].into_iter().for_each(|size| sizes.record(size));
    registry.histogram("idle_seconds", "Never.").expect("new");

    let idle = (0..15).map(|step| {
        let bound = 2_f64.powi(step - 10);
        format!("idle_seconds_bucket{{le=\"{bound}\"}} 0\n")
    });
    let idle: String = idle.collect();
    let expected = format!(
        r#"# HELP heat_celsius How hot\nit \\ is.
# TYPE heat_celsius gauge
heat_celsius -0.5
# HELP idle_seconds Never.
# TYPE idle_seconds histogram
{idle}idle_seconds_bucket{{le="+Inf"}} 0
idle_seconds_sum 0
idle_seconds_count 0
# HELP replies_total Replies.
# TYPE replies_total counter
replies_total{{route="/a",status="200"}} 18446744073709551615
replies_total{{route="/b",status="200"}} 1
replies_total{{route="/b",status="500"}} 2
# HELP size_bytes Sizes.
# TYPE size_bytes histogram
size_bytes_bucket{{kind="x",le="0.5"}} 1
size_bytes_bucket{{kind="x",le="1"}} 3
size_bytes_bucket{{kind="x",le="1.015625"}} 3
size_bytes_bucket{{kind="x",le="256"}} 3
size_bytes_bucket{{kind="x",le="+Inf"}} 4
size_bytes_sum{{kind="x"}} 302.25
size_bytes_count{{kind="x"}} 4
"#
    );
    assert_eq!(registry.render(), expected);
    assert_eq!(registry.gather().to_prometheus(), expected);
    parse(&expected);
    assert_eq!(Registry::new().render(), "");
}

#[test]
fn a_window_makes_a_summary() {
    Sim::run(0, |rt| async move {
        let registry = Registry::new();
        let window = HistogramOptions::new().window(&rt, ms(60_000));
        let latency = registry.histogram_with("reply_seconds", "How long.", &window).expect("new");
        let empty = parse(&registry.render());
        assert_eq!(empty[0].kind, "summary");
        assert_eq!(empty[0].lines.len(), 7);
        assert!(empty[0].lines[..5].iter().all(|line| line.text == "NaN"));

        (1..=1_000).for_each(|millis| latency.record(f64::from(millis) / 1_000.0));
        let told = parse(&registry.render());
        let quantile =
            |at: usize| (told[0].lines[at].labels[0].1.as_str(), told[0].lines[at].value);
        for (at, expected) in [0.5, 0.9, 0.95, 0.99, 0.999].into_iter().enumerate() {
            let (label, value) = quantile(at);
            assert_eq!(label.parse(), Ok(expected));
            assert!((value / expected - 1.0).abs() < 0.01, "{label}: {value}");
        }
        assert_eq!((told[0].lines[5].value, told[0].lines[6].value), (500.5, 1_000.0));

        // What is told to be bounded is a histogram, with a window too.
        let both = HistogramOptions::new().window(&rt, ms(60_000)).bounds([1.0]);
        registry.histogram_with("both_seconds", "Both.", &both).expect("new").record(2.0);
        assert_eq!(parse(&registry.render())[0].kind, "histogram");
    });
}

#[test]
fn nothing_gets_out_of_its_quotes() {
    let registry = Registry::new();
    for (number, help) in NASTY.into_iter().enumerate() {
        let counters = registry.counters(&format!("c{number}_total"), help, ["one", "two"]);
        let counters = counters.expect("new");
        for value in NASTY {
            counters.with([value, help]).add(number as u64 + 1);
        }
    }
    let told = parse(&registry.render());
    assert_eq!(told.len(), NASTY.len());
    for (number, help) in NASTY.into_iter().enumerate() {
        let family = family(&told, &format!("c{number}_total"));
        assert_eq!(family.help, help);
        assert_eq!(family.lines.len(), NASTY.len());
        for value in NASTY {
            let labels = [("one".into(), value.into()), ("two".into(), help.into())];
            let line = family.lines.iter().find(|line| line.labels == labels);
            assert_eq!(line.map(|line| line.value), Some(number as f64 + 1.0), "{value:?}");
        }
    }
}

#[test]
fn collectors_get_out_of_their_quotes_as_little() {
    let registry = Registry::new();
    let collector = |metrics: &mut Collection| {
        for text in NASTY {
            metrics.labelled("outer", text, |metrics| {
                metrics.gauge("told", NASTY[7], &[("inner", text)], 1.0);
            });
        }
    };
    registry.register(collector).expect("all labels are allowed");
    let told = parse(&registry.render());
    let mut values: Vec<_> = told[0].lines.iter().map(|line| line.labels[0].1.as_str()).collect();
    let mut nasty = NASTY;
    values.sort_unstable();
    nasty.sort_unstable();
    assert_eq!(values, nasty);
    assert_eq!(told[0].help, NASTY[7]);
}

#[test]
fn what_is_no_number_is_told_as_such() {
    let registry = Registry::new();
    let gauges = registry.gauges("gauge", "All of them.", ["of"]).expect("new");
    let some = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324, f64::MAX, 0.1, -1e15];
    for (number, value) in some.into_iter().enumerate() {
        gauges.with([&number.to_string()]).set(value);
    }
    let text = registry.render();
    for line in ["gauge{of=\"0\"} NaN\n", "gauge{of=\"1\"} +Inf\n", "gauge{of=\"2\"} -Inf\n"] {
        assert!(text.contains(line), "{text}");
    }
    let told = parse(&text);
    for (line, value) in told[0].lines.iter().zip(some) {
        assert!(line.value == value || (line.value.is_nan() && value.is_nan()), "{line:?}");
    }
    let json = registry.gather().to_json();
    let json: Json = serde_json::from_str(&json).expect("it is JSON");
    let told = json["families"][0]["samples"].as_array().expect("a list");
    assert_eq!(["NaN", "+Inf", "-Inf"], [0, 1, 2].map(|at| told[at]["value"].as_str().unwrap()));
    assert_eq!(told[5]["value"].as_f64(), Some(f64::MAX));
}

/// Registries of any content, each read back from the text and from JSON.
#[test]
fn any_registry_is_read_back() {
    for seed in 0..100 {
        Sim::run(seed, |rt| async move {
            let registry = anything(&rt);
            let snapshot = registry.gather();
            let text = registry.render();
            assert_eq!(snapshot.to_prometheus(), text);
            same_as_text(&snapshot, &parse(&text));
            let json = snapshot.to_json();
            same_as_json(&snapshot, &serde_json::from_str(&json).expect("it is JSON"));
        });
    }
}

fn anything<R: Runtime>(rt: &R) -> Registry {
    let below = |n: u64| (rt.entropy() >> 33) % n;
    let text = || NASTY[below(16) as usize];
    let registry = Registry::with_max_series(1 + below(20) as usize).expect("not zero");
    for family in 0..below(8) {
        let help = text();
        match below(4) {
            0 => {
                let name = format!("f{family}_total");
                let counters = registry.counters(&name, help, ["b", "a"]).expect("new");
                (0..below(30)).for_each(|_| counters.with([text(), text()]).add(rt.entropy() >> 8));
            }
            1 => {
                let gauges = registry.gauges(&format!("f{family}"), help, ["x"]).expect("new");
                (0..below(30))
                    .for_each(|_| gauges.with([text()]).set(f64::from_bits(rt.entropy())));
            }
            kind => {
                let mut options = HistogramOptions::new();
                if kind == 2 {
                    options = options.window(rt, ms(1 + below(1_000)));
                }
                let name = format!("f{family}");
                let histograms = registry.histograms(&name, help, ["y"], &options).expect("new");
                for _ in 0..below(100) {
                    histograms.with([text()]).record(f64::from_bits(rt.entropy() >> 2));
                }
            }
        }
    }
    registry
}

fn same_as_text(snapshot: &Snapshot, told: &[Parsed]) {
    assert_eq!(snapshot.families.len(), told.len());
    for (family, told) in snapshot.families.iter().zip(told) {
        assert_eq!(told.kind, family.kind.name());
        assert_eq!((&*family.name, &*family.help), (told.name.as_str(), told.help.as_str()));
        for sample in &family.samples {
            let labels: BTreeMap<_, _> = sample.labels.iter().collect();
            let find = |suffix: &str| {
                let is_it = |line: &&crate::parser::Line| {
                    let own =
                        line.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                    line.suffix == suffix && own.collect::<BTreeMap<_, _>>() == labels
                };
                told.lines.iter().find(is_it).expect("every series is told")
            };
            match &sample.value {
                Value::Counter(count) => assert_eq!(find("").text, count.to_string()),
                Value::Gauge(value) => {
                    let told = find("").value;
                    assert!(told == *value || (told.is_nan() && value.is_nan()));
                }
                Value::Histogram(histogram) => {
                    assert_eq!(find("_count").value, histogram.total.count() as f64);
                    assert_eq!(find("_sum").value, histogram.total.sum());
                }
                other => panic!("nobody told {other:?}"),
            }
        }
    }
}

fn same_as_json(snapshot: &Snapshot, json: &Json) {
    let told = json["families"].as_array().expect("a list");
    assert_eq!(snapshot.families.len(), told.len());
    for (family, told) in snapshot.families.iter().zip(told) {
        assert_eq!(told["name"], *family.name);
        assert_eq!(told["help"], *family.help);
        assert_eq!(told["type"], family.kind.name());
        let samples = told["samples"].as_array().expect("a list");
        assert_eq!(samples.len(), family.samples.len());
        for (sample, told) in family.samples.iter().zip(samples) {
            let labels = sample.labels.iter().map(|(name, value)| (name.to_owned(), value.into()));
            assert_eq!(told["labels"], Json::Object(labels.collect()));
            match &sample.value {
                Value::Counter(count) => assert_eq!(told["value"], *count),
                Value::Gauge(value) if value.is_finite() => {
                    same(&told["value"], Some(*value));
                }
                Value::Gauge(_) => assert!(told["value"].is_string()),
                Value::Histogram(histogram) => {
                    let told = &told["value"];
                    assert_eq!(told["count"], histogram.total.count());
                    assert_eq!(told["recent"].is_object(), histogram.recent.is_some());
                    same(&told["percentiles"]["99.9"], histogram.total.percentile(99.9));
                    same(&told["min"], histogram.total.min());
                    same(&told["max"], histogram.total.max());
                }
                other => panic!("nobody told {other:?}"),
            }
        }
    }
}

/// `serde_json` is an ulp off where it reads fast.
fn same(told: &Json, value: Option<f64>) {
    let (told, value) = (told.as_f64(), value.filter(|value| value.is_finite()));
    let is_near = |(told, value): (f64, f64)| told == value || (told / value - 1.0).abs() < 1e-15;
    assert!(
        told.is_some() == value.is_some() && told.zip(value).is_none_or(is_near),
        "{told:?} {value:?}"
    );
}

fn family<'a>(families: &'a [Parsed], name: &str) -> &'a Parsed {
    families.iter().find(|family| family.name == name).expect("it is told")
}
