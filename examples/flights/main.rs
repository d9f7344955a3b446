//! Flights that left New York, summed up by airline: rows of a file are validated, enriched by
//! lookups that run side by side, and summarised. The same code runs on tokio, on smol, and in the
//! simulator.
//!
//! ```text
//! cargo run --release --example flights -- --runtime smol --json summary.json
//! ```
//!
//! Where to look: `pipeline.rs` is the work, written once against `Runtime`, and `on_runtime` below
//! is the one place that knows which runtimes there are. The rest is what any program needs:
//! arguments, files, a report. `lookups.rs` shows the policies.

#![allow(unreachable_pub)] // In a program nothing is reachable: `pub` is what a module offers.

mod airports;
mod args;
mod console;
mod csv;
mod failure;
pub mod faults;
mod flight;
mod journal;
mod json;
mod lookups;
mod news;
mod pipeline;
mod reader;
mod summary;
mod table;
mod tables;
#[cfg(test)]
mod tests;

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use mtaio::Runtime;
use mtaio::event::EventEmitter;
use mtaio_sim::Sim;

use self::args::{Args, Command, RuntimeName};
use self::console::{Console, Told};
use self::failure::Failure;
use self::faults::Faults;
use self::flight::Flights;
use self::journal::Journal;
use self::json::JsonOutput;
use self::lookups::Lookups;
use self::news::{News, Newspaper};
use self::summary::Summary;
use self::table::{alerts, table};
use self::tables::Tables;

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
    // Whatever may be refused is refused before the work, not after.
    let flights = flight::open(&args.flights)?;
    let mut console = Console::new(stderr, is_terminal && !args.quiet);
    let tables = Tables::load(&args.planes, &args.airlines, |row| console.report(&row))?;
    let json = args.json.as_deref().map(JsonOutput::open).transpose()?;

    let open = if args.resume { Journal::resume } else { Journal::create };
    let journal = args.jsonl.as_deref().map(open).transpose()?;

    let worked = on_runtime(&args, flights, tables, journal, |told| console.tell(told));
    console.erase();
    let (summary, news) = worked?;

    let json_on_stdout = matches!(json, Some(JsonOutput::Stdout));
    if let Some(json) = json {
        json.write(&summary, stdout)?;
    }
    if !args.quiet && !json_on_stdout {
        print(&alerts(&news.alerts), stdout)?;
        print(&table(&summary, &news), stdout)?;
    }
    console.report_count();
    Ok(())
}

fn print(text: &str, stdout: &mut impl Write) -> Result<(), Failure> {
    stdout.write_all(text.as_bytes()).map_err(Failure::Output)
}

/// Runs the pipeline on the runtime that was asked for.
fn on_runtime(
    args: &Args,
    flights: Flights,
    tables: Tables,
    journal: Option<Journal>,
    tell: impl FnMut(Told) + Send,
) -> Result<(Summary, News), Failure> {
    let faults = Faults::new(args.faults, args.seed);
    match args.runtime {
        RuntimeName::Tokio => mtaio_tokio::block_on(async move |rt| {
            work(&rt, flights, tables, faults, journal, tell).await
        })
        .map_err(Failure::Runtime)?,
        RuntimeName::Smol => mtaio_smol::block_on(async move |rt| {
            work(&rt, flights, tables, faults, journal, tell).await
        })
        .map_err(Failure::Runtime)?,
        RuntimeName::Sim => {
            let work = async move |rt| work(&rt, flights, tables, faults, journal, tell).await;
            Sim::try_run(args.seed, work)?
        }
    }
}

async fn work<R: Runtime>(
    rt: &R,
    flights: Flights,
    tables: Tables,
    faults: Faults,
    journal: Option<Journal>,
    tell: impl FnMut(Told) + Send,
) -> Result<(Summary, News), Failure> {
    let emitter = EventEmitter::new();
    let paper = Newspaper::about(&emitter);
    let lookups = Lookups::new(rt, tables, faults)?;
    let summary = pipeline::work(rt, flights, lookups, journal, emitter, tell).await?;
    Ok((summary, paper.read()))
}
