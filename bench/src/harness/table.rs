use std::fmt::{self, Display};

use super::report::{Report, Row};
use super::stats::Summary;

/// Prints a [`Report`] as a table a group.
pub(crate) struct Tables<'a>(pub(crate) &'a Report);

const COLUMNS: usize = 11;

const HEAD: [&str; COLUMNS] =
    ["contest", "peer", "ours", "theirs", "unit", "ratio", "by round", "cpu", "aim", "met", "gate"];

const LEGEND: &str = "\
ours, theirs: what one operation takes, for a gather one item; the median of the rounds, and in
brackets the middle half of them. ratio: of the two medians; aims look at this. by round: the ratios
of the single rounds; where they tell another story, or lie far apart, the machine was busy. cpu: the
ratio of the processor time of all threads, with what a round sets up.
";

impl Display for Tables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for rows in self.0.rows.chunk_by(|one, next| one.group == next.group) {
            let Some(first) = rows.first() else { continue };
            writeln!(f, "## {}\n", first.group)?;
            let lines: Vec<_> = rows.iter().map(cells).collect();
            print(f, HEAD, &lines)?;
            writeln!(f)?;
        }
        f.write_str(LEGEND)
    }
}

fn cells(row: &Row) -> [String; COLUMNS] {
    let none = || "-".to_owned();
    let digits = row.unit.digits();
    let met = match row.is_met() {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "-",
    };
    [
        row.contest.clone(),
        row.peer.into(),
        spread(&row.ours, digits),
        spread(&row.theirs, digits),
        row.unit.name().into(),
        row.ratio.map_or_else(none, |ratio| format!("{ratio:.2}")),
        row.ratios.as_ref().map_or_else(none, |ratios| spread(ratios, 2)),
        row.cpu.map_or_else(none, |ratio| format!("{ratio:.2}")),
        row.aim.bound().map_or_else(none, |bound| bound.to_string()),
        met.into(),
        if row.aim.is_gate() { "gate" } else { "-" }.into(),
    ]
}

fn spread(summary: &Summary, digits: usize) -> String {
    let Summary { lower_quartile, median, upper_quartile, .. } = summary;
    format!("{median:.digits$} [{lower_quartile:.digits$} {upper_quartile:.digits$}]")
}

/// Prints `lines` under `head`, each column as wide as its widest cell.
pub(super) fn print<const COLUMNS: usize>(
    f: &mut fmt::Formatter<'_>,
    head: [&str; COLUMNS],
    lines: &[[String; COLUMNS]],
) -> fmt::Result {
    let head = head.map(String::from);
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        let cells = lines.iter().chain([&head]).map(|line| line[column].chars().count());
        cells.max().unwrap_or(0)
    });
    let rule = widths.map(|width| "-".repeat(width));
    for line in [&head, &rule].into_iter().chain(lines) {
        let padded: Vec<_> =
            line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(f, "{}", padded.join("  ").trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Aim, Bound, Unit};

    #[test]
    fn a_missed_gate_is_seen_in_its_line() {
        let summary = |median| Summary::of(&[median]).unwrap();
        let row = Row {
            group: "runtime",
            contest: "spawn".into(),
            peer: "native",
            unit: Unit::Nanos,
            ours: summary(12.0),
            theirs: summary(10.0),
            ratio: Some(1.2),
            ratios: Some(summary(1.2)),
            cpu: Some(1.3),
            aim: Aim::Gate(Bound::Ratio(1.1)),
        };
        let report = Report { rows: vec![row], failures: Vec::new() };
        let printed = Tables(&report).to_string();
        let line = printed.lines().find(|line| line.starts_with("spawn")).unwrap();
        let cells: Vec<_> =
            line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        let expected = [
            "spawn",
            "native",
            "12.0 [12.0 12.0]",
            "10.0 [10.0 10.0]",
            "ns",
            "1.20",
            "1.20 [1.20 1.20]",
            "1.30",
            "≤ 1.10",
            "NO",
            "gate",
        ];
        assert_eq!(cells, expected);

        let json = crate::harness::to_json(&report, crate::harness::Effort::QUICK);
        let row = &json["rows"][0];
        assert_eq!((&row["ours"], &row["theirs"]), (&12.0.into(), &10.0.into()));
        assert_eq!((&row["met"], &row["gate"]), (&false.into(), &true.into()));
        assert_eq!(row["aim"]["ratio"], 1.1);
    }
}
