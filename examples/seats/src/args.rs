use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};

const USAGE: &str = "options:
    --serve ADDRESS    serve there until a signal, such as 127.0.0.1:8080; otherwise a client works
                       for a day, and it ends";

/// What the command line says.
#[derive(Clone, Copy, Debug)]
pub struct Args {
    /// Where to serve until a signal; otherwise for a day.
    pub serve: Option<SocketAddr>,
    /// Something is to go wrong, so that it can be seen that this is noticed. It is told to nobody.
    pub sabotage: bool,
}

impl Args {
    /// Reads the command line.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn read() -> Result<Self, Box<dyn Error>> {
        let mut args = Self { serve: None, sabotage: false };
        let mut parser = Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Long("serve") => args.serve = Some(parser.value()?.parse()?),
                Arg::Long("sabotage") => args.sabotage = true,
                other => return Err(format!("{}\n{USAGE}", other.unexpected()).into()),
            }
        }
        Ok(args)
    }

    /// Where to listen: any port will do for a day.
    pub fn address(&self) -> SocketAddr {
        self.serve.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}

/// What a program ends with: an error is printed, and is its failure.
pub fn exit_code(program: &str, outcome: Result<(), Box<dyn Error>>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}
