use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::overview::Overview;
use super::report::Report;
use super::rounds::Effort;
use super::side::Outcome;
use super::table::Tables;

/// What stands in front of it is written by hand, what follows by a run.
const MARK: &str = "<!-- what follows is the last run -->\n";

/// A page that holds the last run.
pub(crate) struct Record {
    page: PathBuf,
    by_hand: String,
}

impl Record {
    /// The page at `page`, which has to be there, and to have its mark.
    pub(crate) fn open(page: &Path) -> Outcome<Self> {
        let shown = page.display();
        let text =
            fs::read_to_string(page).map_err(|error| format!("can't read `{shown}`: {error}"))?;
        let (by_hand, _) = text.split_once(MARK).ok_or_else(|| {
            format!("`{shown}` has no line `{}` to write behind", MARK.trim_end())
        })?;
        Ok(Self { page: page.to_owned(), by_hand: by_hand.to_owned() })
    }

    /// Puts a run behind the mark, in place of the run before.
    pub(crate) fn write(&self, report: &Report, effort: Effort) -> Outcome {
        let text = format!("{}{MARK}\n{}", self.by_hand, run(report, effort));
        fs::write(&self.page, text)
            .map_err(|error| format!("can't write `{}`: {error}", self.page.display()).into())
    }
}

fn run(report: &Report, effort: Effort) -> String {
    let (overview, tables) = (Overview(report), Tables(report));
    format!(
        "{}{} rounds.\n\n{}\n\n{}\n## In full\n\n```text\n{tables}```\n",
        machine(),
        effort.rounds,
        overview.verdict(),
        overview.markdown(),
    )
}

/// What is known of where it ran, as the beginning of a sentence.
fn machine() -> String {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    let facts = [processor(), told("uname", &["-sr"]), told("rustc", &["--version"])];
    let facts: String = facts.into_iter().flatten().map(|fact| format!("{fact}, ")).collect();
    let date = told("date", &["-u", "+%Y-%m-%d"]).map(|date| format!("On {date}: "));
    let commit = told("git", &["describe", "--always", "--dirty"]);
    let commit = commit.map(|commit| format!("commit {commit}, ")).unwrap_or_default();
    format!("{}{threads} threads of {target}, {facts}{commit}", date.unwrap_or_default())
}

/// The name of the processor, where the system tells it.
fn processor() -> Option<String> {
    let told = fs::read_to_string("/proc/cpuinfo").ok()?;
    let of = |name: &str| {
        let line = told.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let name = of("model name")?;
    Some(match of("model\t") {
        Some(model) => format!("{name} (model {model})"),
        None => name,
    })
}

/// What a program says in its first line; nothing where it is not there.
fn told(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next()?.trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_replaces_the_run_before_and_nothing_else() {
        let page = std::env::temp_dir().join(format!("mtaio-bench-{}.md", std::process::id()));
        fs::write(&page, format!("# By hand\n\n{MARK}\nold\n")).unwrap();
        let record = Record::open(&page).unwrap();
        record.write(&Report::default(), Effort::QUICK).unwrap();
        let written = fs::read_to_string(&page).unwrap();
        assert!(written.starts_with(&format!("# By hand\n\n{MARK}\n")));
        assert!(!written.contains("old"));
        assert!(written.contains("5 rounds.\n\n0 contests; 0 of 0 aims are met"));

        fs::write(&page, "# By hand\n").unwrap();
        let refused = Record::open(&page).err().unwrap();
        assert!(refused.to_string().contains("has no line `<!-- what follows"));
        fs::remove_file(&page).unwrap();
    }
}
