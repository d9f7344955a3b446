use std::fmt;
use std::panic::Location;

use super::{Capability, Host};
use crate::JoinError;

/// One thing that must hold of every runtime: its name, and what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    name: &'static str,
    contract: &'static str,
    needs: &'static [Capability],
}

impl Check {
    /// What it is called: the group that it belongs to, `_`, and what it looks at.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What must hold, in one sentence.
    pub const fn contract(&self) -> &'static str {
        self.contract
    }

    /// What the runtime has to be capable of for the check to apply.
    pub const fn needs(&self) -> &'static [Capability] {
        self.needs
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.contract)
    }
}

/// A check, and how it is done on the runtimes of a host.
pub(super) struct Entry<H> {
    pub(super) check: Check,
    pub(super) run: fn(&H) -> Outcome,
}

/// A check that every runtime can be put to.
pub(super) const fn check<H: Host>(
    name: &'static str,
    contract: &'static str,
    run: fn(&H) -> Outcome,
) -> Entry<H> {
    Entry { check: Check { name, contract, needs: &[] }, run }
}

impl<H> Entry<H> {
    pub(super) const fn needs(mut self, needs: &'static [Capability]) -> Self {
        self.check.needs = needs;
        self
    }
}

pub(super) type Outcome<T = ()> = Result<T, Reason>;

/// Why a check failed, and where in it.
#[derive(Debug)]
pub(super) struct Reason(String);

impl Reason {
    #[track_caller]
    pub(super) fn new(why: impl fmt::Display) -> Self {
        Self::at(Location::caller(), why)
    }

    pub(super) fn at(place: &Location<'_>, why: impl fmt::Display) -> Self {
        Self(format!("{why} ({}:{})", place.file(), place.line()))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a check awaits a task with `?`, the task had to end with a value.
impl From<JoinError> for Reason {
    #[track_caller]
    fn from(error: JoinError) -> Self {
        Self::new(format_args!("in place of a value: {error}"))
    }
}

/// Ends the check with a reason, unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        // Negated as a whole: comparisons that are false on purpose stay readable.
        if !($holds) {
            return Err($crate::conformance::check::Reason::new(format_args!($($why)+)));
        }
    };
}

pub(super) use ensure;
