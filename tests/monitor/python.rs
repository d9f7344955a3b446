//! Prometheus' own client for Python reads what we write: in the soak, as it has to be there.

use std::io::Write;
use std::process::{Command, Stdio};

use mtaio::monitor::{HistogramOptions, Registry};
use mtaio_sim::Sim;
use serde_json::Value as Json;

use crate::common::{is_soak, ms};

/// Reads a text, and tells what it found as JSON: name, type, help, samples.
const READ: &str = r#"
import json, sys
from prometheus_client.parser import text_string_to_metric_families as parse
families = [
    [f.name, f.type, f.documentation, [[s.name, s.labels, repr(float(s.value))] for s in f.samples]]
    for f in parse(sys.stdin.buffer.read().decode())
]
json.dump(families, sys.stdout)
"#;

#[test]
fn the_client_for_python_reads_it() {
    if !is_soak() {
        return;
    }
    let python = ready_python();
    let text = Sim::run(0, |rt| async move {
        let registry = Registry::new();
        let counters = registry.counters("a_total", "A \\ B\nC", ["text", "n"]).expect("new");
        for (number, text) in TEXTS.into_iter().enumerate() {
            counters.with([text, &number.to_string()]).add(number as u64);
        }
        let gauges = registry.gauges("b", "B.", ["n"]).expect("new");
        for (number, value) in VALUES.into_iter().enumerate() {
            gauges.with([&number.to_string()]).set(value);
        }
        let bounds = HistogramOptions::new().bounds([0.5, 1.0, 2.5]);
        let histogram = registry.histogram_with("c_bytes", "C.", &bounds).expect("new");
        let window = HistogramOptions::new().window(&rt, ms(1_000));
        let summary = registry.histogram_with("d_seconds", "D.", &window).expect("new");
        for value in [0.25, 0.5, 2.0, 9.0] {
            histogram.record(value);
            summary.record(value);
        }
        registry.render()
    });
    let told = read(&python, &text);
    let family = |name: &str| {
        let families = told.as_array().expect("a list");
        families.iter().find(|family| family[0] == name).expect("it is read")
    };
    // It calls a counter by its name without `_total`.
    let counters = family("a");
    assert_eq!((&counters[1], &counters[2]), (&Json::from("counter"), &Json::from("A \\ B\nC")));
    for (number, text) in TEXTS.into_iter().enumerate() {
        let samples = counters[3].as_array().expect("a list");
        let label = number.to_string();
        let is_it = |sample: &&Json| sample[1]["n"] == label;
        let sample = samples.iter().find(is_it).expect("it is read");
        assert_eq!(sample[0], "a_total");
        assert_eq!(sample[1]["text"], text);
        assert_eq!(sample[2], format!("{number}.0"));
    }
    let gauges: Vec<f64> = family("b")[3]
        .as_array()
        .expect("a list")
        .iter()
        .map(|sample| sample[2].as_str().expect("a text").parse().expect("a number"))
        .collect();
    assert_eq!(format!("{gauges:?}"), format!("{VALUES:?}"));
    let buckets = family("c_bytes")[3].as_array().expect("a list");
    let told: Vec<_> = buckets.iter().map(|s| (s[1]["le"].as_str(), s[2].as_str())).collect();
    let expected = [
        (Some("0.5"), Some("2.0")),
        (Some("1"), Some("2.0")),
        (Some("2.5"), Some("3.0")),
        (Some("+Inf"), Some("4.0")),
        (None, Some("11.75")),
        (None, Some("4.0")),
    ];
    assert_eq!(told, expected);
    assert_eq!(family("d_seconds")[1], "summary");
    assert_eq!(family("d_seconds")[3].as_array().map(Vec::len), Some(7));
}

const TEXTS: [&str; 9] =
    ["", "\"", "\\", "\n", "\\n", "a\"} 1\nb_total 2", "},{", "名前\u{1F600}", "a\r\tb"];

const VALUES: [f64; 6] = [0.0, -1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-300];

fn read(python: &str, text: &str) -> Json {
    let mut child = Command::new(python)
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it was there just now");
    child.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "the client refuses it:\n{text}");
    serde_json::from_slice(&output.stdout).expect("it is JSON")
}

/// A Python that has the client: the system's, or one in the target folder that it is installed into.
fn ready_python() -> String {
    let has_it = |python: &str| {
        let import = ["-c", "import prometheus_client.parser"];
        Command::new(python).args(import).output().is_ok_and(|output| output.status.success())
    };
    if has_it("python3") {
        return "python3".into();
    }
    let folder = concat!(env!("CARGO_TARGET_TMPDIR"), "/prometheus-client");
    let own = format!("{folder}/bin/python");
    if !has_it(&own) {
        let run = |program: &str, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).output();
            let is_done = output.as_ref().is_ok_and(|output| output.status.success());
            assert!(
                is_done,
                "the soak needs Prometheus' client for Python, and `{program} {}` did not bring it: \
                 {output:?}\ninstall python3 with venv, or the package prometheus_client",
                arguments.join(" ")
            );
        };
        run("python3", &["-m", "venv", folder]);
        run(&own, &["-m", "pip", "install", "--quiet", "prometheus_client"]);
    }
    own
}
