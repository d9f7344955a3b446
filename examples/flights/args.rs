//! The command line.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use lexopt::{Arg, Parser, ValueExt};
use thiserror::Error;

pub const HELP: &str = "\
Sums up flights by airline: departures, cancellations, delays, seats. Tells of airports where the
mean delay of 50 departures comes above an hour.

Usage: flights [OPTIONS]

  --runtime NAME   tokio, smol, or sim: the deterministic simulator [default: tokio]
  --flights CSV    the flights [default: examples/data/flights-2013-01.csv]
  --planes CSV     the aircraft by tail number [default: examples/data/planes.csv]
  --airlines CSV   the airlines by carrier [default: examples/data/airlines.csv]
  --faults P       how likely a lookup fails, from 0 to less than 1 [default: 0]
  --seed N         which lookups fail, and the simulator's schedule [default: 0]
  --json FILE      write the summary as JSON; - is standard output, in place of the table
  --jsonl FILE     write the flights, with what was looked up, as a line of JSON each
  --dead-letters FILE
                   write the malformed rows, with what is wrong with them, as a line of JSON each
  --resume         go on with the files of --jsonl and --dead-letters that an earlier run did not
                   finish
  --metrics ADDR   serve metrics for Prometheus at this address while it runs, as 127.0.0.1:9100
  --quiet          print no table, no alerts, and no progress
  --help           print this

Malformed rows are reported on standard error, and left out of the summary.
The exit code is 2 when the arguments or the files are not usable, 1 when anything else goes wrong.
";

const OPTIONS: &str = "--runtime, --flights, --planes, --airlines, --faults, --seed, --json, --jsonl, \
                       --dead-letters, --resume, --metrics, --quiet and --help";

/// What is asked for.
pub enum Command {
    Run(Args),
    Help,
}

pub struct Args {
    pub runtime: RuntimeName,
    pub flights: PathBuf,
    pub planes: PathBuf,
    pub airlines: PathBuf,
    /// A probability: 0 to less than 1.
    pub faults: f64,
    pub seed: u64,
    /// `-` is standard output.
    pub json: Option<PathBuf>,
    pub jsonl: Option<PathBuf>,
    pub dead_letters: Option<PathBuf>,
    /// Only with `jsonl`.
    pub resume: bool,
    /// Where metrics are served.
    pub metrics: Option<String>,
    pub quiet: bool,
}

#[derive(Clone, Copy)]
pub enum RuntimeName {
    Tokio,
    Smol,
    Sim,
}

/// Why the command line was refused.
#[derive(Debug, Error)]
pub enum ArgsError {
    #[error("unknown option `{0}`, allowed are {OPTIONS}")]
    UnknownOption(String),
    #[error("unknown runtime `{0}`, allowed are tokio, smol and sim")]
    UnknownRuntime(String),
    #[error("`--faults` is `{0}`, allowed is a number from 0 to less than 1")]
    Faults(String),
    #[error("`--seed` is `{0}`, allowed is a whole number from 0 to {max}", max = u64::MAX)]
    Seed(String),
    #[error(
        "`--resume` is of no use without `--jsonl FILE`: nothing says what there is to go on with"
    )]
    Resume,
    #[error("`{1}` is {0}, which `{2}` is already: allowed is a file for each")]
    Twice(String, &'static str, &'static str),
    #[error("unexpected argument `{0}`: everything is said by options, {OPTIONS}")]
    Positional(String),
    /// No value where one is needed, or one where none is.
    #[error("{0}")]
    Syntax(#[from] lexopt::Error),
}

/// Reads the arguments, without the program's name. Of an option given twice the last counts.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, ArgsError> {
    let mut args = Args::default();
    let mut parser = Parser::from_args(arguments);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("runtime") => args.runtime = text(parser.value()?).parse()?,
            Arg::Long("flights") => args.flights = parser.value()?.into(),
            Arg::Long("planes") => args.planes = parser.value()?.into(),
            Arg::Long("airlines") => args.airlines = parser.value()?.into(),
            Arg::Long("faults") => {
                let value = text(parser.value()?);
                let faults = value.parse().ok().filter(|faults| (0.0..1.0).contains(faults));
                args.faults = faults.ok_or(ArgsError::Faults(value))?;
            }
            Arg::Long("seed") => {
                let value = parser.value()?;
                args.seed = value.parse().map_err(|_| ArgsError::Seed(text(value)))?;
            }
            Arg::Long("json") => args.json = Some(parser.value()?.into()),
            Arg::Long("jsonl") => args.jsonl = Some(parser.value()?.into()),
            Arg::Long("dead-letters") => args.dead_letters = Some(parser.value()?.into()),
            Arg::Long("resume") => args.resume = true,
            Arg::Long("metrics") => args.metrics = Some(text(parser.value()?)),
            Arg::Long("quiet") => args.quiet = true,
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            Arg::Long(name) => return Err(ArgsError::UnknownOption(format!("--{name}"))),
            Arg::Short(name) => return Err(ArgsError::UnknownOption(format!("-{name}"))),
            Arg::Value(value) => return Err(ArgsError::Positional(text(value))),
        }
    }
    if args.resume && args.jsonl.is_none() {
        return Err(ArgsError::Resume);
    }
    args.check_files()?;
    Ok(Command::Run(args))
}

impl Args {
    /// What is written must not take the place of what is read, nor of what else is written.
    fn check_files(&self) -> Result<(), ArgsError> {
        let read = [
            ("--flights", Some(&self.flights)),
            ("--planes", Some(&self.planes)),
            ("--airlines", Some(&self.airlines)),
        ];
        // `-` is the standard output.
        let json = self.json.as_ref().filter(|file| file.as_os_str() != "-");
        let written = [
            ("--json", json),
            ("--jsonl", self.jsonl.as_ref()),
            ("--dead-letters", self.dead_letters.as_ref()),
        ];
        let mut known: Vec<(&'static str, PathBuf)> = Vec::new();
        for (index, (option, file)) in read.into_iter().chain(written).enumerate() {
            let Some(file) = file else { continue };
            // One that is not there yet is known by its name.
            let path = fs::canonicalize(file).unwrap_or_else(|_| file.clone());
            let same = known.iter().find(|(_, other)| *other == path);
            if let Some((other, _)) = same.filter(|_| index >= read.len()) {
                return Err(ArgsError::Twice(file.display().to_string(), option, other));
            }
            known.push((option, path));
        }
        Ok(())
    }
}

fn text(value: OsString) -> String {
    value.to_string_lossy().into_owned()
}

impl Default for Args {
    fn default() -> Self {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
        Self {
            runtime: RuntimeName::Tokio,
            flights: data.join("flights-2013-01.csv"),
            planes: data.join("planes.csv"),
            airlines: data.join("airlines.csv"),
            faults: 0.0,
            seed: 0,
            json: None,
            jsonl: None,
            dead_letters: None,
            resume: false,
            metrics: None,
            quiet: false,
        }
    }
}

impl FromStr for RuntimeName {
    type Err = ArgsError;

    fn from_str(name: &str) -> Result<Self, ArgsError> {
        match name {
            "tokio" => Ok(Self::Tokio),
            "smol" => Ok(Self::Smol),
            "sim" => Ok(Self::Sim),
            _ => Err(ArgsError::UnknownRuntime(name.to_owned())),
        }
    }
}
