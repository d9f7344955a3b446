//! A run that is killed, and one that goes on where it ended.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Files, binary_path, run};
use crate::january::expected;
use crate::sample::{January, rows};

/// Whatever it was doing, twice: what is there is whole lines, and with those of the runs that go on
/// there is a line a row, well-formed or not.
pub fn goes_on_where_it_was_killed(runtime: &str) {
    let january = January::first(ROWS, &format!("killed-{runtime}"));
    let file = january.files.path("lines.jsonl");
    let options = |faults: &str| {
        let rest = ["--quiet", "--runtime", runtime, "--faults", faults].map(str::to_owned);
        january.options().into_iter().chain(rest).collect::<Vec<_>>()
    };
    let _ = fs::remove_file(&file);
    let mut written = Vec::new();
    for (resume, within) in [(None, 1..SIZE / 2), (Some("--resume"), SIZE / 2..SIZE * 9 / 10)] {
        let mut run = Command::new(binary_path());
        run.args(options("0.3")).args(resume).stdout(Stdio::null()).stderr(Stdio::null());
        let size = within.start + random() % (within.end - within.start);
        kill_at(size, &mut run.spawn().unwrap(), &file);
        let now = fs::read(&file).unwrap();
        assert!(now.starts_with(&written), "what was written is not left as it was");
        written = whole_lines(now);
        january.tear();
    }

    let json = ["--resume", "--json", "-"].map(str::to_owned);
    let ran = run(options("0.3").into_iter().chain(json.clone()));
    ran.succeeded();
    assert_eq!(ran.json(), expected());
    assert_eq!(ran.json(), january.summary);
    january.is_written();
    let text = january.read("lines.jsonl");
    assert!(text.starts_with(&written), "what was written is not left as it was");

    // There is nothing left to do, nor to ask: a service that nearly never answers is none the worse.
    let ran = run(options("0.999").into_iter().chain(json));
    ran.succeeded();
    assert_eq!(ran.json(), expected());
    assert_eq!(january.read("lines.jsonl"), text);
    january.is_written();
}

/// All of January.
const ROWS: usize = 27_004;

/// About the bytes that it is written down in.
const SIZE: u64 = 3_270_000;

/// Kills it as soon as the file has so many bytes.
#[allow(clippy::disallowed_methods, reason = "another process is waited for")]
fn kill_at(size: u64, child: &mut Child, file: &str) {
    let is_there = || fs::metadata(file).is_ok_and(|metadata| metadata.len() >= size);
    let begun = Instant::now();
    while !is_there() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it wrote {size} bytes");
        assert!(begun.elapsed() < Duration::from_secs(60), "{size} bytes are not there");
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A killed process leaves no piece of a line, unless the system was just at it: that stops where a
/// page of memory ends.
fn whole_lines(mut text: Vec<u8>) -> Vec<u8> {
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    assert!(whole == text.len() || text.len().is_multiple_of(4_096), "a line is not whole");
    text.truncate(whole);
    text
}

/// Another number in each run of the test.
#[allow(clippy::disallowed_methods, reason = "no runtime is there to be asked")]
fn random() -> u64 {
    RandomState::new().hash_one(())
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
