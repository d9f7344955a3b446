use std::fmt;

use super::Check;

/// What came of a [`Suite`](super::Suite) on the runtimes of one host: a verdict a check.
///
/// Its `Display` is what [`Suite::verify`](super::Suite::verify) panics with.
#[derive(Clone, Debug)]
pub struct Report {
    host: &'static str,
    verdicts: Vec<(Check, Verdict)>,
}

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Passed,
    /// It does not hold, for this reason.
    Failed(String),
    /// It can't be asked of this runtime, for the reason that the host gave.
    NotApplicable(String),
}

impl Report {
    pub(super) const fn new(host: &'static str, verdicts: Vec<(Check, Verdict)>) -> Self {
        Self { host, verdicts }
    }

    /// Whether no check failed.
    pub fn conforms(&self) -> bool {
        self.failed().next().is_none()
    }

    /// All the checks, with what came of each, in the order in which they ran.
    pub fn verdicts(&self) -> impl Iterator<Item = (Check, &Verdict)> {
        self.verdicts.iter().map(|(check, verdict)| (*check, verdict))
    }

    /// What came of the check called `name`; `None` if it was not asked for.
    pub fn verdict(&self, name: &str) -> Option<&Verdict> {
        self.verdicts().find(|(check, _)| check.name() == name).map(|(_, verdict)| verdict)
    }

    /// The checks that hold.
    pub fn passed(&self) -> impl Iterator<Item = Check> {
        self.verdicts().filter(|(_, verdict)| **verdict == Verdict::Passed).map(|(check, _)| check)
    }

    /// The checks that do not hold, and why.
    pub fn failed(&self) -> impl Iterator<Item = (Check, &str)> {
        self.verdicts().filter_map(|(check, verdict)| match verdict {
            Verdict::Failed(reason) => Some((check, reason.as_str())),
            Verdict::Passed | Verdict::NotApplicable(_) => None,
        })
    }

    /// The checks that can't be asked of this runtime, and why.
    pub fn not_applicable(&self) -> impl Iterator<Item = (Check, &str)> {
        self.verdicts().filter_map(|(check, verdict)| match verdict {
            Verdict::NotApplicable(reason) => Some((check, reason.as_str())),
            Verdict::Passed | Verdict::Failed(_) => None,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "conformance of {}: {} passed, {} failed, {} not applicable",
            self.host,
            self.passed().count(),
            self.failed().count(),
            self.not_applicable().count(),
        )?;
        for (check, reason) in self.failed() {
            write!(f, "\n  {} FAILED", check.name())?;
            write!(f, "\n    must hold: {}", check.contract())?;
            write!(f, "\n    but: {}", reason.replace('\n', "\n      "))?;
        }
        for (check, reason) in self.not_applicable() {
            write!(f, "\n  {} is not applicable: {reason}", check.name())?;
        }
        Ok(())
    }
}
