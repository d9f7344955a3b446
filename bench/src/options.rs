//! The command line.

use std::path::PathBuf;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
mtaio against its peers.

usage: mtaio-bench [OPTIONS]

  --only NAME   run only the contests with NAME in their names
  --quick       5 rounds instead of 31: to see whether all run, not for figures
  --json FILE   write what the tables say to FILE too
  --record FILE put the run into FILE, a page in Markdown such as BENCHMARKS.md, behind its mark
  --gates       exit with code 1 when a gate is not met
  --list        print the names of the contests and their peers, and run none
  --help        print this

exit codes: 0; 1 when a contest is missing or a side did not run, or by --gates;
2 when the command line can't be understood.
";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// The help.
    Help,
    /// The names of the contests.
    List,
    /// The contests.
    Run(Options),
}

/// Which contests are run, how, and where their figures go.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) only: Option<String>,
    pub(crate) quick: bool,
    pub(crate) json: Option<PathBuf>,
    pub(crate) record: Option<PathBuf>,
    pub(crate) gates: bool,
}

/// Reads the arguments after the program's name, or says what is wrong with them.
pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut args = args.into_iter();
    let mut options = Options::default();
    let mut command = None;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--list" => command = Some(Command::List),
            "--quick" => options.quick = true,
            "--gates" => options.gates = true,
            "--only" => options.only = Some(value(&arg, args.next())?),
            "--json" => options.json = Some(value(&arg, args.next())?.into()),
            "--record" => options.record = Some(value(&arg, args.next())?.into()),
            _ => {
                return Err(format!("unknown option `{arg}`; `--help` lists the options"));
            }
        }
    }
    Ok(command.unwrap_or(Command::Run(options)))
}

/// The value of `option`. One that looks like an option is a forgotten value.
fn value(option: &str, value: Option<String>) -> Result<String, String> {
    value
        .filter(|value| !value.is_empty() && !value.starts_with("--"))
        .ok_or_else(|| format!("`{option}` needs a value; `--help` lists the options"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn options_are_read_in_any_order() {
        let all = Options {
            only: Some("sleep".into()),
            quick: true,
            json: Some("out.json".into()),
            record: Some("page.md".into()),
            gates: true,
        };
        let line = "--json out.json --gates --only sleep --record page.md --quick";
        assert_eq!(parse_line(line), Ok(Command::Run(all)));
        assert_eq!(parse_line(""), Ok(Command::Run(Options::default())));
        assert_eq!(parse_line("--list"), Ok(Command::List));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert!(parse_line("--fast").unwrap_err().contains("`--fast`"));
        assert!(parse_line("spawn").unwrap_err().contains("`spawn`"));
        assert!(parse_line("--only").unwrap_err().contains("`--only` needs a value"));
        assert!(parse_line("--json --quick").unwrap_err().contains("`--json` needs a value"));
    }
}
