//! Rows as they come: malformed, cut, quoted, many, none.

use serde_json::{Value, json};

use crate::harness::Files;

/// With something wrong in lines 7 to 9 and 12 to 17, and nothing wrong in the others.
pub const MIXED: &[u8] = b"carrier,dep_time,dep_delay,tailnum,note
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

pub fn mixed_summary() -> Value {
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

pub const MIXED_REPORT: &str = "\
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

pub fn reports_malformed_rows_and_goes_on(runtime: &str) {
    let files = Files::new(&format!("malformed-{runtime}"));
    let ran = files.with_flights(MIXED).run(["--runtime", runtime, "--json", "-"]);
    ran.succeeded();
    assert_eq!(ran.json(), mixed_summary());
    assert_eq!(ran.stderr, MIXED_REPORT);
}

pub fn numbers_lines_whatever_ends_them(runtime: &str) {
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

pub fn sums_up_no_rows(runtime: &str) {
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

pub fn sums_up_more_than_a_chunk(runtime: &str) {
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
pub fn tells_of_airports_that_are_late(runtime: &str) {
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

pub fn reports_malformed_rows_of_the_tables(runtime: &str) {
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
