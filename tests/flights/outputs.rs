//! The table, the summary as JSON, and the flights as lines.

use std::fs;

use serde_json::Value;

use crate::harness::{Files, run};
use crate::january::expected;
use crate::rows::{MIXED, mixed_summary};

pub fn writes_each_flight_down_once(runtime: &str) {
    let files = Files::new(&format!("jsonl-{runtime}"));
    let file = files.add("flights.jsonl", b"what was there");
    let ran =
        run(["--runtime", runtime, "--faults", "0.45", "--seed", "7", "--quiet", "--jsonl", &file]);
    ran.succeeded();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.ends_with('\n'));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = expected();
    assert_eq!(lines.len() as u64, expected["rows"]);
    for (carrier, summary) in expected["carriers"].as_object().unwrap() {
        let of_carrier = || lines.iter().filter(|line| line["carrier"] == **carrier);
        assert!(of_carrier().all(|line| line["airline"] == summary["name"]));
        let seats: u64 = of_carrier().filter_map(|line| line["seats"].as_u64()).sum();
        assert_eq!(seats, summary["seats"], "{carrier}");
        let cancelled = of_carrier().filter(|line| line["dep_delay"].is_null()).count();
        assert_eq!(cancelled as u64, summary["cancelled"], "{carrier}");
    }
}

#[test]
fn a_file_of_lines_that_cannot_be_written_is_refused_before_the_work() {
    let files = Files::new("unwritable-lines").with_flights(MIXED);
    let ran = files.run(["--jsonl", &files.path("nonesuch/flights.jsonl")]);
    ran.refused("nonesuch/flights.jsonl: cannot be written: ");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

#[test]
fn the_json_has_its_fields_in_order() {
    let rows = b"carrier,dep_time,dep_delay,tailnum\nAA,1,1,N1\nAA,1,1,N1\nAA,1,0,N1\n";
    let ran = Files::new("fields").with_flights(rows).run(["--json", "-"]);
    let text: String = ran.stdout.split_whitespace().collect();
    let fields = concat!(
        r#"{"rows":3,"carriers":{"AA":{"name":"American,Inc.","flights":3,"cancelled":0,"#,
        r#""mean_dep_delay":0.666667,"delayed_60":0,"seats":300,"unknown_plane":0}}}"#,
    );
    assert_eq!(text, fields);
}

#[test]
fn the_table_is_printed_unless_quiet() {
    let files = Files::new("table").with_flights(MIXED);
    let table = "\
carrier  airline         flights  cancelled  mean delay  60 min +     seats  unknown plane
AA       American, Inc.        3          1       24.00         1       150              1
ZZ       (unknown)             1          0       -5.00         0         0              1
5 rows, 1 cancelled, 5 written, 8 malformed
";
    assert_eq!(files.run([]).stdout, table);
    assert_eq!(files.run(["--quiet"]).stdout, "");
}

#[test]
fn the_json_file_is_replaced_whole_and_only_by_a_summary() {
    let files = Files::new("json").with_flights(MIXED).with("summary.json", &[b'x'; 10_000]);
    let file = files.path("summary.json");
    let json = ["--json", &file, "--quiet"];

    files.run([json[0], json[1], "--runtime", "nonesuch"]).refused("nonesuch");
    files.run([json[0], json[1], "--planes", "nonesuch.csv"]).refused("nonesuch.csv");
    assert_eq!(fs::read(&file).unwrap(), [b'x'; 10_000]);

    let ran = files.run(json);
    ran.succeeded();
    assert_eq!(ran.stdout, "");
    let written: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(written, mixed_summary());
}

#[test]
fn a_json_file_that_cannot_be_written_is_refused_before_the_work() {
    let files = Files::new("unwritable").with_flights(MIXED);
    let ran = files.run(["--json", &files.path("nonesuch/summary.json")]);
    ran.refused("nonesuch/summary.json: cannot be written: ");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}
