//! What is refused, and how the program ends.

use std::fs;
use std::process::Stdio;

use crate::harness::{Files, binary, run};
use crate::rows::MIXED;

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
                   --dead-letters, --resume, --metrics, --quiet and --help";
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
fn a_file_is_read_or_written_once() {
    let files = Files::new("twice").with_flights(MIXED);
    let rows = files.path("flights.csv");
    let (written, again) = (files.path("new.jsonl"), files.path("./new.jsonl"));
    let message = |file: &str, option, other| {
        format!("`{option}` is {file}, which `{other}` is already: allowed is a file for each")
    };
    for option in ["--json", "--jsonl", "--dead-letters"] {
        files.run([option, &rows]).refused(&message(&rows, option, "--flights"));
    }
    assert_eq!(fs::read(&rows).unwrap(), MIXED);
    let twice = ["--jsonl", &written, "--dead-letters", &written];
    files.run(twice).refused(&message(&written, "--dead-letters", "--jsonl"));
    fs::write(&written, "").unwrap();
    let twice = ["--jsonl", &written, "--dead-letters", &again];
    files.run(twice).refused(&message(&again, "--dead-letters", "--jsonl"));
}

#[test]
fn help_names_every_option() {
    let ran = run(["--runtime", "smol", "--help"]);
    ran.succeeded();
    let options = "--runtime --flights --planes --airlines --faults --seed --json --jsonl --dead-letters \
                   --resume --metrics --quiet";
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
            .ends_with("\n27004 rows, 521 cancelled, 27004 written, 0 malformed\n")
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
