//! What the examples share: the runtime is chosen on the command line, and the exit code says
//! whether what had to happen happened.

#![allow(unreachable_pub)] // In a program nothing is reachable: `pub` is what a module offers.

#[allow(dead_code)] // Not every example needs one.
mod journal;

use std::future::Future;
use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};
use mtaio::DynRuntime;
use mtaio_sim::Sim;

#[allow(unused_imports)]
pub use self::journal::Journal;

/// Runs `example` on the runtime that `--runtime` names: tokio, which is the default, smol, or sim.
/// An error is printed, and is the failure of the process.
///
/// The example itself knows none of them: pass it an
/// `async fn example<R: Runtime>(rt: R, sabotage: bool)`. With `--sabotage` something in it is to go
/// wrong, and it must notice: that is how its checks are checked.
pub fn run<F>(example: impl FnOnce(DynRuntime, bool) -> F) -> ExitCode
where
    F: Future<Output = Result<(), String>>,
{
    match arguments().and_then(|(name, sabotage)| run_on(&name, |rt| example(rt, sabotage))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", env!("CARGO_BIN_NAME"));
            ExitCode::FAILURE
        }
    }
}

fn run_on<F>(name: &str, example: impl FnOnce(DynRuntime) -> F) -> Result<(), String>
where
    F: Future<Output = Result<(), String>>,
{
    match name {
        "tokio" => mtaio_tokio::block_on(|rt| example(DynRuntime::new(&rt)))
            .map_err(|error| error.to_string())?,
        "smol" => mtaio_smol::block_on(|rt| example(DynRuntime::new(&rt)))
            .map_err(|error| error.to_string())?,
        "sim" => Sim::try_run(0, |rt| example(DynRuntime::new(&rt)))
            .map_err(|failure| failure.to_string())?,
        other => Err(format!("unknown runtime `{other}`, allowed are tokio, smol and sim")),
    }
}

/// What `--runtime` says, and whether `--sabotage` is there.
fn arguments() -> Result<(String, bool), String> {
    let (mut name, mut sabotage) = (String::from("tokio"), false);
    let mut parser = Parser::from_env();
    let mut parse = || {
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Long("runtime") => name = parser.value()?.string()?,
                Arg::Long("sabotage") => sabotage = true,
                other => return Err(other.unexpected()),
            }
        }
        Ok(())
    };
    parse().map_err(|error| error.to_string())?;
    Ok((name, sabotage))
}
