//! A run that is killed, and one that goes on where it ended.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::expected;
use crate::harness::{Files, binary_path, run};

/// Whatever it was doing: what is there is whole lines, and with those of the second run there is a
/// line a row.
pub fn goes_on_where_it_was_killed(runtime: &str) {
    let files = Files::new(&format!("killed-{runtime}"));
    let file = files.add("flights.jsonl", b"");
    let mut first = Command::new(binary_path());
    first.args(["--runtime", runtime, "--faults", "0.45", "--quiet", "--jsonl", &file]);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let written = kill_midway(&mut first, &file);
    assert!(written.ends_with(b"\n"), "a line is not whole");
    // As if it had been killed while the system took the bytes.
    File::options().append(true).open(&file).unwrap().write_all(b"{\"row\":9,\"carr").unwrap();

    let second = ["--runtime", runtime, "--faults", "0.3", "--jsonl", &file, "--resume"];
    let ran = run(second.into_iter().chain(["--json", "-"]));
    ran.succeeded();
    assert_eq!(ran.json(), expected());
    let text = fs::read(&file).unwrap();
    assert!(text.starts_with(&written), "what was written is not left as it was");
    assert_eq!(rows(&text), (1..=27_004).collect());
    assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 27_004);

    // There is nothing left to do, nor to ask: a service that nearly never answers is none the worse.
    let third = ["--runtime", runtime, "--faults", "0.999", "--jsonl", &file, "--resume"];
    let ran = run(third.into_iter().chain(["--json", "-"]));
    ran.succeeded();
    assert_eq!(ran.json(), expected());
    assert_eq!(fs::read(&file).unwrap(), text);
}

/// Kills it as soon as a few thousand lines are there; what they are.
#[allow(clippy::disallowed_methods, reason = "another process is waited for")]
fn kill_midway(child: &mut Child, file: &str) -> Vec<u8> {
    let is_begun = || fs::metadata(file).is_ok_and(|metadata| metadata.len() > 200_000);
    for _ in 0..6_000 {
        if is_begun() {
            break;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended before it wrote anything");
        thread::sleep(Duration::from_millis(10));
    }
    assert!(is_begun(), "it wrote nothing in a minute");
    child.kill().unwrap();
    child.wait().unwrap();
    fs::read(file).unwrap()
}

fn rows(text: &[u8]) -> BTreeSet<u64> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let row = |line| serde_json::from_slice::<Value>(line).unwrap()["row"].as_u64().unwrap();
    lines.map(row).collect()
}

const FLIGHTS: &[u8] = b"carrier,dep_time,dep_delay,tailnum
AA,1,5,N1
AA,late,5,N1
ZZ,NA,NA,NA
";

const FIRST: &str = r#"{"row":1,"carrier":"AA","airline":"American, Inc.","origin":null,"dep_delay":5,"tailnum":"N1","seats":100}"#;
const THIRD: &str = r#"{"row":3,"carrier":"ZZ","airline":null,"origin":null,"dep_delay":null,"tailnum":null,"seats":null}"#;

#[test]
fn a_file_that_is_not_there_is_begun() {
    let files = Files::new("resume-new").with_flights(FLIGHTS);
    let file = files.path("lines.jsonl");
    let _ = fs::remove_file(&file);
    files.run(["--quiet", "--jsonl", &file, "--resume"]).succeeded();
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().collect::<BTreeSet<_>>(), [FIRST, THIRD].into());
}

#[test]
fn a_run_without_resume_begins_anew() {
    let files = Files::new("resume-not").with_flights(FLIGHTS);
    let file = files.add("lines.jsonl", b"anything");
    files.run(["--quiet", "--jsonl", &file]).succeeded();
    assert_eq!(rows(&fs::read(&file).unwrap()), [1, 3].into());
}

#[test]
fn what_is_written_is_counted_and_not_looked_up() {
    let files = Files::new("resume-count").with_flights(FLIGHTS);
    // An aircraft with seats that the table does not know of.
    let told = FIRST.replace("100}", "7}");
    let file = files.add("lines.jsonl", format!("{told}\n").as_bytes());
    let ran = files.run(["--json", "-", "--jsonl", &file, "--resume"]);
    ran.succeeded();
    assert_eq!(ran.json()["carriers"]["AA"]["seats"], 7);
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{told}\n{THIRD}\n"));
}

#[test]
fn what_it_can_not_go_on_from_is_refused_and_left_alone() {
    let files = Files::new("resume-refused").with_flights(FLIGHTS);
    let other = |from: &str, to: &str| FIRST.replace(from, to);
    for (lines, message) in [
        (format!("{FIRST}\nnonsense\n"), "lines.jsonl: line 2 is not one to go on from: "),
        (format!("{FIRST}\n{FIRST}\n"), "line 2 is not one to go on from: row 1 is there twice"),
        (format!("{{\"a\":1}}\n{FIRST}\n"), "line 1 is not one to go on from: unknown field `a`"),
        (other("AA", "BB") + "\n", "row 1 was written by a run with other flights"),
        (other(":5,", ":6,") + "\n", "row 1 was written by a run with other flights"),
        (other("N1", "N2") + "\n", "row 1 was written by a run with other flights"),
        (other("\"origin\":null", "\"origin\":\"JFK\"") + "\n", "a run with other flights"),
        (other("\"row\":1", "\"row\":2") + "\n", "row 2 was written by a run with other flights"),
        (other("\"row\":1", "\"row\":4") + "\n", "row 4 was written by a run with other flights"),
    ] {
        let file = files.add("lines.jsonl", lines.as_bytes());
        files.run(["--quiet", "--jsonl", &file, "--resume"]).refused(message);
        assert!(fs::read_to_string(&file).unwrap().starts_with(&lines), "{message}");
    }
    let ran = files.run(["--resume"]);
    ran.refused("`--resume` is of no use without `--jsonl FILE`");
}
