//! `examples/flights`: the summary is the same on every runtime, and whatever is wrong with its
//! input is told.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

mod harness;
mod resume;

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use self::harness::{Files, binary, run};
use self::resume::goes_on_where_it_was_killed;

#[allow(dead_code)] // The example's `main` is called by the tests of the binary alone.
#[path = "../../examples/flights/main.rs"]
mod flights;

/// Gives each scenario a test a runtime.
macro_rules! on_every_runtime {
    ($($scenario:ident),+ $(,)?) => {
        on_every_runtime!(@ tokio: $($scenario),+);
        on_every_runtime!(@ smol: $($scenario),+);
        on_every_runtime!(@ sim: $($scenario),+);
    };
    (@ $runtime:ident: $($scenario:ident),+) => {
        mod $runtime {
            $(
                #[test]
                fn $scenario() {
                    super::$scenario(stringify!($runtime));
                }
            )+
        }
    };
}

on_every_runtime!(
    sums_up_january,
    sums_up_january_although_lookups_fail,
    reports_malformed_rows_and_goes_on,
    numbers_lines_whatever_ends_them,
    sums_up_no_rows,
    sums_up_more_than_a_chunk,
    tells_of_airports_that_are_late,
    tells_of_each_flight_once,
    writes_each_flight_down_once,
    goes_on_where_it_was_killed,
    reports_malformed_rows_of_the_tables,
);

fn sums_up_january(runtime: &str) {
    let ran = run(["--runtime", runtime, "--json", "-"]);
    ran.succeeded();
    assert_eq!(ran.json(), expected());
    assert_eq!(ran.stderr, "");
}

fn sums_up_january_although_lookups_fail(runtime: &str) {
    let ran = run(["--runtime", runtime, "--faults", "0.45", "--json", "-"]);
    ran.succeeded();
    assert_eq!(ran.json(), expected());
    assert_eq!(ran.stderr, "");
}

#[test]
fn sim_sums_up_january_on_every_seed_whatever_fails() {
    for (seed, faults) in [
        ("1", "0"),
        ("42", "0.1"),
        ("42", "0.3"),
        ("43", "0.49"),
        ("44", "0.8"),
        ("18446744073709551615", "0.45"),
    ] {
        let ran = run(["--runtime", "sim", "--seed", seed, "--faults", faults, "--json", "-"]);
        ran.succeeded();
        assert_eq!(ran.json(), expected(), "seed {seed}, faults {faults}");
    }
}

/// Or the runs above would show nothing.
#[test]
fn lookups_fail_as_often_as_they_are_told_to() {
    use flights::faults::Faults;
    use mtaio_sim::{Explore, Sim};

    for (probability, seed) in [(0.0, 1), (0.3, 2), (0.45, 3), (0.9, 4)] {
        let failed = async move |rt: Sim| {
            let faults = Faults::new(probability, seed);
            let mut failed = 0_u32;
            for _ in 0..10_000 {
                let call = faults.call(&rt);
                let late = mtaio::time::timeout(&rt, std::time::Duration::from_millis(20), call);
                failed += u32::from(!matches!(late.await, Ok(Ok(()))));
            }
            f64::from(failed) / 10_000.0
        };
        let failed = Explore::new().run_seed(0, failed).unwrap();
        assert!((failed - probability).abs() < 0.02, "{failed} instead of {probability}");
    }
}

