//! What the simulator and tokio's paused clock find, side by side: the table of the docs.

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs};

use mtaio_sim::{Diagnosis, Failure};

use crate::CORPUS;
use crate::blocks::Code;
use crate::bug::{Bug, Needs};
use crate::on_sim::{self, Place, explore, is_right};
use crate::on_tokio::{self, Ending};

/// Set to write the table that was seen into the docs, with all runs on tokio.
const WRITE: &str = "MTAIO_CORPUS_WRITE";

/// How a program fares in the docs' table.
struct Row {
    bug: &'static Bug,
    alone: Option<Failure>,
    beside: Option<Failure>,
    slowest: Duration,
    on_tokio: Vec<Ending>,
}

impl Row {
    #[expect(clippy::disallowed_methods, reason = "how long it takes is told, and not asserted")]
    fn new(bug: &'static Bug, runs_on_tokio: usize) -> Self {
        let begin = Instant::now();
        let alone = explore(bug, Place::Alone).err();
        let first = begin.elapsed();
        let beside = explore(bug, Place::BesideATicker).err();
        let slowest = first.max(begin.elapsed() - first);
        let on_tokio = (0..runs_on_tokio).map(|_| on_tokio::run(bug, Code::Buggy)).collect();
        Self { bug, alone, beside, slowest, on_tokio }
    }

    fn is_right(&self) -> bool {
        [&self.alone, &self.beside]
            .iter()
            .all(|found| found.as_ref().is_some_and(|failure| is_right(self.bug, failure)))
    }

    fn choices(&self) -> Option<usize> {
        Some(self.alone.as_ref()?.replay()?.len())
    }

    fn found_on_tokio(&self) -> usize {
        self.on_tokio.iter().filter(|ending| **ending != Ending::Well).count()
    }

    /// All but what tokio finds.
    fn on_sim(&self) -> String {
        let Bug { name, diagnosis, needs, .. } = self.bug;
        let told = |failure: &Option<Failure>| match failure {
            None => "missed".to_owned(),
            // Which seed shows chance from outside is no choice of the seed's.
            Some(failure) if failure.diagnosis() == Diagnosis::Nondeterminism => "yes".to_owned(),
            Some(failure) => {
                let name = match failure.diagnosis() == *diagnosis {
                    true => String::new(),
                    false => format!(", as {:?}", failure.diagnosis()),
                };
                format!("{}{name}", failure.seed().map_or(0, |seed| seed + 1))
            }
        };
        let name = name.replace('_', " ");
        let needs = match needs {
            Needs::Seeds => String::new(),
            needs => format!(" (`{needs:?}`)"),
        };
        let (alone, beside) = (told(&self.alone), told(&self.beside));
        let choices = self.choices().map_or("-".to_owned(), |choices| choices.to_string());
        format!("| {name}{needs} | {diagnosis:?} | {alone} | {beside} | {choices} |")
    }

    fn on_tokio(&self) -> String {
        let how = match self.on_tokio.iter().find(|ending| **ending != Ending::Well) {
            Some(Ending::Hung) => " hang",
            Some(Ending::Panicked) => " panic",
            _ => "",
        };
        format!(" {}/{}{how} |", self.found_on_tokio(), self.on_tokio.len())
    }
}

#[test]
fn the_docs_tell_what_is_found() {
    let write = env::var_os(WRITE).is_some();
    let rows: Vec<Row> =
        CORPUS.iter().map(|bug| Row::new(bug, if write { 20 } else { 1 })).collect();
    let right = rows.iter().filter(|row| row.is_right()).count();
    let mut choices: Vec<usize> = rows.iter().filter_map(Row::choices).collect();
    choices.sort_unstable();
    let median = choices[choices.len() / 2];
    let on_tokio = rows.iter().filter(|row| row.found_on_tokio() > 0).count();
    let slowest = rows.iter().map(|row| row.slowest).max().unwrap();

    let all = rows.len();
    let total = [
        format!("| found, and called by its name, also beside a ticker | {right} of {all} |"),
        format!("| choices in a shrunk schedule, median | {median} |"),
    ];
    for line in total.iter().cloned().chain(rows.iter().map(|row| row.on_sim() + &row.on_tokio())) {
        println!("{line}");
    }
    println!("slowest {slowest:?}, on tokio {on_tokio} of {all}");
    assert!(right * 100 >= all * 95, "{right} of {all} are found and called by their names");
    assert!(median <= 20, "the median schedule has {median} choices");

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("runtime-sim/docs/corpus.md");
    let mut docs = fs::read_to_string(&path).unwrap();
    if write {
        docs = with_table(&docs, &total, &rows, slowest);
        fs::write(&path, &docs).unwrap();
    }
    let expected = total.iter().cloned().chain(rows.iter().map(Row::on_sim));
    for line in expected {
        assert!(docs.contains(&line), "the docs lack `{line}`: run this test with {WRITE}=1");
    }
    let told = docs.lines().filter(|line| line.matches('|').count() == 7).count();
    assert_eq!(told, all + 2, "the docs tell of bugs that are not in the corpus: {WRITE}=1");
}

/// The docs with what was seen in place of what was there.
fn with_table(docs: &str, total: &[String], rows: &[Row], slowest: Duration) -> String {
    const BEGIN: &str = "<!-- what was seen -->\n";
    let (text, _) = docs.split_once(BEGIN).unwrap();
    let mut docs = format!("{text}{BEGIN}\n| in the simulator | |\n| --- | --- |\n");
    let on_tokio = rows.iter().filter(|row| row.found_on_tokio() > 0).count();
    for line in total {
        writeln!(docs, "{line}").unwrap();
    }
    writeln!(docs, "| the slowest of all searches, with shrinking, debug build | {slowest:.1?} |")
        .unwrap();
    writeln!(docs, "\nTokio's paused clock notices {on_tokio} of {}.\n", rows.len()).unwrap();
    docs += "| bug | diagnosis | seeds | beside a ticker | choices | tokio, paused |\n";
    docs += "| --- | --- | --- | --- | --- | --- |\n";
    for row in rows {
        writeln!(docs, "{}{}", row.on_sim(), row.on_tokio()).unwrap();
    }
    docs
}

#[test]
fn tokio_finds_nothing_in_the_right_ones() {
    for bug in CORPUS {
        assert_eq!(on_tokio::run(bug, Code::Fixed), Ending::Well, "{}", bug.name);
    }
}

#[test]
fn the_corpus_has_of_every_kind() {
    assert!(CORPUS.len() >= 20);
    for (file, least) in [
        ("lost_wakeups", 3),
        ("stale_wakers", 3),
        ("deadlocks", 3),
        ("races", 5),
        ("leaks", 3),
        ("livelocks", 2),
        ("timers", 4),
        ("cancellation", 2),
        ("nondeterminism", 2),
    ] {
        let count = CORPUS.iter().filter(|bug| bug.file == file).count();
        assert!(count >= least, "{count} in {file}");
    }
    assert_eq!(on_sim::SEEDS, 1_000);
}
