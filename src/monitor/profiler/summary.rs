use std::fmt;
use std::time::Duration;

use super::record::SpanRecord;

/// What the spans of a profiler came to, by name: the busiest first.
///
/// As text it is a table.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Summary {
    /// A row a name.
    pub names: Vec<NameSummary>,
}

/// What all spans of a name came to, those that still run included.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NameSummary {
    /// The name; `(others)` for all beyond the first 1,000.
    pub name: String,
    /// How many spans.
    pub spans: u64,
    /// How many of them run.
    pub running: u64,
    /// How often they were polled.
    pub polls: u64,
    /// How long the polls took.
    pub busy: Duration,
    /// How long they waited between polls.
    pub idle: Duration,
    /// How long the longest poll took.
    pub longest_poll: Duration,
    /// How long the longest span took.
    pub longest: Duration,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Totals {
    spans: u64,
    polls: u64,
    busy: Duration,
    idle: Duration,
    longest_poll: Duration,
    longest: Duration,
}

const OTHERS: &str = "(others)";

impl Summary {
    /// The row of this name.
    pub fn get(&self, name: &str) -> Option<&NameSummary> {
        self.names.iter().find(|row| row.name == name)
    }

    pub(super) fn of(named: impl Iterator<Item = (String, Totals)>, others: Totals) -> Self {
        let mut summary = Self::default();
        for (name, totals) in named {
            summary.row(name).add(&totals);
        }
        if others.spans > 0 {
            summary.row(OTHERS.into()).add(&others);
        }
        summary
    }

    pub(super) fn add_running(&mut self, record: &SpanRecord) {
        let mut totals = Totals::default();
        totals.add(record);
        let row = self.row(record.name.to_string());
        row.add(&totals);
        row.running += 1;
    }

    pub(super) fn sort(&mut self) {
        self.names.sort_by(|one, other| {
            let busiest = (other.busy, other.idle).cmp(&(one.busy, one.idle));
            busiest.then_with(|| one.name.cmp(&other.name))
        });
    }

    /// The row of this name. Those with one text are one, however it was made.
    fn row(&mut self, name: String) -> &mut NameSummary {
        let at = self.names.iter().position(|row| row.name == name).unwrap_or_else(|| {
            self.names.push(NameSummary::new(name));
            self.names.len() - 1
        });
        &mut self.names[at]
    }
}

impl NameSummary {
    const fn new(name: String) -> Self {
        Self {
            name,
            spans: 0,
            running: 0,
            polls: 0,
            busy: Duration::ZERO,
            idle: Duration::ZERO,
            longest_poll: Duration::ZERO,
            longest: Duration::ZERO,
        }
    }

    fn add(&mut self, totals: &Totals) {
        self.spans += totals.spans;
        self.polls = self.polls.saturating_add(totals.polls);
        self.busy = self.busy.saturating_add(totals.busy);
        self.idle = self.idle.saturating_add(totals.idle);
        self.longest_poll = self.longest_poll.max(totals.longest_poll);
        self.longest = self.longest.max(totals.longest);
    }
}

impl Totals {
    pub(super) fn add(&mut self, record: &SpanRecord) {
        self.spans += 1;
        self.polls = self.polls.saturating_add(record.polls);
        self.busy = self.busy.saturating_add(record.busy);
        self.idle = self.idle.saturating_add(record.idle());
        self.longest_poll = self.longest_poll.max(record.longest_poll);
        self.longest = self.longest.max(record.took());
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.names.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).max(4);
        write!(f, "{:width$} {:>9} {:>9} {:>10}", "name", "spans", "running", "polls")?;
        for title in ["busy", "idle", "longest poll", "longest"] {
            write!(f, " {title:>14}")?;
        }
        for row in &self.names {
            let NameSummary { name, spans, running, polls, .. } = row;
            write!(f, "\n{name:width$} {spans:>9} {running:>9} {polls:>10}")?;
            for time in [row.busy, row.idle, row.longest_poll, row.longest] {
                write!(f, " {:>14}", format!("{time:.3?}"))?;
            }
        }
        Ok(())
    }
}
