//! Flights that left New York, summed up by airline: rows of a file are validated, enriched by
//! lookups that run side by side, and summarised. The same code runs on tokio, on smol, and in the
//! simulator.
//!
//! ```text
//! cargo run --release --example flights -- --runtime smol --json summary.json
//! ```
//!
//! Where to look: `pipeline.rs` is the work, written once against `Runtime`; `lookups.rs` shows the
//! policies, `news.rs` the events, `metrics.rs` the registry; `on_runtime` below is the one place
//! that knows which runtimes there are. The rest is what any program needs: arguments, files, a
//! report.

#![allow(unreachable_pub)] // In a program nothing is reachable: `pub` is what a module offers.

mod airports;
pub(crate) mod args;
mod console;
mod csv;
mod dead_letters;
pub(crate) mod failure;
pub(crate) mod faults;
mod flight;
pub(crate) mod job;
mod journal;
mod json;
mod json_lines;
mod lookups;
mod metrics;
mod news;
mod pipeline;
mod reader;
mod serve;
mod summary;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod writers;

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use mtaio_sim::Sim;

use self::args::{Command, RuntimeName};
use self::console::{Console, Told};
use self::failure::Failure;
use self::job::{Job, Outcome};
use self::json::JsonOutput;
use self::table::{alerts, table};

fn main() -> ExitCode {
    let arguments = env::args_os().skip(1);
    let is_terminal = io::stderr().is_terminal();
    match run_at(arguments, &mut io::stdout(), &mut io::stderr(), is_terminal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("flights: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// The program, apart from the process that it runs in.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    stdout: &mut impl Write,
    stderr: &mut (impl Write + Send),
) -> Result<(), Failure> {
    run_at(arguments, stdout, stderr, false)
}

/// The same, on a terminal or not.
fn run_at(
    arguments: impl IntoIterator<Item = OsString>,
    stdout: &mut impl Write,
    stderr: &mut (impl Write + Send),
    is_terminal: bool,
) -> Result<(), Failure> {
    let args = match args::parse(arguments)? {
        Command::Run(args) => args,
        Command::Help => return print(args::HELP, stdout),
    };
    let json = args.json.as_deref().map(JsonOutput::open).transpose()?;
    let mut console = Console::new(stderr, is_terminal && !args.quiet);
    let job = Job::prepare(&args, |told| console.tell(told))?;

    let worked = on_runtime(args.runtime, args.seed, job, |told| console.tell(told));
    console.erase();
    let Outcome { summary, news, metrics } = worked?;

    let json_on_stdout = matches!(json, Some(JsonOutput::Stdout));
    if let Some(json) = json {
        json.write(&summary, stdout)?;
    }
    if !args.quiet && !json_on_stdout {
        print(&alerts(&news.alerts), stdout)?;
        print(&table(&metrics), stdout)?;
    }
    console.report_count();
    Ok(())
}

fn print(text: &str, stdout: &mut impl Write) -> Result<(), Failure> {
    stdout.write_all(text.as_bytes()).map_err(Failure::Output)
}

/// Does the job on the runtime that was asked for; the seed is for the simulator.
fn on_runtime(
    runtime: RuntimeName,
    seed: u64,
    job: Job,
    tell: impl FnMut(Told) + Send,
) -> Result<Outcome, Failure> {
    match runtime {
        RuntimeName::Tokio => mtaio_tokio::block_on(async move |rt| job.run(&rt, tell).await)
            .map_err(Failure::Runtime)?,
        RuntimeName::Smol => mtaio_smol::block_on(async move |rt| job.run(&rt, tell).await)
            .map_err(Failure::Runtime)?,
        RuntimeName::Sim => Sim::try_run(seed, async move |rt| job.run(&rt, tell).await)?,
    }
}
