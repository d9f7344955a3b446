use std::fmt;

use super::aim::Aim;
use super::side::Unit;
use super::stats::Summary;

/// What a contest came to against one peer.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) group: &'static str,
    pub(crate) contest: String,
    pub(crate) peer: &'static str,
    pub(crate) unit: Unit,
    pub(crate) ours: Summary,
    pub(crate) theirs: Summary,
    /// Of the medians; `None` for allocations, and where the peer's is zero.
    pub(crate) ratio: Option<f64>,
    /// Of the single rounds.
    pub(crate) ratios: Option<Summary>,
    /// Of the processor time that all rounds took; `None` where it can't be told.
    pub(crate) cpu: Option<f64>,
    pub(crate) aim: Aim,
}

impl Row {
    /// Whether the aim is met; `None` where there is none.
    pub(crate) fn is_met(&self) -> Option<bool> {
        self.aim.is_met(self.ours.median, self.theirs.median)
    }

    /// Whether it is a gate that is not met.
    pub(crate) fn fails(&self) -> bool {
        self.aim.is_gate() && self.is_met() != Some(true)
    }
}

/// A contest that gave no figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) contest: String,
    pub(crate) reason: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.contest, self.reason)
    }
}

/// All that a run came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    pub(crate) failures: Vec<Failure>,
}

impl Report {
    /// Adds what one contest came to.
    pub(crate) fn add(&mut self, result: Result<Vec<Row>, Failure>) {
        match result {
            Ok(rows) => self.rows.extend(rows),
            Err(failure) => self.failures.push(failure),
        }
    }

    /// The gates that are not met.
    pub(crate) fn missed_gates(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.fails())
    }
}
