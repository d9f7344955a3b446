//! The contest itself: sides, rounds, medians, verdicts, and how they are told.

mod aim;
mod contest;
mod json;
mod overview;
mod record;
mod report;
mod rounds;
mod side;
mod stats;
mod table;

pub(crate) use self::aim::{Aim, Bound};
pub(crate) use self::contest::Contest;
pub(crate) use self::json::to_json;
pub(crate) use self::overview::Overview;
pub(crate) use self::record::Record;
pub(crate) use self::report::{Failure, Report};
pub(crate) use self::rounds::{Effort, run};
pub(crate) use self::side::{
    BoxError, Operation, Outcome, Side, Unit, counted_within, timed, timed_on, timed_within,
};
pub(crate) use self::table::Tables;
