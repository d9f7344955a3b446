use std::fmt::{self, Display};

use super::report::{Report, Row};
use super::stats::ratio;
use super::table::print;

/// Prints a [`Report`] as one table, a line a contest: how we stand against the best of our peers.
pub(crate) struct Overview<'a>(pub(crate) &'a Report);

const COLUMNS: usize = 6;

const HEAD: [&str; COLUMNS] = ["module", "contest", "best peer", "ratio", "aim", "met"];

impl Overview<'_> {
    /// The same as a table in Markdown.
    pub(super) fn markdown(&self) -> String {
        let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rule = [(); COLUMNS].map(|()| "---".to_owned());
        let lines = [HEAD.map(String::from), rule].into_iter().chain(self.lines());
        lines.map(|cells| row(&cells)).collect()
    }

    /// What all aims come to, in a line.
    pub(super) fn verdict(&self) -> String {
        let aims: Vec<_> = self.0.rows.iter().filter(|row| row.is_met().is_some()).collect();
        let met = aims.iter().filter(|row| row.is_met() == Some(true)).count();
        let gates = aims.iter().filter(|row| row.aim.is_gate()).count();
        let missed = self.0.missed_gates().count();
        format!(
            "{} contests; {met} of {} aims are met, of the gates among them {} of {gates}.",
            self.contests().count(),
            aims.len(),
            gates - missed,
        )
    }

    fn contests(&self) -> impl Iterator<Item = &[Row]> {
        self.0.rows.chunk_by(|one, next| one.contest == next.contest)
    }

    fn lines(&self) -> impl Iterator<Item = [String; COLUMNS]> {
        self.contests().filter_map(line)
    }
}

impl Display for Overview<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, HEAD, &self.lines().collect::<Vec<_>>())?;
        writeln!(f, "\n{}", self.verdict())
    }
}

/// A contest against the peer that took least.
fn line(rows: &[Row]) -> Option<[String; COLUMNS]> {
    let best =
        rows.iter().min_by(|one, other| one.theirs.median.total_cmp(&other.theirs.median))?;
    let (aim, met) = match decisive(rows) {
        None => ("-".into(), "-"),
        Some(row) => {
            let bound = row.aim.bound().map(|bound| bound.to_string()).unwrap_or_default();
            let of =
                if row.peer == best.peer { String::new() } else { format!(" of {}", row.peer) };
            let gate = if row.aim.is_gate() { ", gate" } else { "" };
            let met = if row.is_met() == Some(true) { "yes" } else { "NO" };
            (format!("{bound}{of}{gate}"), met)
        }
    };
    Some([
        best.group.into(),
        best.contest.clone(),
        best.peer.into(),
        compared(best),
        aim,
        met.into(),
    ])
}

/// The aim that tells most: one that is missed, else one against the best of the peers with an aim.
fn decisive(rows: &[Row]) -> Option<&Row> {
    let aims = || rows.iter().filter(|row| row.is_met().is_some());
    let missed = aims().filter(|row| row.is_met() == Some(false)).max_by_key(|row| row.fails());
    missed.or_else(|| aims().min_by(|one, other| one.theirs.median.total_cmp(&other.theirs.median)))
}

/// The ratio, or both figures where a ratio of them tells nothing.
fn compared(row: &Row) -> String {
    let (ours, theirs) = (row.ours.median, row.theirs.median);
    match row.ratio {
        Some(ratio) => format!("{ratio:.2}"),
        None if ratio(ours, theirs) == Some(1.0) => "1.00".into(),
        None => {
            let digits = row.unit.digits();
            format!("{ours:.digits$} to {theirs:.digits$} {}", row.unit.name())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::stats::Summary;
    use crate::harness::{Aim, Bound, Unit};

    fn row(contest: &str, peer: &'static str, theirs: f64, aim: Aim) -> Row {
        let summary = |median| Summary::of(&[median]).unwrap();
        Row {
            group: "group",
            contest: contest.into(),
            peer,
            unit: Unit::Nanos,
            ours: summary(10.0),
            theirs: summary(theirs),
            ratio: Some(10.0 / theirs),
            ratios: None,
            cpu: None,
            aim,
        }
    }

    fn report() -> Report {
        let wish = Aim::Wish(Bound::Ratio(1.0));
        let gate = Aim::Gate(Bound::Ratio(0.5));
        let rows = vec![
            row("a", "slow", 40.0, gate),
            row("a", "quick", 8.0, Aim::Open),
            row("b", "one", 20.0, wish),
            row("b", "other", 16.0, gate),
            row("c", "alone", 5.0, Aim::Open),
        ];
        Report { rows, failures: Vec::new() }
    }

    #[test]
    fn a_contest_is_a_line_against_the_best_peer() {
        let lines: Vec<_> = Overview(&report()).lines().collect();
        assert_eq!(lines[0], ["group", "a", "quick", "1.25", "≤ 0.50 of slow, gate", "yes"]);
        assert_eq!(lines[1], ["group", "b", "other", "0.62", "≤ 0.50, gate", "NO"]);
        assert_eq!(lines[2], ["group", "c", "alone", "2.00", "-", "-"]);
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn the_verdict_counts_aims_and_gates() {
        let verdict = "3 contests; 2 of 3 aims are met, of the gates among them 1 of 2.";
        assert_eq!(Overview(&report()).verdict(), verdict);
        assert!(Overview(&report()).to_string().ends_with(&format!("{verdict}\n")));
    }

    #[test]
    fn in_markdown_each_line_is_a_row() {
        let markdown = Overview(&report()).markdown();
        let lines: Vec<_> = markdown.lines().collect();
        assert_eq!(lines[0], "| module | contest | best peer | ratio | aim | met |");
        assert_eq!(lines[1], "| --- | --- | --- | --- | --- | --- |");
        assert_eq!(lines[3], "| group | b | other | 0.62 | ≤ 0.50, gate | NO |");
    }
}
