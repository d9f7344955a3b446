//! Runs every part of mtaio against its peers, in one run, and says what the aims came to.
//!
//! `cargo run --release -p mtaio-bench -- --help` tells the options. Trust the ratios: the absolute
//! figures are those of one machine at one moment.
//!
//! A module's contests stand in `contests/`; a contest is a name, our side, and each peer's side
//! with the aim against it. The sides take turns, round by round, and the medians are compared.

#![allow(clippy::disallowed_methods)] // It measures by the real clock.

mod contests;
mod harness;
mod host;
mod options;

use std::fs::File;
use std::io::{IsTerminal, Write, stderr};
use std::path::Path;
use std::process::ExitCode;

use crate::contests::Contests;
use crate::harness::{Effort, Outcome, Overview, Record, Report, Tables, run, to_json};
use crate::options::{Command, Options};

/// Something went wrong, or a gate is not met.
const FAILED: u8 = 1;

/// The command line can't be understood.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let code = match options::parse(std::env::args().skip(1)) {
        Err(misuse) => {
            eprintln!("{misuse}");
            Ok(MISUSED)
        }
        Ok(Command::Help) => {
            print!("{}", options::HELP);
            Ok(0)
        }
        Ok(Command::List) => list(),
        Ok(Command::Run(options)) => compete(&options),
    };
    ExitCode::from(code.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        FAILED
    }))
}

/// Prints the names of all contests.
fn list() -> Outcome<u8> {
    print!("{}", contests::all()?.listing());
    Ok(0)
}

/// Runs the chosen contests, and prints and writes what they came to.
fn compete(options: &Options) -> Outcome<u8> {
    let contests = contests::all()?;
    let missing = contests.missing();
    let chosen = match &options.only {
        None => contests,
        Some(part) => match contests.only(part) {
            Ok(chosen) => chosen,
            Err(listing) => {
                eprint!("no contest has `{part}` in its name; there are:\n{listing}");
                return Ok(MISUSED);
            }
        },
    };

    // Before the contests, because they take a while.
    let mut file = options.json.as_deref().map(create).transpose()?;
    let page = options.record.as_deref().map(Record::open).transpose()?;

    let effort = if options.quick { Effort::QUICK } else { Effort::FULL };
    let report = run_all(chosen, effort, missing);
    print!("{}\n{}", Tables(&report), Overview(&report));
    if let Some(file) = &mut file {
        writeln!(file, "{:#}", to_json(&report, effort))?;
    }
    if let Some(page) = page {
        page.write(&report, effort)?;
    }
    Ok(verdict(&report, options.gates))
}

fn create(path: &Path) -> Outcome<File> {
    File::create(path).map_err(|error| format!("can't write `{}`: {error}", path.display()).into())
}

fn run_all(contests: Contests, effort: Effort, missing: Vec<harness::Failure>) -> Report {
    let mut report = Report { failures: missing, ..Report::default() };
    for contest in contests {
        if stderr().is_terminal() {
            eprintln!("{} ..", contest.name());
        }
        report.add(run(contest, effort));
    }
    report
}

/// Tells what is wrong, and the exit code that goes with it.
fn verdict(report: &Report, gates: bool) -> u8 {
    for failure in &report.failures {
        eprintln!("error: {failure}");
    }
    let mut missed = 0;
    for row in report.missed_gates() {
        eprintln!("gate not met: {} against {}", row.contest, row.peer);
        missed += 1;
    }
    if !report.failures.is_empty() || (gates && missed > 0) { FAILED } else { 0 }
}