fn expected() -> Value {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/flights-2013-01.expected.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

const AIRLINES: &str = "name,carrier\n\"American, Inc.\",AA\n";
const PLANES: &str = "tailnum,seats\nN1,100\nN2,50\n";

/// With something wrong in lines 7 to 9 and 12 to 17, and nothing wrong in the others.
const MIXED: &[u8] = b"carrier,dep_time,dep_delay,tailnum,note
AA,517,2,N1,
AA,NA,NA,NA,cancelled
AA,600,60,N2,\"a \"\"note\"\",
of three
lines\"
AA,abc,1,N1,
AA,517,1,N1
,517,1,N1,

ZZ,700,-5,N404,unknown to both tables
AA,700,3,N1,\xff
AA,700,NA,N1,
AA,700,1.5,N1,
AA,800,59,\"N1,
AA,900,10,,it has a \"stray\" quote
AA,900,1,\"N1\"x,
";

fn mixed_summary() -> Value {
    json!({
        "rows": 5,
        "carriers": {
            "AA": {
                "name": "American, Inc.",
                "flights": 3,
                "cancelled": 1,
                "mean_dep_delay": 24.0,
                "delayed_60": 1,
                "seats": 150,
                "unknown_plane": 1,
            },
            "ZZ": {
                "name": null,
                "flights": 1,
                "cancelled": 0,
                "mean_dep_delay": -5.0,
                "delayed_60": 0,
                "seats": 0,
                "unknown_plane": 1,
            },
        },
    })
}

const MIXED_REPORT: &str = "\
flights.csv: line 7: `dep_time` is `abc`, not a number
flights.csv: line 8: the number of fields is 4, the header's is 5
flights.csv: line 9: `carrier` is empty
flights.csv: line 12: field 5 is not UTF-8
flights.csv: line 13: it departed, but has no `dep_delay`
flights.csv: line 14: `dep_delay` is `1.5`, not a number
flights.csv: line 15: its quotes don't match
flights.csv: line 17: there is text behind a closing quote
8 malformed rows
";

fn reports_malformed_rows_and_goes_on(runtime: &str) {
    let files = Files::new(&format!("malformed-{runtime}"));
    let ran = files.with_flights(MIXED).run(["--runtime", runtime, "--json", "-"]);
    ran.succeeded();
    assert_eq!(ran.json(), mixed_summary());
    assert_eq!(ran.stderr, MIXED_REPORT);
}

fn numbers_lines_whatever_ends_them(runtime: &str) {
    let files = Files::new(&format!("line-ends-{runtime}"));
    let mut crlf = Vec::from("\u{feff}");
    for line in MIXED.trim_ascii_end().split(|byte| *byte == b'\n') {
        crlf.extend([line, b"\r\n"].concat());
    }
    // The last line has no end.
    crlf.truncate(crlf.len() - 2);
    let ran = files.with_flights(&crlf).run(["--runtime", runtime, "--json", "-"]);
    ran.succeeded();
    assert_eq!(ran.json(), mixed_summary());
    assert_eq!(ran.stderr, MIXED_REPORT);
}

fn sums_up_no_rows(runtime: &str) {
    let files = Files::new(&format!("no-rows-{runtime}"));
    let ran = files.with_flights(b"carrier,dep_time,dep_delay,tailnum\n").run([
        "--runtime",
        runtime,
        "--json",
        "-",
    ]);
    ran.succeeded();
    assert_eq!(ran.json(), json!({ "rows": 0, "carriers": {} }));
}

fn sums_up_more_than_a_chunk(runtime: &str) {
    let files = Files::new(&format!("chunks-{runtime}"));
    let mut rows = String::from("tailnum,dep_delay,dep_time,carrier\n");
    for row in 2..=5_001 {
        rows += if row % 1_000 == 0 { "N1,late,1,AA\n" } else { "N1,-1,1,AA\n" };
    }
    let ran = files.with_flights(rows.as_bytes()).run(["--runtime", runtime, "--json", "-"]);
    ran.succeeded();
    assert_eq!(ran.json()["rows"], 4_995);
    assert_eq!(ran.json()["carriers"]["AA"]["seats"], 499_500);
    let lines = ran.stderr.lines().filter_map(|line| line.split(": ").nth(1));
    let expected = ["line 1000", "line 2000", "line 3000", "line 4000", "line 5000"];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}

/// One alert an episode, above the table, from a full window on; the other airport is on time.
fn tells_of_airports_that_are_late(runtime: &str) {
    let mut rows = String::from("carrier,dep_time,dep_delay,tailnum,origin\n");
    let delays = [(49, 100), (2, 100), (50, 0), (31, 100), (100, 61), (1, 61)];
    for (count, delay) in delays {
        for _ in 0..count {
            rows += &format!("AA,1,{delay},N1,JFK\nAA,1,-3,N1,LGA\n");
        }
    }
    let files = Files::new(&format!("alerts-{runtime}")).with_flights(rows.as_bytes());
    let ran = files.run(["--runtime", runtime, "--faults", "0.3"]);
    ran.succeeded();
    let alerts: Vec<_> = ran.stdout.lines().filter(|line| line.starts_with("alert")).collect();
    let expected = [
        "alert: JFK is late, 100.00 min on average, at departure 99",
        // 31 of 100 and 19 of 0 make 62.
        "alert: JFK is late, 62.00 min on average, at departure 263",
    ];
    assert_eq!(alerts, expected);
    assert_eq!(files.run(["--runtime", runtime, "--quiet"]).stdout, "");
}

/// Also of those that go back and come again.
fn tells_of_each_flight_once(runtime: &str) {
    let ran = run(["--runtime", runtime, "--faults", "0.45", "--seed", "3"]);
    ran.succeeded();
    let last = ran.stdout.lines().last().unwrap();
    assert_eq!(last, "27004 rows, 521 cancelled, 27004 written");
}

fn writes_each_flight_down_once(runtime: &str) {
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

fn reports_malformed_rows_of_the_tables(runtime: &str) {
    let files = Files::new(&format!("tables-{runtime}"))
        .with_flights(b"carrier,dep_time,dep_delay,tailnum\nAA,1,1,N1\nAA,1,1,N2\n")
        .with("planes.csv", b"tailnum,seats\nN1,many\nN2,50\nN2,1000\n")
        .with("airlines.csv", b"carrier,name\nAA,American\nBB\n");
    let ran = files.run(["--runtime", runtime, "--json", "-"]);
    ran.succeeded();
    assert_eq!(ran.json()["carriers"]["AA"]["seats"], 50);
    assert_eq!(ran.json()["carriers"]["AA"]["unknown_plane"], 1);
    let reported = "\
planes.csv: line 2: `seats` is `many`, not a number
airlines.csv: line 3: the number of fields is 1, the header's is 2
2 malformed rows
";
    assert_eq!(ran.stderr, reported);
}

#[test]
fn a_quote_left_open_costs_its_line_alone() {
    let filler = "AA,1,1,N1\n".repeat(10_000);
    let rows = format!("carrier,dep_time,dep_delay,tailnum\n\"AA,1,1,N1\n{filler}AA,1,1,\"N1\n");
    let ran = Files::new("open-quote").with_flights(rows.as_bytes()).run(["--json", "-"]);
    ran.succeeded();
    assert_eq!(ran.json()["rows"], 10_000);
    let reported = "\
flights.csv: line 2: a quote is not closed
flights.csv: line 10003: a quote is not closed
2 malformed rows
";
    assert_eq!(ran.stderr, reported);
}

#[test]
fn a_line_without_end_costs_itself_alone() {
    let endless = "A".repeat(1_000_000);
    let rows = format!("carrier,dep_time,dep_delay,tailnum\n{endless}\nAA,1,1,N1\n");
    let ran = Files::new("endless").with_flights(rows.as_bytes()).run(["--json", "-"]);
    ran.succeeded();
    assert_eq!(ran.json()["rows"], 1);
    let reported = "flights.csv: line 2: the line is longer than 65536 bytes\n1 malformed row\n";
    assert_eq!(ran.stderr, reported);
}

#[test]
fn a_carrier_without_departures_has_no_mean() {
    let rows = b"carrier,dep_time,dep_delay,tailnum\nAA,,,\nAA,NA,NA,N1\n";
    let ran = Files::new("cancelled").with_flights(rows).run(["--json", "-"]);
    ran.succeeded();
    let carrier = &ran.json()["carriers"]["AA"];
    assert_eq!(carrier["cancelled"], 2);
    assert_eq!(carrier["flights"], 0);
    assert_eq!(carrier["mean_dep_delay"], Value::Null);
    assert_eq!(carrier["unknown_plane"], 0);
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
5 rows, 1 cancelled, 5 written
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

#[test]
fn files_that_cannot_be_read_are_refused() {
    let files = Files::new("unreadable").with_flights(MIXED);
    for option in ["--flights", "--planes", "--airlines"] {
        files.run([option, "nonesuch.csv"]).refused("nonesuch.csv: cannot be read: ");
        files.run([option, &files.path("")]).refused(": cannot be read: ");
    }
}

#[test]
fn files_without_their_columns_are_refused() {
    let files = Files::new("columns").with_flights(MIXED);
    let empty = files.add("empty.csv", b"");
    let bare = files.add("bare.csv", "\u{feff}".as_bytes());
    let other = files.add("other.csv", b"day,carrier\r\n1,AA\r\n");
    let torn = files.add("torn.csv", b"day,\"carrier\n1,AA\n");
    for (option, wanted, first) in [
        ("--flights", "carrier, dep_time, dep_delay, tailnum", "dep_time"),
        ("--planes", "tailnum, seats", "tailnum"),
        ("--airlines", "carrier, name", "name"),
    ] {
        let no_header = format!("is empty, where a header with {wanted} is needed");
        files.run([option, &empty]).refused(&format!("empty.csv: {no_header}"));
        files.run([option, &bare]).refused(&format!("bare.csv: {no_header}"));
        let no_column = format!("has no column `{first}`, its columns are day, carrier");
        files.run([option, &other]).refused(&format!("other.csv: {no_column}"));
        files.run([option, &torn]).refused("torn.csv: the header is malformed: a quote");
    }
}

#[test]
fn arguments_that_mean_nothing_are_refused() {
    let options = "--runtime, --flights, --planes, --airlines, --faults, --seed, --json, --jsonl, \
                   --resume, --quiet and --help";
    let runtimes = "allowed are tokio, smol and sim";
    let probabilities = "allowed is a number from 0 to less than 1";
    let seeds = "allowed is a whole number from 0 to 18446744073709551615";
    for (argument, message) in [
        ("--retries=3", format!("unknown option `--retries`, allowed are {options}")),
        ("-x", format!("unknown option `-x`, allowed are {options}")),
        ("a.csv", format!("unexpected argument `a.csv`: everything is said by options, {options}")),
        ("--runtime=Tokio", format!("unknown runtime `Tokio`, {runtimes}")),
        ("--runtime=", format!("unknown runtime ``, {runtimes}")),
        ("--runtime", "missing argument for option '--runtime'".to_owned()),
        ("--faults=some", format!("`--faults` is `some`, {probabilities}")),
        ("--faults=1", format!("`--faults` is `1`, {probabilities}")),
        ("--faults=-0.1", format!("`--faults` is `-0.1`, {probabilities}")),
        ("--faults=NaN", format!("`--faults` is `NaN`, {probabilities}")),
        ("--seed=soon", format!("`--seed` is `soon`, {seeds}")),
        ("--seed=-1", format!("`--seed` is `-1`, {seeds}")),
        ("--seed=18446744073709551616", format!("`--seed` is `18446744073709551616`, {seeds}")),
        ("--quiet=yes", "unexpected argument for option '--quiet'".to_owned()),
    ] {
        run([argument]).refused(&message);
    }
}

#[test]
fn help_names_every_option() {
    let ran = run(["--runtime", "smol", "--help"]);
    ran.succeeded();
    let options = "--runtime --flights --planes --airlines --faults --seed --json --jsonl --resume \
                   --quiet";
    for option in options.split(' ') {
        assert!(ran.stdout.contains(&format!("\n  {option} ")), "{option}");
    }
}

#[test]
fn the_binary_exits_with_0_after_a_summary() {
    let ran = binary(["--runtime", "smol"], Stdio::piped());
    assert_eq!(ran.status.code(), Some(0));
    assert!(
        String::from_utf8(ran.stdout)
            .unwrap()
            .ends_with("\n27004 rows, 521 cancelled, 27004 written\n")
    );
}

#[test]
fn the_binary_exits_with_2_when_it_refuses() {
    let ran = binary(["--runtime", "nonesuch"], Stdio::piped());
    assert_eq!(ran.status.code(), Some(2));
    let message =
        "flights: unknown runtime `nonesuch`, allowed are tokio, smol and sim (try --help)\n";
    assert_eq!(String::from_utf8(ran.stderr).unwrap(), message);
    assert_eq!(ran.stdout, b"");
}

#[test]
#[cfg(target_os = "linux")]
fn the_binary_exits_with_1_when_it_cannot_report() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let ran = binary(["--runtime", "sim"], full.into());
    assert_eq!(ran.status.code(), Some(1));
    let message = String::from_utf8(ran.stderr).unwrap();
    assert!(message.starts_with("flights: the report cannot be written: "), "{message}");
}
