//! What becomes of rows that can't be used.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Files, run};
use crate::rows::{MIXED, MIXED_REPORT, mixed_summary};

/// What is told of each on standard error is in the file, and how it begins.
pub fn keeps_malformed_rows(runtime: &str) {
    let files = Files::new(&format!("dead-letters-{runtime}")).with_flights(MIXED);
    let letters = files.add("letters.jsonl", b"what was there");
    let options = ["--runtime", runtime, "--faults", "0.3", "--dead-letters", &letters];
    let ran = files.run(options.into_iter().chain(["--json", "-"]));
    ran.succeeded();
    assert_eq!(ran.json(), mixed_summary());
    assert_eq!(ran.stderr, MIXED_REPORT);
    let text = fs::read_to_string(&letters).unwrap();
    let read: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = read.iter().map(|letter| {
        assert_eq!(letter["file"], files.path("flights.csv"));
        let (line, reason) = (&letter["line"], letter["reason"].as_str().unwrap());
        format!("flights.csv: line {line}: {reason}\n")
    });
    assert_eq!(told.collect::<String>() + "8 malformed rows\n", MIXED_REPORT);
    assert_eq!(read[1]["text"], "AA,517,1,N1");
    assert_eq!(read[3]["text"], "AA,700,3,N1,\u{fffd}");
}

#[test]
fn of_a_row_that_is_long_the_beginning_is_kept() {
    let rows = format!("carrier,dep_time,dep_delay,tailnum\n{}\n", "\u{e9}".repeat(100_000));
    let files = Files::new("long-letter").with_flights(rows.as_bytes());
    let letters = files.path("letters.jsonl");
    files.run(["--quiet", "--dead-letters", &letters]).succeeded();
    let letter: Value = serde_json::from_str(&fs::read_to_string(letters).unwrap()).unwrap();
    assert_eq!(letter["text"], "\u{e9}".repeat(1_000));
}

#[test]
fn a_row_that_goes_over_several_lines_is_kept_whole() {
    let rows = b"carrier,dep_time,dep_delay,tailnum\nAA,1,\"1\nor\r\n2\",N1\n";
    let files = Files::new("letter-lines").with_flights(rows);
    let letters = files.path("letters.jsonl");
    files.run(["--quiet", "--dead-letters", &letters]).succeeded();
    let letter: Value = serde_json::from_str(&fs::read_to_string(letters).unwrap()).unwrap();
    let expected = json!({
        "file": files.path("flights.csv"),
        "line": 2,
        "reason": "`dep_delay` is `1\nor\n2`, not a number",
        "text": "AA,1,\"1\nor\n2\",N1",
    });
    assert_eq!(letter, expected);
}

/// Also those of the tables, which are read before the work begins.
#[test]
fn a_run_that_goes_on_keeps_each_row_once() {
    let files = Files::new("letters-resumed")
        .with_flights(MIXED)
        .with("planes.csv", b"tailnum,seats\nN1,many\nN2,50\n");
    let (lines, letters) = (files.path("lines.jsonl"), files.path("letters.jsonl"));
    let options = ["--quiet", "--jsonl", &lines, "--dead-letters", &letters];
    files.run(options).succeeded();
    let whole = fs::read(&letters).unwrap();
    assert_eq!(whole.iter().filter(|byte| **byte == b'\n').count(), 9);
    assert!(whole.starts_with(br#"{"file":""#));

    let resumed = || files.run(options.into_iter().chain(["--resume"]));
    // Killed at whichever byte: what is missing is added.
    for length in (0..whole.len()).step_by(23) {
        fs::write(&letters, &whole[..length]).unwrap();
        let ran = resumed();
        ran.succeeded();
        assert!(ran.stderr.ends_with("9 malformed rows\n"), "{}", ran.stderr);
        assert_eq!(fs::read(&letters).unwrap(), whole, "cut at {length}");
    }
    resumed().succeeded();
    assert_eq!(fs::read(&letters).unwrap(), whole);
    // And one that does not go on begins anew.
    files.run(options).succeeded();
    assert_eq!(fs::read(&letters).unwrap(), whole);
}

#[test]
fn the_table_counts_them() {
    let files = Files::new("letters-counted").with_flights(MIXED);
    let ran = files.run([]);
    ran.succeeded();
    assert!(ran.stdout.ends_with("5 written, 8 malformed\n"), "{}", ran.stdout);
}

#[test]
fn a_file_that_cannot_be_written_is_refused_before_the_work() {
    let files = Files::new("letters-unwritable").with_flights(MIXED);
    let ran = files.run(["--dead-letters", &files.path("nonesuch/letters.jsonl")]);
    ran.refused("nonesuch/letters.jsonl: cannot be written: ");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

/// The file of something else, named by mistake.
#[test]
fn what_are_no_letters_is_refused_and_left_alone() {
    let files = Files::new("letters-refused").with_flights(MIXED);
    let lines = files.path("lines.jsonl");
    let letter = r#"{"file":"a","line":1,"reason":"b","text":"c"}"#;
    for (content, message) in [
        ("carrier,name\nAA,American", "line 1 is not one to go on from: expected value"),
        (&format!("{letter}\n{letter}\n"), "line 2 is not one to go on from: the row in line 1"),
        (&format!("{letter}\n{{}}\n{{"), "line 2 is not one to go on from: missing field `file`"),
    ] {
        let letters = files.add("letters.jsonl", content.as_bytes());
        let options = ["--quiet", "--jsonl", &lines, "--dead-letters", &letters, "--resume"];
        files.run(options).refused(message);
        assert_eq!(fs::read_to_string(&letters).unwrap(), content);
    }
}

/// A disk that is full ends the run: it is told, and nothing is lost in silence.
#[test]
#[cfg(target_os = "linux")]
fn a_file_that_takes_no_more_ends_the_run() {
    let files = Files::new("letters-full").with_flights(MIXED);
    for runtime in ["tokio", "smol", "sim"] {
        let ran = files.run(["--quiet", "--runtime", runtime, "--dead-letters", "/dev/full"]);
        ran.refused("/dev/full: cannot be written: ");
    }
}

#[test]
fn january_has_none() {
    let files = Files::new("letters-none");
    let letters = files.add("letters.jsonl", b"what was there");
    run(["--quiet", "--dead-letters", &letters]).succeeded();
    assert_eq!(fs::read(&letters).unwrap(), b"");
}
