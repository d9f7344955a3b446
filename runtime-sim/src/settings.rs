use mtaio_runtime::Instant;

use crate::{Faults, Schedule};

/// What is the same for each run of an exploration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) schedule: Schedule,
    pub(crate) faults: Faults,
    pub(crate) max_polls: u64,
    pub(crate) max_time: Instant,
    pub(crate) rescue_before_time: bool,
    pub(crate) allow_leaks: bool,
    pub(crate) allow_foreign_wakes: bool,
    pub(crate) allow_stale_wakers: bool,
}

impl Settings {
    pub(crate) const fn new() -> Self {
        Self {
            schedule: Schedule::Random,
            faults: Faults::new(),
            max_polls: 10_000_000,
            max_time: Instant::MAX,
            rescue_before_time: false,
            allow_leaks: false,
            allow_foreign_wakes: false,
            allow_stale_wakers: false,
        }
    }
}
